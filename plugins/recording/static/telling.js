// SPDX-License-Identifier: Apache-2.0
// What is said of a recording, in words: states, lengths and sizes. Draws nothing.

/** `1:02:03`, or `2:03` below an hour. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `38 MB` */
export function size(bytes) {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const amount = bytes / 1000 ** power;
  const shown = new Intl.NumberFormat(undefined, { maximumFractionDigits: amount < 10 && power > 0 ? 1 : 0 });
  return `${shown.format(amount)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

/** For the mark beside a title. */
export function stateOf({ state, paused, percent }) {
  if (state === "RECORDING") return paused ? { text: "Paused", kind: "paused" } : { text: "Recording", kind: "on" };
  if (state === "PROCESSING") return { text: `Processing ${percent} %`, kind: "" };
  if (state === "FAILED") return { text: "Failed", kind: "failed" };
  return { text: "Ready", kind: "ready" };
}

/** What a viewer reads; `isShown`: the picture can be seen. */
export function sentenceOf({ state, paused, behind, problem, duration, started_at }, isShown) {
  if (state === "RECORDING" && paused) return "The recording is paused.";
  if (state === "RECORDING" && !isShown) return "The class is being recorded. Its picture comes here in some seconds.";
  if (state === "RECORDING") return "The class is still on. You see it some seconds later, and can go back to its beginning.";
  if (state === "PROCESSING") return problem ? "Finishing the film takes longer than usual. It goes on by itself." : soon(behind);
  if (state === "FAILED") return `The film could not be made${problem ? ` (${problem})` : ""}. What was recorded is kept.`;
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" }).format(new Date(started_at));
  return duration === null ? day : `${day} · ${clock(duration)}`;
}

function soon(behind) {
  return behind < 20 ? "The class is over. The whole film will be here in a few seconds." : "The class is over. The film is being finished.";
}
