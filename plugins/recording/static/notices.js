// SPDX-License-Identifier: Apache-2.0
// What people are told: that they are recorded, which stays until they have closed it (but for those who lead, who record
// them); that it is paused, goes on or has ended; and, those who lead, what became of the film.

import { openLink } from "./links.js";

const LEADING = ["instructor", "assistant"];

export function tellOfChanges(room, state) {
  let notice = null;

  function tell(text, options) {
    notice?.close();
    notice = text === "" ? null : room.notify(text, options?.sticky ? [{ label: "OK", run() {} }] : [], options);
  }

  state.addEventListener("change", ({ detail: { before, now } }) => {
    if (now === null || before === now) return;
    const [was, is] = [before?.state ?? "off", now.state];
    const isAnother = is !== "off" && before?.recording_id !== now.recording_id;
    if (isAnother) tell(now.notice, { sticky: !state.leads });
    else if (was === "recording" && is === "paused") tell("The recording is paused. Nothing is kept until it goes on.");
    else if (was === "paused" && is === "recording") tell("The recording goes on.");
    else if (was !== "off" && is === "off") tell("This class is not being recorded any more.");
    const isNewProblem = now.problem !== null && before?.problem?.code !== now.problem.code;
    if (isNewProblem && state.leads) room.notify(`The recording has a problem: ${now.problem.message}`, [], { sticky: true });
  });
}

/** To those who lead, once for each film and way it ended. */
export function tellOfFilms(room) {
  const told = new Set();
  room.on("RecordingProgress", ({ recording_id, state }) => {
    const key = `${recording_id} ${state}`;
    if (!LEADING.includes(room.role) || told.has(key)) return;
    told.add(key);
    const watch = { label: "Watch", run: () => openLink(room, recording_id, ({ watch_url }) => watch_url) };
    if (state === "AVAILABLE") room.notify("The recording of this class is ready.", [watch]);
    if (state === "FAILED") room.notify("The film of this class could not be made. What was recorded is kept.", [], { sticky: true });
  });
}
