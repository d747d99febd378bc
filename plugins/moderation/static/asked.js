// SPDX-License-Identifier: Apache-2.0
// What those who lead do to oneself: one is told, and asked. Only one's own click opens a device.

const TURN_ON = {
  microphone: { what: "turn on your microphone", label: "Turn on", open: (podium) => podium.setMicrophone(true) },
  camera: { what: "turn on your camera", label: "Turn on", open: (podium) => podium.setCamera(true) },
  screen: { what: "share your screen", label: "Share", open: (podium) => podium.setScreen(true) },
};
const MUTED = {
  microphone: "You were muted by the instructor.",
  camera: "Your camera was switched off by the instructor.",
};

export function listenToModerators({ room }) {
  const { podium } = room;
  const questions = new Map();
  /** The source of which the page has just told by itself, because it was on. */
  let told = null;

  function close(source) {
    questions.get(source)?.close();
    questions.delete(source);
  }

  function ask({ source, asked_by }) {
    close(source);
    if (podium.isOn(source)) return;
    const { what, label, open } = TURN_ON[source];
    const text = asked_by ? `${asked_by} asks you to ${what}.` : `You are asked to ${what}.`;
    const actions = [{ label, run: () => open(podium) }, { label: "Not now", run() {} }];
    questions.set(source, room.notify(text, actions, { sticky: true }));
  }

  function hear({ participant_id, source, blocked }) {
    if (participant_id !== podium.participantId) return;
    const isTold = told === source;
    told = null;
    if (!blocked) return;
    close(source);
    if (!isTold && MUTED[source]) room.notify(MUTED[source]);
  }

  room.on("UnmuteAsked", ask);
  room.on("switchedoff", ({ source, error }) => {
    if (error.code === "blocked") told = source;
  });
  room.on("TrackBlocked", hear);
  room.on("change", () => {
    for (const source of questions.keys()) if (podium.isOn(source)) close(source);
  });
}
