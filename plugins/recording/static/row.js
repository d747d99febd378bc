// SPDX-License-Identifier: Apache-2.0
// One recording in the list: how far it is, and what can be done with it.

import { make } from "./elements.js";
import { openLink } from "./links.js";
import { asSentence } from "./switches.js";
import { clock, size, stateOf } from "./telling.js";

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const SOURCES = { microphone: "microphone", camera: "camera", screen: "screen" };

export class Row {
  element = make("li", { className: "recording-row" });
  /** The answer of the host that is shown. */
  info = null;
  #room;
  #state;
  #changed;
  #when = make("b");
  #mark = make("span", { className: "recording-state" });
  #facts = make("p", { className: "muted" });
  #progress = make("progress", { max: 100, hidden: true });
  #problem = make("p", { className: "error" });
  #failure = make("p", { className: "error" });
  #watch;
  #download;
  #separate;
  #delete;
  #note = make("p", { className: "muted" });
  #tracks = make("details", { hidden: true });
  #shownTracks = "";

  /**
   * @param {object} room
   * @param {import("./state.js").ClassState} state
   * @param {() => void} changed the list has to be asked for again
   */
  constructor(room, state, changed) {
    [this.#room, this.#state, this.#changed] = [room, state, changed];
    this.#failure.setAttribute("role", "alert");
    this.#watch = this.#button("Watch", () => this.#open(({ watch_url }) => watch_url), "primary");
    this.#download = this.#button("Download", () => this.#open(({ download_url }) => download_url));
    this.#separate = this.#button("Separate tracks", () => this.#ask("MakeTracks"));
    this.#delete = this.#deleteButton();
    const head = make("div", { className: "recording-head" }, this.#when, this.#mark);
    const buttons = make("div", { className: "recording-buttons" }, this.#watch, this.#download, this.#separate, this.#delete);
    this.element.append(head, this.#facts, this.#progress, this.#problem, buttons, this.#note, this.#tracks, this.#failure);
  }

  update(info) {
    this.info = info;
    const { leads } = this.#state;
    const mark = stateOf(info);
    write(this.#when, WHEN.format(new Date(info.started_at)));
    write(this.#mark, mark.text);
    this.#mark.className = `recording-state ${mark.kind}`;
    write(this.#facts, facts(info));
    this.#progress.hidden = info.state !== "PROCESSING";
    this.#progress.value = info.percent;
    write(this.#problem, info.problem === null ? "" : asSentence(info.problem.message));
    this.#watch.hidden = !info.watch_url;
    this.#download.hidden = !info.download_url;
    this.#delete.hidden = this.#room.role !== "instructor" || info.state === "RECORDING";
    this.#updateTracks(info, leads);
  }

  #updateTracks({ tracks, track_list: list, state }, leads) {
    const isMaking = tracks === "wanted" || tracks === "making";
    this.#separate.hidden = !leads || state === "RECORDING" || !["none", "failed"].includes(tracks);
    const notes = { failed: "The separate tracks could not be made.", none: "" };
    write(this.#note, isMaking ? "The separate tracks are being made." : notes[tracks] ?? "");
    this.#note.hidden = this.#note.textContent === "";
    this.#tracks.hidden = tracks !== "available" || list.length === 0;
    const key = JSON.stringify(list.map(({ url, ...rest }) => rest)); // links are new each time
    if (key === this.#shownTracks) return;
    this.#shownTracks = key;
    const items = list.map((track, number) => {
      const what = track.kind === "audio" && track.source === "screen" ? "sound of the screen" : SOURCES[track.source];
      const text = `${track.display_name || "Somebody"} · ${what} · ${size(track.size)}`;
      return make("li", {}, this.#button(text, () => this.#open((info) => info.track_list[number]?.url)));
    });
    const summary = make("summary", { textContent: `Separate tracks (${list.length})` });
    this.#tracks.replaceChildren(summary, make("ul", { className: "recording-tracks" }, ...items));
  }

  #open(pick) {
    return openLink(this.#room, this.info.recording_id, pick);
  }

  async #ask(operation) {
    await this.#room.call(operation, { recording_id: this.info.recording_id });
    this.#changed();
  }

  #button(text, act, className = "") {
    const button = make("button", { type: "button", textContent: text, className });
    button.addEventListener("click", () => this.#act(button, act));
    return button;
  }

  async #act(button, act) {
    button.disabled = true;
    try {
      await act();
      this.#failure.textContent = "";
    } catch (error) {
      this.#failure.textContent = asSentence(error.message);
    }
    button.disabled = false;
  }

  /** Two clicks delete: the first asks. */
  #deleteButton() {
    const button = make("button", { type: "button", textContent: "Delete" });
    const reset = () => {
      button.classList.remove("asking");
      button.textContent = "Delete";
    };
    button.addEventListener("blur", reset);
    button.addEventListener("click", async () => {
      if (!button.classList.contains("asking")) {
        button.classList.add("asking");
        button.textContent = "Really delete it for good?";
        button.focus(); // Safari does not focus a button that is clicked
        return;
      }
      await this.#act(button, () => this.#ask("DeleteRecording"));
      reset();
    });
    return button;
  }
}

function facts({ state, duration, size: bytes, delete_at: end, behind }) {
  const found = [];
  if (duration !== null) found.push(clock(duration));
  if (bytes !== null) found.push(size(bytes));
  if (state === "PROCESSING" && behind > 20) found.push(`${clock(behind)} of it still to be made`);
  if (end !== null) found.push(`kept until ${DAY.format(new Date(end))}`);
  return found.join(" · ");
}

/** Only where it is another: a selection and a screen reader are not disturbed. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
