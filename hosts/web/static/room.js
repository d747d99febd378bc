// SPDX-License-Identifier: Apache-2.0
// The page of one room: lobby, waiting, classroom, farewell. Everything about media and the host is in podium.js;
// everything about tiles in tiles.js; the panels of plugins in panels.js.

import { Controls } from "./controls.js";
import { farewellTo } from "./farewells.js";
import { Indicators } from "./indicators.js";
import { rememberedName, rememberedSelf, rememberName, rememberSelf } from "./memory.js";
import { Notices } from "./notices.js";
import { Panels } from "./panels.js";
import { openDevice, Podium, PodiumError } from "./podium.js";
import { Tiles } from "./tiles.js";

const SOURCES = ["microphone", "camera", "screen"];
const element = (id) => document.getElementById(id);
const sessionId = decodeURIComponent(location.pathname.split("/").at(-1));
const query = new URLSearchParams(location.search);
const podium = new Podium();
const tiles = new Tiles(element("tiles"), podium);
const notices = new Notices(element("notices"), (error) => toast(error.message));
const controls = new Controls(element("open-panels"), (error) => toast(error.message));
const indicators = new Indicators(element("indicators"));
new Panels(podium, { controls, indicators, notices, tiles }, {
  bar: element("side-bar"),
  tabs: element("panel-tabs"),
  places: element("panel-places"),
  opener: element("open-panels"),
  closer: element("close-panels"),
});

/** For the console and for tests. */
globalThis.podium = podium;

/** Waiting is a part of the lobby: one goes on seeing oneself. */
function showPage(name) {
  element("lobby").hidden = name !== "lobby" && name !== "waiting";
  element("join-form").hidden = name === "waiting";
  element("waiting").hidden = name !== "waiting";
  element("classroom").hidden = name !== "classroom";
  element("farewell").hidden = name !== "farewell";
}

/* Lobby */

/** Open what was not opened yet; what fails is said in the form, and one joins without it. */
async function openForPreview(device) {
  try {
    podium.local[device] = await openDevice(device);
  } catch (error) {
    element("device-note").textContent += `${error.message} `;
  }
  renderLobby();
}

function renderLobby() {
  const camera = podium.isOn("camera") ? podium.local.camera : null;
  const preview = element("preview");
  if ((preview.srcObject?.getTracks()[0] ?? null) !== camera) preview.srcObject = camera && new MediaStream([camera]);
  element("preview-note").textContent = camera ? "" : "Your camera is off";
  element("lobby-camera").setAttribute("aria-pressed", Boolean(camera));
  element("lobby-microphone").setAttribute("aria-pressed", podium.isOn("microphone"));
}

async function toggleInLobby(switchDevice) {
  element("device-note").textContent = "";
  try {
    await switchDevice();
  } catch (error) {
    element("device-note").textContent = error.message;
  }
  renderLobby();
}

async function enterLobby() {
  showPage("lobby");
  document.title = `${sessionId} · Podium`;
  for (const id of ["session-name", "room-title", "waiting-session"]) element(id).textContent = sessionId;
  element("name").value ||= query.get("name") ?? rememberedName();
  (element("name").value ? element("join") : element("name")).focus();
  await openForPreview("camera");
  await openForPreview("microphone");
}

async function join(event) {
  event.preventDefault();
  const displayName = element("name").value.trim();
  element("join").disabled = true;
  element("join-error").textContent = "";
  try {
    const { token, role } = Object.fromEntries(query);
    const self = rememberedSelf(sessionId, token);
    tiles.ownName = displayName;
    await podium.join({ sessionId, displayName, token, role, ...self });
    rememberName(displayName);
  } catch (error) {
    element("join-error").textContent = error instanceof PodiumError ? error.message : `Joining failed: ${error.message}`;
  } finally {
    element("join").disabled = false;
  }
}

/* Waiting and entering */

function follow() {
  if (podium.state === "waiting" || podium.state === "connected") rememberSelf(sessionId, query.get("token") ?? undefined, podium);
  if (podium.state === "waiting" && element("waiting").hidden) showWaiting();
  if (podium.state === "connected" && element("classroom").hidden) showClassroom();
}

function showWaiting() {
  showPage("waiting");
  renderLobby();
  document.title = `Waiting · ${sessionId} · Podium`;
  element("waiting-title").focus();
}

function showClassroom() {
  const waited = !element("waiting").hidden;
  showPage("classroom");
  document.title = `${sessionId} · Podium`;
  if (waited) announce("You were let in");
  render();
}

function renderWaiting() {
  element("waiting-message").textContent = podium.waitingMessage ?? "";
  element("waiting-note").textContent = podium.state === "reconnecting" ? "The connection was lost. Reconnecting …" : "";
}

/* Classroom */

let renderPending = false;

function renderSoon() {
  if (renderPending) return;
  renderPending = true;
  requestAnimationFrame(() => {
    renderPending = false;
    render();
    if (!element("waiting").hidden) renderWaiting();
  });
}

function render() {
  if (element("classroom").hidden) return;
  tiles.render();
  const people = podium.participants.size + 1;
  element("people-count").textContent = people === 1 ? "Only you" : `${people} people`;
  SOURCES.forEach(renderSwitch);
  element("banner").hidden = podium.state !== "reconnecting";
  element("banner").textContent = podium.state === "reconnecting" ? "The connection was lost. Reconnecting …" : "";
}

/** What the host blocks stays a button that says so; what a guard makes unavailable is none until it is on. */
function renderSwitch(source) {
  const button = element(source);
  const on = Boolean(podium.isOn(source));
  const reason = on ? null : podium.unavailable(source);
  const blocked = reason !== null && podium.blocked.has(source);
  button.dataset.title ??= button.title;
  button.setAttribute("aria-pressed", on);
  button.title = reason ?? button.dataset.title;
  button.disabled = reason !== null && !blocked;
  if (blocked) button.setAttribute("aria-disabled", true);
  else button.removeAttribute("aria-disabled");
}

const toggling = new Set();

async function toggle(source) {
  const on = !podium.isOn(source);
  const reason = on ? podium.unavailable(source) : null;
  if (reason) return say(reason);
  if (toggling.has(source)) return; // the browser asks still
  toggling.add(source);
  try {
    if (source === "microphone") await podium.setMicrophone(on);
    else if (source === "camera") await podium.setCamera(on);
    else await podium.setScreen(on);
  } catch (error) {
    if (source !== "screen" || error.code !== "denied") toast(error.message); // closing the picker is no error
  } finally {
    toggling.delete(source);
  }
}

let said = null;

/** One notice of the page's own at a time. */
function say(text) {
  said?.close();
  said = notices.show("page", text);
}

let toastTimer = 0;

function toast(message) {
  const box = element("toast");
  box.textContent = message;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (box.hidden = true), 6000);
}

function announce(message) {
  element("announcer").textContent = message;
}

function farewell({ reason, message }) {
  if (element("classroom").hidden && element("waiting").hidden) return;
  const [title, text] = farewellTo(reason, message);
  element("farewell-title").textContent = title;
  element("farewell-reason").textContent = text;
  showPage("farewell");
  document.title = `${sessionId} · Podium`;
  notices.forget("page");
  element("rejoin").focus();
}

/* Wiring */

const names = new Map();
podium.addEventListener("change", renderSoon);
podium.addEventListener("state", follow);
podium.addEventListener("left", ({ detail }) => farewell(detail));
podium.addEventListener("switchedoff", ({ detail: { error, guarded } }) => {
  if (!guarded || error.code !== "blocked") say(error.message); // whoever guards it knows why it is blocked
});
podium.addEventListener("audioblocked", () => (element("hear").hidden = false));
podium.addEventListener("ParticipantJoined", ({ detail }) => {
  names.set(detail.participant.participant_id, detail.participant.display_name);
  announce(`${detail.participant.display_name} joined`);
});
podium.addEventListener("ParticipantLeft", ({ detail }) => announce(`${names.get(detail.participant_id) ?? "Somebody"} left`));

element("join-form").addEventListener("submit", join);
element("lobby-camera").addEventListener("click", () => toggleInLobby(() => podium.setCamera(!podium.isOn("camera"))));
element("lobby-microphone").addEventListener("click", () => toggleInLobby(() => podium.setMicrophone(!podium.isOn("microphone"))));
element("leave").addEventListener("click", () => podium.leave());
element("stop-waiting").addEventListener("click", () => podium.leave());
element("rejoin").addEventListener("click", enterLobby);
element("hear").addEventListener("click", async () => {
  await podium.resumeAudio();
  element("hear").hidden = true;
});
for (const source of SOURCES) element(source).addEventListener("click", () => toggle(source));
document.addEventListener("keydown", (event) => {
  const source = { KeyM: "microphone", KeyC: "camera", KeyS: "screen" }[event.code];
  if (!event.altKey || event.ctrlKey || event.metaKey || !source || element("classroom").hidden) return;
  event.preventDefault();
  toggle(source);
});
addEventListener("pagehide", () => podium.leave());

enterLobby();
