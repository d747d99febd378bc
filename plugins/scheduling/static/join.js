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

function dates(status, timeZone) {
  const day = { dateStyle: "full", timeStyle: "short", timeZone };
  const [start, end] = [new Date(status.starts_at), new Date(status.ends_at)];
  return new Intl.DateTimeFormat(undefined, day).formatRange(start, end);
}

function show({ status, canJoin, remaining, problem }) {
  element("problem").textContent = problem;
  element("join").disabled = !canJoin;
  if (status === null) return;
  const words = sentence({ status, remaining });
  if (status.refusal !== "too_early" && element("news").textContent !== words) element("news").textContent = words;
  element("countdown").textContent = words;
  document.title = status.title;
  element("title").textContent = status.title;
  element("instructor").textContent = `with ${status.instructor}`;
  element("time").dateTime = status.starts_at;
  element("time").textContent = dates(status);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const theirs = status.time_zone === own ? "" : dates(status, status.time_zone);
  element("class-time").textContent =
    theirs && theirs !== dates(status) ? `${theirs} (${status.time_zone})` : "";
}

const waiting = new Waiting({ ask, after, show, now: () => Date.now(), go: (path) => location.assign(path) });

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
