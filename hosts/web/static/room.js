// SPDX-License-Identifier: Apache-2.0
// The page of one room: lobby, classroom, farewell. Everything about media and the host is in podium.js; everything about
// tiles in tiles.js; the panels of plugins in panels.js.

import { Panels } from "./panels.js";
import { openDevice, Podium, PodiumError } from "./podium.js";
import { Tiles } from "./tiles.js";

const element = (id) => document.getElementById(id);
const sessionId = decodeURIComponent(location.pathname.split("/").at(-1));
const query = new URLSearchParams(location.search);
const podium = new Podium();
const tiles = new Tiles(element("tiles"), podium);
new Panels(podium, {
  bar: element("side-bar"),
  tabs: element("panel-tabs"),
  places: element("panel-places"),
  opener: element("open-panels"),
  closer: element("close-panels"),
});

const FAREWELLS = {
  left: ["You have left", ""],
  replaced: ["You joined elsewhere", "The same participant has joined from another window or device."],
  room_full: ["The room is full", ""],
  session_unknown: ["There is no such session", "Check the link that you were sent."],
  token_expired: ["Your link has expired", "Ask for a new one."],
  token_invalid: ["Your link is not valid", "Check the link that you were sent, or ask for a new one."],
  room_closed: ["The class is over", ""],
};

/** For the console and for tests. */
globalThis.podium = podium;

function showPage(name) {
  for (const page of ["lobby", "classroom", "farewell"]) element(page).hidden = page !== name;
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
  preview.srcObject = camera && new MediaStream([camera]);
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
  element("session-name").textContent = sessionId;
  element("room-title").textContent = sessionId;
  element("name").value ||= query.get("name") ?? storedName();
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
    await podium.join({ sessionId, displayName, token, role });
    rememberName(displayName);
    tiles.ownName = displayName;
    showPage("classroom");
    render();
  } catch (error) {
    element("join-error").textContent = error instanceof PodiumError ? error.message : `Joining failed: ${error.message}`;
  } finally {
    element("join").disabled = false;
  }
}

function storedName() {
  try {
    return localStorage.getItem("podium.name") ?? "";
  } catch {
    return ""; // storage may be forbidden; then names are typed
  }
}

function rememberName(name) {
  try {
    localStorage.setItem("podium.name", name);
  } catch {
    // as above
  }
}

/* Classroom */

let renderPending = false;

function renderSoon() {
  if (renderPending) return;
  renderPending = true;
  requestAnimationFrame(() => {
    renderPending = false;
    render();
  });
}

function render() {
  if (element("classroom").hidden) return;
  tiles.render();
  const people = podium.participants.size + 1;
  element("people-count").textContent = people === 1 ? "Only you" : `${people} people`;
  for (const source of ["microphone", "camera", "screen"]) {
    element(source).setAttribute("aria-pressed", Boolean(podium.isOn(source)));
  }
  element("banner").hidden = podium.state !== "reconnecting";
  element("banner").textContent = podium.state === "reconnecting" ? "The connection was lost. Reconnecting …" : "";
}

async function toggle(source) {
  const on = !podium.isOn(source);
  try {
    if (source === "microphone") await podium.setMicrophone(on);
    else if (source === "camera") await podium.setCamera(on);
    else await podium.setScreen(on);
  } catch (error) {
    if (source !== "screen" || error.code !== "denied") toast(error.message); // closing the picker is no error
  }
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

function farewell(reason) {
  if (element("classroom").hidden) return;
  const [title, text] = FAREWELLS[reason] ?? ["The connection has ended", `Reason: ${reason}.`];
  element("farewell-title").textContent = title;
  element("farewell-reason").textContent = text;
  showPage("farewell");
  element("rejoin").focus();
}

/* Wiring */

const names = new Map();
podium.addEventListener("change", renderSoon);
podium.addEventListener("left", ({ detail }) => farewell(detail.reason));
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
element("rejoin").addEventListener("click", enterLobby);
element("hear").addEventListener("click", async () => {
  await podium.resumeAudio();
  element("hear").hidden = true;
});
for (const source of ["microphone", "camera", "screen"]) {
  element(source).addEventListener("click", () => toggle(source));
}
document.addEventListener("keydown", (event) => {
  const source = { KeyM: "microphone", KeyC: "camera", KeyS: "screen" }[event.code];
  if (!event.altKey || event.ctrlKey || event.metaKey || !source || element("classroom").hidden) return;
  event.preventDefault();
  toggle(source);
});
addEventListener("pagehide", () => podium.leave());

enterLobby();
