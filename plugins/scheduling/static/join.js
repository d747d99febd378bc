// SPDX-License-Identifier: Apache-2.0
// The page behind a personal link: puts `Waiting` on the screen, and the person into the room.

import { Waiting, sentence } from "./waiting.js";

const element = (id) => document.getElementById(id);
const sessionId = location.pathname.split("/").at(-1);
const invitation = new URLSearchParams(location.search).get("invitation") ?? "";

async function ask(operation, fields) {
  const response = await fetch(`/api/sessions/${encodeURIComponent(sessionId)}/${operation}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ invitation, ...fields }),
  }).catch(() => {
    throw { code: "offline", message: "There is no connection to the server; trying again." };
  });
  const body = await response.json().catch(() => ({ code: "unreadable", message: "The server does not answer as it should." }));
  if (!response.ok) throw body;
  return body;
}

function after(milliseconds, callback) {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

function times(status, timeZone) {
  const range = [new Date(status.starts_at), new Date(status.ends_at)];
  const [day, hours] = [{ dateStyle: "full" }, { timeStyle: "short" }].map((style) =>
    new Intl.DateTimeFormat(undefined, { ...style, timeZone }).formatRange(...range),
  );
  return { day, hours };
}

// In the person's own time, and in that of the class where clocks there show another.
function showTimes(status) {
  const [own, there] = [times(status), times(status, status.time_zone)];
  const isElsewhere = own.day !== there.day || own.hours !== there.hours;
  const thereInFull = own.day === there.day ? there.hours : `${there.day}, ${there.hours}`;
  element("time").dateTime = status.starts_at;
  element("day").textContent = own.day;
  element("hours").textContent = isElsewhere ? `${own.hours} your time` : own.hours;
  element("class-time").textContent = isElsewhere ? `${thereInFull} (${status.time_zone})` : "";
}

// The server's messages are made to be quoted: `this class is full`.
function asSentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

let shown = null;

function show(view) {
  const { status, canJoin, isOff, problem } = view;
  element("problem").textContent = asSentence(problem);
  element("join").disabled = !canJoin;
  element("join").hidden = isOff;
  element("hint").hidden = isOff || status?.refusal !== "too_early";
  if (status === null) return;
  const words = sentence(view);
  if (status.refusal !== "too_early" && element("news").textContent !== words) element("news").textContent = words;
  element("countdown").textContent = words;
  element("countdown").classList.toggle("off", isOff);
  if (status !== shown) showClass(status);
}

// What does not change from second to second.
function showClass(status) {
  document.title = status.title;
  element("title").textContent = status.title;
  element("instructor").textContent = `with ${status.instructor}`;
  showTimes(status);
  const isMoved = shown?.occurrence === status.occurrence && shown.starts_at !== status.starts_at;
  if (isMoved) element("moved").textContent = "This class has been moved to another time.";
  shown = status;
}

// The token says who this is; the name saves them from typing it in the lobby.
function go({ path, display_name: name }) {
  const room = new URL(path, location.href);
  room.searchParams.set("name", name);
  location.assign(room);
}

const waiting = new Waiting({ ask, after, show, now: () => Date.now(), go });

element("join").addEventListener("click", () => {
  element("join").disabled = true;
  waiting.join();
});
// Timers stop in tabs that are not seen and in machines that sleep.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && waiting.status !== null) waiting.look().catch((error) => waiting.fail(error));
});
// Somebody who comes back from the room by the browser's back button finds the page as it was left.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

waiting.run();
