// SPDX-License-Identifier: Apache-2.0
// The recordings of the class, the newest first, for whom the host lists them. Asked for again when something has
// happened, and every few seconds while one of them is being made; rows stay, so that neither focus nor menu is lost.

import { make } from "./elements.js";
import { Row } from "./row.js";
import { asSentence } from "./switches.js";

const AGAIN = 4000; // milliseconds
const SOON = 300;
const UNFINISHED = ["RECORDING", "PROCESSING"];
const MAKING = ["wanted", "making"];

/** @returns {() => void} stops asking */
export function showList(root, room, state) {
  const list = make("ul", { className: "recording-list" });
  const more = make("button", { type: "button", textContent: "Earlier recordings", hidden: true });
  const failure = make("p", { className: "error" });
  const head = make("h2", { textContent: "Recordings" });
  const section = make("section", { className: "recording-kept", hidden: true }, head, failure, list, more);
  root.append(section);
  /** @type {Map<string, Row>} */
  const rows = new Map();
  let timer = 0;
  let ended = false;
  let asking = false;
  let pages = 1;

  function askIn(milliseconds) {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(ask, milliseconds);
  }

  async function ask() {
    if (asking || room.podium.state !== "connected") return askIn(AGAIN);
    asking = true;
    try {
      show(await read());
      failure.textContent = "";
    } catch (error) {
      if (error.code !== "disconnected") refuse(error);
    } finally {
      asking = false;
    }
    const isUnfinished = [...rows.values()].some(({ info }) => UNFINISHED.includes(info.state) || MAKING.includes(info.tracks));
    if (isUnfinished) askIn(AGAIN);
  }

  async function read() {
    const found = [];
    let next = null;
    for (let page = 0; page < pages && (page === 0 || next !== null); page += 1) {
      const answer = await room.call("ListRecordings", { session_id: room.sessionId, before: next });
      found.push(...answer.recordings);
      next = answer.next;
    }
    return { found, isMore: next !== null };
  }

  function show({ found, isMore }) {
    const ids = new Set(found.map(({ recording_id }) => recording_id));
    for (const [id, row] of rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    found.forEach((info, place) => {
      const row = rows.get(info.recording_id) ?? new Row(room, state, () => askIn(SOON));
      rows.set(info.recording_id, row);
      row.update(info);
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    });
    section.hidden = rows.size === 0;
    more.hidden = !isMore;
  }

  /** Not everybody may have the list. */
  function refuse(error) {
    const isRefused = error.code.includes("forbidden") || error.code.startsWith("not_");
    section.hidden = isRefused && rows.size === 0;
    failure.textContent = isRefused ? "" : asSentence(error.message);
  }

  const stopHearing = room.on("RecordingProgress", (event) => {
    const row = rows.get(event.recording_id);
    if (row !== undefined && row.info.state === event.state && UNFINISHED.includes(event.state)) row.update({ ...row.info, ...event });
    else askIn(SOON);
  });
  const changed = () => askIn(SOON);
  state.addEventListener("change", changed);
  more.addEventListener("click", () => {
    pages += 1;
    ask();
  });
  ask();
  return () => {
    ended = true;
    clearTimeout(timer);
    stopHearing();
    state.removeEventListener("change", changed);
  };
}
