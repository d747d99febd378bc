// SPDX-License-Identifier: Apache-2.0
// The tiles of a room: one for each participant, one for each shared screen. Elements are kept while their tile exists,
// because a video that moves in the document stops playing. Panels may choose a tile to show large (spotlight) and put
// marks on tiles; one's own pin comes before any spotlight.

import { assign, focus, grid } from "./stage.js";

const MOST_VIDEO_SLOTS = 25;
const RESIZE_PAUSE = 400;

/** Draws what a Podium object knows into a list element. */
export class Tiles {
  /** One's own name, for one's own tile. */
  ownName = "";
  #list;
  #podium;
  #template = document.getElementById("tile");
  #elements = new Map();
  #pinned = null;
  /** Key of the tile that each panel wants large; the last one counts. @type {Map<string, string>} */
  #spotlights = new Map();
  /** Texts by panel and name, for each participant id. @type {Map<string, Map<string, string>>} */
  #marks = new Map();
  #choosing = false;
  #asked = "";
  #resizeTimer = 0;

  constructor(list, podium) {
    this.#list = list;
    this.#podium = podium;
    new ResizeObserver(() => {
      this.#place();
      clearTimeout(this.#resizeTimer);
      this.#resizeTimer = setTimeout(() => this.#choose(), RESIZE_PAUSE);
    }).observe(list);
  }

  render() {
    const tiles = this.#tiles();
    if (!tiles.some(({ key }) => key === this.#pinned)) this.#pinned = null;
    for (const [key, element] of this.#elements) {
      if (tiles.some((tile) => tile.key === key)) continue;
      element.querySelector("video").srcObject = null;
      element.remove();
      this.#elements.delete(key);
    }
    for (const tile of tiles) this.#draw(tile, this.#elements.get(tile.key) ?? this.#create(tile));
    this.#place();
    this.#grow(tiles.filter(({ own, published }) => published && !own).length);
    this.#choose();
  }

  /** Have this tile shown large for the sake of `owner`, where it can be; nobody's with null. */
  spotlight(owner, participantId, source = "camera") {
    const own = participantId === this.#podium.participantId && source === "camera";
    this.#spotlights.delete(owner);
    if (participantId !== null) this.#spotlights.set(owner, own ? "own" : `${participantId} ${source}`);
    if (participantId !== null) this.#choosing = true;
    this.render();
  }

  /** Put a small mark on somebody's tile; "" removes it. */
  mark(owner, participantId, name, text) {
    const marks = this.#marks.get(participantId) ?? new Map();
    if (text) marks.set(`${owner} ${name}`, text);
    else marks.delete(`${owner} ${name}`);
    if (marks.size > 0) this.#marks.set(participantId, marks);
    else this.#marks.delete(participantId);
    this.render();
  }

  /** Undo what one owner has asked for. */
  forget(owner) {
    this.#spotlights.delete(owner);
    for (const [participantId, marks] of this.#marks) {
      for (const key of marks.keys()) if (key.startsWith(`${owner} `)) marks.delete(key);
      if (marks.size === 0) this.#marks.delete(participantId);
    }
    this.render();
  }

  /** What there is to see: screens first, then people in the order of joining, oneself last. */
  #tiles() {
    const others = [...this.#podium.participants.values()];
    const screens = others.filter(showsScreen).map((person) => this.#tileOf(person, "screen"));
    return [...screens, ...others.map((person) => this.#tileOf(person, "camera")), this.#ownTile()];
  }

  #tileOf({ participantId, displayName, tracks, muted, blocked }, source) {
    const published = tracks.has(source) && !muted.has(source) && !blocked.has(source);
    return {
      key: `${participantId} ${source}`,
      participantId,
      source,
      own: false,
      name: source === "screen" ? `${displayName}'s screen` : displayName,
      published,
      stream: published ? this.#podium.streamOf(participantId, source) : null,
      silent: source === "camera" && (!tracks.has("microphone") || muted.has("microphone") || blocked.has("microphone")),
      blocked,
      speaking: source === "camera" && this.#podium.speaker === participantId,
    };
  }

  #ownTile() {
    const podium = this.#podium;
    return {
      key: "own",
      participantId: podium.participantId,
      source: "camera",
      own: true,
      name: `${this.ownName} (you)`,
      published: podium.isOn("camera"),
      stream: podium.isOn("camera") ? this.#ownStream(podium.local.camera) : null,
      silent: !podium.isOn("microphone"),
      blocked: podium.blocked,
      speaking: podium.speaker !== null && podium.speaker === podium.participantId,
    };
  }

  #ownStream(track) {
    const shown = this.#elements.get("own")?.querySelector("video").srcObject;
    return shown?.getTracks()[0] === track ? shown : new MediaStream([track]);
  }

  #create(tile) {
    const element = this.#template.content.firstElementChild.cloneNode(true);
    const video = element.querySelector("video");
    video.addEventListener("playing", () => element.classList.add("live"));
    video.addEventListener("emptied", () => element.classList.remove("live"));
    element.querySelector(".pin").addEventListener("click", () => this.#pin(tile.key));
    element.classList.add(tile.source);
    element.classList.toggle("own", tile.own);
    element.dataset.participant = tile.participantId;
    this.#elements.set(tile.key, element);
    this.#list.append(element);
    return element;
  }

  #draw(tile, element) {
    const video = element.querySelector("video");
    if (video.srcObject !== tile.stream) {
      video.srcObject = tile.stream;
      if (!tile.stream) element.classList.remove("live");
    }
    element.querySelector(".name").textContent = tile.name;
    video.setAttribute("aria-label", `Video of ${tile.name}`);
    const avatar = element.querySelector(".avatar");
    avatar.dataset.initials = initials(tile.name);
    avatar.style.setProperty("--hue", hue(tile.participantId ?? ""));
    element.classList.toggle("speaking", tile.speaking && !tile.silent);
    element.classList.toggle("silent", tile.silent);
    drawSigns(element, tile);
    this.#drawMarks(element.querySelector(".marks"), tile);
    const pin = element.querySelector(".pin");
    const pinned = this.#pinned === tile.key;
    pin.setAttribute("aria-pressed", pinned);
    pin.setAttribute("aria-label", `${pinned ? "Unpin" : "Pin"} ${tile.name}`);
  }

  #drawMarks(list, { participantId, source }) {
    const texts = source === "camera" ? [...(this.#marks.get(participantId)?.values() ?? [])] : [];
    if (list.textContent === texts.join("")) return;
    list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("span"), { className: "mark", textContent: text })));
  }

  #pin(key) {
    this.#pinned = this.#pinned === key ? null : key;
    this.#choosing = true;
    this.render();
  }

  /** The tile to show large: the pinned one, that in the spotlight, or the first screen. */
  #focused() {
    if (this.#pinned) return this.#pinned;
    const spotlight = [...this.#spotlights.values()].at(-1);
    if (this.#elements.has(spotlight)) return spotlight;
    return [...this.#elements.keys()].find((key) => key.endsWith(" screen")) ?? null;
  }

  #place() {
    const { clientWidth: width, clientHeight: height } = this.#list;
    const focused = this.#focused();
    const keys = [...this.#elements.keys()];
    const order = focused ? [focused, ...keys.filter((key) => key !== focused)] : this.#inOrder(keys);
    const rectangles = (focused ? focus : grid)(order.length, width, height);
    order.forEach((key, index) => {
      const element = this.#elements.get(key);
      element.classList.toggle("focused", key === focused);
      for (const [side, length] of Object.entries(rectangles[index])) element.style[side] = `${Math.max(0, length)}px`;
    });
  }

  #inOrder(keys) {
    return [...keys.filter((key) => key !== "own"), ...keys.filter((key) => key === "own")];
  }

  #grow(wanted) {
    const count = Math.min(MOST_VIDEO_SLOTS, wanted);
    const video = [...this.#podium.slots.values()].filter(({ kind }) => kind === "video").length;
    if (this.#podium.state === "connected" && count > video) this.#podium.ensureVideoSlots(count + 3).catch(() => {});
  }

  /** Once somebody was pinned or put into the spotlight the page chooses who is in which slot, and how large; before, the host does. */
  #choose() {
    if (!this.#choosing || this.#podium.state !== "connected") return;
    const slots = [...this.#podium.slots.values()].filter(({ kind }) => kind === "video");
    const focused = this.#focused();
    const first = (tile) => (tile.key === focused ? 0 : 1);
    const wanted = this.#tiles()
      .filter(({ own, published }) => published && !own)
      .sort((a, b) => first(a) - first(b))
      .map(({ key, participantId, source }) => ({ participantId, source, maxHeight: this.#heightOf(key) }));
    const assignment = assign(slots, wanted);
    const asked = JSON.stringify(assignment);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#podium.show(assignment);
  }

  #heightOf(key) {
    const height = this.#elements.get(key)?.offsetHeight ?? 180;
    return Math.max(180, Math.ceil((height * devicePixelRatio) / 90) * 90);
  }
}

function showsScreen({ tracks, blocked }) {
  return tracks.has("screen") && !blocked.has("screen");
}

/** Signs for what is switched off; those of what the host does not forward say so. */
function drawSigns(element, { source, blocked }) {
  const [microphone, camera] = [element.querySelector(".muted-sign"), element.querySelector(".camera-sign")];
  const mutedByHost = source === "camera" && blocked.has("microphone");
  describe(microphone, mutedByHost ? "muted by the instructor" : "muted", mutedByHost);
  describe(camera, `${source} switched off by the instructor`, true);
  camera.hidden = !blocked.has(source);
}

function describe(sign, text, byHost) {
  sign.title = text;
  sign.setAttribute("aria-label", text);
  sign.classList.toggle("by-host", byHost);
}

function initials(name) {
  const words = name.replace(/\(.*\)|'s screen/g, "").trim().split(/\s+/);
  return words.slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
}

function hue(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return sum;
}
