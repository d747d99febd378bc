// SPDX-License-Identifier: Apache-2.0
// Screens: asks the host before one's own screen is sent, and shows who shares, who asks and the rules.
//
// What this page does is a courtesy to people; the host keeps the rules, and blocks every screen it has not let.

import { PodiumError } from "/static/podium.js";
import { Sharing } from "./sharing.js";
import { drawPanel } from "./panel.js";

const LEADING = ["instructor", "assistant"];
const REASONS = {
  stopped: (name) => `${name ?? "The instructor"} stopped your screen.`,
  taken_over: (name) => `${name ?? "Somebody"} shares a screen now instead of you.`,
  rules_changed: () => "You may no longer share your screen.",
  not_allowed: () => "You may no longer share your screen.",
};

let sharing = null;
/** Whether one waits for an answer to one's request. */
let asking = false;

/** Called as soon as one is in the room. @returns {() => void} */
export function start(room) {
  sharing = new Sharing(room);
  const guard = room.podium.guard("screen", {
    start: (_track, { hasAudio }) => begin(room, hasAudio),
    stop: () => end(room),
  });
  const requests = new Map();
  sharing.addEventListener("change", () => {
    guard.unavailable = unavailable(room, sharing);
    if (leads(room)) room.badge(sharing.requests.length ? String(sharing.requests.length) : "");
    for (const [id, notice] of requests) {
      if (sharing.requests.some(({ participant_id }) => participant_id === id)) continue;
      notice.close();
      requests.delete(id);
    }
  });
  room.on("ScreenShareStopped", (event) => stopped(room, event));
  room.on("ScreenShareAllowed", ({ participant_id, allowed }) => {
    if (participant_id === room.podium.participantId) answered(room, allowed);
  });
  room.on("ScreenShareRequested", ({ participant_id, display_name }) => {
    requests.get(participant_id)?.close();
    requests.set(participant_id, ask(room, participant_id, display_name));
  });
  sharing.refresh();
  return () => {
    guard.remove();
    sharing.close();
    sharing = null;
  };
}

/** Called when the tab of the panel is opened. */
export function mount(root, room) {
  return drawPanel(root, room, sharing, leads);
}

function leads(room) {
  return LEADING.includes(room.role);
}

/** Why one cannot even try to share; null while trying makes sense. */
function unavailable(room, { rules, others }) {
  if (!rules || leads(room)) return null;
  if (!rules.may_share) return rules.who === "request" ? null : "Only the instructor shares a screen here.";
  const names = others.map(({ display_name }) => display_name).join(", ");
  if (rules.mode === "one" && others.length && rules.takeover === "leaders") return `${names} is sharing a screen.`;
  if (rules.mode === "several" && others.length >= rules.max_shares) return "No more screens can be shared now.";
  return null;
}

/** Nothing is sent before the host has said yes. */
async function begin(room, audio) {
  try {
    await startShare(room, { audio, takeover: false });
  } catch (error) {
    if (error.code === "share_not_allowed") throw await asked(room);
    if (error.code !== "share_active" || !mayReplace(room)) throw error;
    if (!(await confirmed(room, error))) throw new PodiumError("denied", "Your screen is not shared.", "screen");
    await startShare(room, { audio, takeover: true });
  }
}

function mayReplace(room) {
  return leads(room) || sharing.rules?.takeover === "everybody";
}

async function startShare(room, fields) {
  const { share } = await room.call("StartScreenShare", { session_id: room.sessionId, ...fields });
  sharing.own = share.share_id;
  await unblocked(room.podium);
}

/** The host has lifted its block of one's screen; the news of it may come after the answer. */
function unblocked(podium) {
  if (!podium.blocked.has("screen")) return null;
  return new Promise((resolve) => {
    const done = () => {
      if (podium.blocked.has("screen") && podium.state === "connected") return;
      clearTimeout(timer);
      podium.removeEventListener("change", done);
      resolve();
    };
    const timer = setTimeout(resolve, 3000); // somebody else blocks it too; podium.js says so
    podium.addEventListener("change", done);
  });
}

/** @returns {Promise<boolean>} whether one wants to replace who shares now; not answering is no */
function confirmed(room, { message }) {
  return new Promise((resolve) => {
    const names = sharing.others.map(({ display_name }) => display_name).join(", ");
    const question = names ? `Replace the screen of ${names}?` : `${message} Replace it?`;
    const notice = room.notify(
      question,
      [
        { label: "Replace", run: () => settle(true) },
        { label: "Cancel", run: () => settle(false) },
      ],
      { sticky: true },
    );
    const timer = setTimeout(() => settle(false), 30_000);
    function settle(answer) {
      clearTimeout(timer);
      notice.close();
      resolve(answer);
    }
  });
}

/** @returns {Promise<PodiumError>} what to say instead of sharing */
async function asked(room) {
  await room.call("RequestScreenShare", { session_id: room.sessionId });
  asking = true;
  return new PodiumError("asked", "The instructor was asked whether you may share your screen.", "screen");
}

async function end(room) {
  if (!sharing?.own) return;
  sharing.own = null;
  await room.call("StopScreenShare", { session_id: room.sessionId });
}

/** One's own share was ended by somebody else; that of an earlier connection does not matter any more. */
async function stopped(room, { share_id, participant_id, reason, stopped_by }) {
  if (participant_id !== room.podium.participantId || share_id !== sharing.own) return;
  sharing.own = null;
  await room.podium.setScreen(false);
  if (REASONS[reason]) room.notify(REASONS[reason](stopped_by));
}

function answered(room, allowed) {
  const share = { label: "Share my screen", run: () => room.podium.setScreen(true) };
  if (allowed) room.notify("You may share your screen now.", [share]);
  else if (asking) room.notify("You may not share your screen.");
  asking = false;
}

function ask(room, participantId, name) {
  const answer = (allowed) => () =>
    room.call("AllowScreenShare", { session_id: room.sessionId, participant_id: participantId, allowed });
  return room.notify(
    `${name} asks to share a screen.`,
    [
      { label: "Allow", run: answer(true) },
      { label: "Decline", run: answer(false) },
    ],
    { sticky: true },
  );
}
