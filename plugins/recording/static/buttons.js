// SPDX-License-Identifier: Apache-2.0
// The buttons in the toolbar of those who lead: record and stop, pause and resume.

const RECORD = "M12 3.5a8.500 8.500 0 1 0 0 17a8.500 8.500 0 1 0 0-17M12 9a3 3 0 1 0 0 6a3 3 0 1 0 0-6";
const PAUSE = "M9 6.500v11M15 6.500v11";

/** Keep them in line with one's role and the recording. @returns {() => void} stops that */
export function showButtons(room, state) {
  let record = null;
  let pause = null;
  let question = null;

  function draw() {
    const leads = state.leads && state.status !== null;
    if (leads) record ??= room.control({ name: "record", label: "", icon: RECORD, pressed: false, onclick: startOrAsk });
    else {
      record?.remove();
      record = null;
    }
    if (leads && state.state !== "off") pause ??= room.control({ name: "pause", label: "", icon: PAUSE, pressed: false, onclick: pauseOrResume });
    else {
      pause?.remove();
      pause = null;
    }
    if (state.state === "off") question?.close();
    record?.update(state.state === "off" ? { label: "Record the class", pressed: false } : { label: "Stop the recording", pressed: true });
    pause?.update(state.state === "paused" ? { label: "Resume the recording", pressed: true } : { label: "Pause the recording", pressed: false });
  }

  /** To stop is asked once more: it cannot be gone on with. */
  async function startOrAsk() {
    if (state.state === "off") return busy(record, () => state.call("StartRecording"));
    question?.close();
    const stop = { label: "Stop recording", run: () => state.call("StopRecording") };
    question = room.notify("Stop the recording?", [stop, { label: "Go on", run() {} }], { sticky: true });
  }

  function pauseOrResume() {
    return busy(pause, () => state.call(state.state === "paused" ? "ResumeRecording" : "PauseRecording"));
  }

  state.addEventListener("change", draw);
  draw();
  return () => state.removeEventListener("change", draw);
}

/** A second click meanwhile does nothing. */
async function busy(control, act) {
  control.update({ disabled: true });
  try {
    await act();
  } finally {
    control.update({ disabled: false });
  }
}
