// SPDX-License-Identifier: Apache-2.0
// The upper part of the panel: how it is, in words, and for those who lead what they can do about it.

import { make } from "./elements.js";

/** @returns {() => void} stops drawing */
export function showSwitches(root, room, state) {
  const words = make("p");
  const notice = make("p", { className: "muted" });
  const problem = make("p", { className: "error" });
  const tracks = make("input", { type: "checkbox", name: "separate_tracks" });
  const wish = make("label", { className: "recording-wish" }, tracks, "Keep each participant’s sound and picture as files of their own, too");
  const start = button("Start recording", () => state.call("StartRecording", { separate_tracks: tracks.checked }), "primary");
  const pause = button("Pause", () => state.call("PauseRecording"));
  const resume = button("Resume", () => state.call("ResumeRecording"), "primary");
  const stop = button("Stop", () => state.call("StopRecording"));
  const buttons = make("div", { className: "recording-buttons" }, start, resume, pause, stop);
  root.append(make("section", { className: "recording-now" }, words, notice, problem, wish, buttons));

  function button(text, act, className = "") {
    const made = make("button", { type: "button", textContent: text, className });
    made.addEventListener("click", async () => {
      made.disabled = true;
      try {
        await act();
        problem.textContent = "";
      } catch (error) {
        problem.textContent = asSentence(error.message);
      }
      made.disabled = false;
    });
    return made;
  }

  function draw() {
    const { leads, status } = state;
    words.textContent = inWords(status);
    words.classList.toggle("muted", state.state === "off");
    notice.textContent = status?.notice ?? "";
    notice.hidden = notice.textContent === "";
    if (leads && status?.problem) problem.textContent = status.problem.message;
    buttons.hidden = !leads || status === null;
    wish.hidden = buttons.hidden || state.state !== "off";
    start.hidden = state.state !== "off";
    stop.hidden = state.state === "off";
    pause.hidden = state.state !== "recording";
    resume.hidden = state.state !== "paused";
  }

  state.addEventListener("change", draw);
  draw();
  return () => state.removeEventListener("change", draw);
}

function inWords(status) {
  if (status === null) return "…";
  if (status.state === "off") return "This class is not being recorded.";
  if (status.state === "paused") return "The recording is paused: nothing is kept at the moment.";
  const since = new Intl.DateTimeFormat(undefined, { timeStyle: "short" }).format(new Date(status.started_at));
  return `Recording since ${since}.`;
}

/** The host's messages are made to be quoted: `there is no recording`. */
export function asSentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
