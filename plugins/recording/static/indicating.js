// SPDX-License-Identifier: Apache-2.0
// The sign that the class is recorded, in the head of everybody's page, with the time since it began.

import { clock } from "./telling.js";

/** @returns {() => void} takes it away */
export function showIndicator(room, state) {
  let indicator = null;
  let timer = 0;

  function draw() {
    const isOn = state.state !== "off";
    if (isOn) indicator ??= room.indicator({ text: "" });
    else {
      indicator?.remove();
      indicator = null;
    }
    indicator?.update(shown(state));
    clearInterval(timer);
    if (state.state === "recording") timer = setInterval(() => indicator?.update(shown(state)), 1000);
  }

  state.addEventListener("change", draw);
  draw();
  return () => {
    state.removeEventListener("change", draw);
    clearInterval(timer);
    indicator?.remove();
  };
}

function shown({ status, leads }) {
  if (status.state === "paused") {
    return { kind: "plain", text: "REC paused", title: "The recording of this class is paused: nothing is kept at the moment." };
  }
  const since = (Date.now() - Date.parse(status.started_at)) / 1000;
  const text = `REC ${clock(since)}`;
  if (status.problem !== null && leads) return { kind: "warning", text, title: status.problem.message };
  return { kind: "live", text, title: "This class is being recorded." };
}
