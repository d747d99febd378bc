// SPDX-License-Identifier: Apache-2.0
// The page behind a link to a recording: asks how far it is, plays what there is, and shows chapters and chat beside it.
//
// The link is in the page's own address; everything else is asked for below it.

import { Beside } from "./beside.js";
import { element } from "./elements.js";
import { Player } from "./player.js";
import { sentenceOf, stateOf } from "./telling.js";

const base = `${location.pathname.replace(/\/+$/, "")}/`;
const WHILE_RECORDING = 4000; // milliseconds between two questions
const WHILE_PROCESSING = 1000;
const AFTER_A_FAILURE = 5000;
/** Chapters and chat are asked for again this often while the class goes on. */
const BESIDE_EVERY = 12_000;

async function ask(name) {
  const response = await fetch(base + name, { credentials: "omit" }).catch(() => {
    throw { code: "offline", message: "There is no connection to the server; trying again." };
  });
  const body = await response.json().catch(() => ({ code: "unreadable", message: "The server does not answer as it should." }));
  if (!response.ok) throw body;
  return body;
}

const player = new Player(element("video"), base, (text) => (element("problem").textContent = text));
const beside = new Beside(player);
let besideAt = -Infinity;
let known = null;

/** For the console and for tests. */
globalThis.player = player;

async function follow() {
  let pause = AFTER_A_FAILURE;
  try {
    const status = await ask("status.json");
    element("problem").textContent = "";
    show(status);
    await player.play(status);
    await showBeside(status);
    pause = { RECORDING: WHILE_RECORDING, PROCESSING: WHILE_PROCESSING }[status.state];
  } catch (error) {
    if (typeof error.code !== "string") console.warn("It is tried again.", error);
    pause = fail(error) ? undefined : AFTER_A_FAILURE;
  }
  if (pause !== undefined) setTimeout(follow, pause);
}

/** Read while the class goes on, and once more when the film is there. */
async function showBeside(status) {
  const news = status.state !== known?.state;
  known = status;
  if (!news && performance.now() - besideAt < BESIDE_EVERY) return;
  besideAt = performance.now();
  const [{ chapters }, { messages }] = await Promise.all([ask("chapters.json"), ask("chat.json")]);
  beside.show(chapters, messages);
}

function show(status) {
  const began = new Date(status.started_at);
  document.title = `${status.title} · Podium`;
  element("title").textContent = status.title;
  element("title").title = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" }).format(began);
  const state = stateOf(status);
  element("state").textContent = state.text;
  element("state").className = `watch-state ${state.kind}`;
  element("state").hidden = false;
  showSentence(status);
  element("download").hidden = !status.film;
  element("download").href = `${base}download`;
}

/** Over the picture while there is none, else below it. */
function showSentence(status) {
  const isShown = status.film || (status.live && player.canPlayPieces(status.codecs));
  const sentence = sentenceOf(status, isShown);
  element("video").hidden = !isShown;
  element("curtain").hidden = isShown;
  write(element("curtain-text"), isShown ? "" : sentence);
  write(element("note"), isShown ? sentence : "");
  element("curtain-progress").hidden = status.state !== "PROCESSING";
  element("curtain-progress").value = status.percent;
}

/** Only where it is another: a screen reader is not disturbed. */
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** @returns {boolean} whether it makes no sense to ask again */
function fail({ code, message }) {
  const texts = {
    link_over: "This link is not valid any more. Ask for a new one.",
    link_invalid: "This link is not valid. Was it copied as a whole?",
    recording_unknown: "This recording has been deleted.",
  };
  const isFinal = code in texts;
  element(isFinal && known === null ? "curtain-text" : "problem").textContent = texts[code] ?? message;
  return isFinal;
}

const toLive = element("to-live");
player.addEventListener("live", () => (toLive.hidden = !player.isBehind));
toLive.addEventListener("click", () => player.toLive());

follow();
