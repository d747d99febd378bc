// SPDX-License-Identifier: Apache-2.0
// Chapters and chat beside the picture. A click goes there; what belongs to the picture of the moment is marked, and
// kept in sight unless somebody scrolls the list.

import { element, make } from "./elements.js";
import { clock } from "./telling.js";

const WHAT = { spoke: "speaks", shared: "shares a screen" };
/** Seconds after somebody has scrolled in which the list stays where it is. */
const LEFT_ALONE = 8000;

export class Beside {
  #player;
  #lists;

  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.#player = player;
    this.#lists = [new TimedList(element("chapters"), player), new TimedList(element("chat"), player)];
    const tabs = ["chapters", "chat"].map((name) => element(`tab-${name}`));
    for (const [number, tab] of tabs.entries()) {
      tab.addEventListener("click", () => choose(tabs, number));
      tab.addEventListener("keydown", ({ key }) => {
        if (key === "ArrowLeft" || key === "ArrowRight") choose(tabs, 1 - number).focus();
      });
    }
    player.video.addEventListener("timeupdate", () => this.#mark());
    player.video.addEventListener("seeked", () => this.#mark());
  }

  /**
   * @param {{time: number, until: number, kind: string, display_name: string}[]} chapters
   * @param {{time: number, display_name: string, text: string|null}[]} messages
   */
  show(chapters, messages) {
    const [first, second] = this.#lists;
    first.show(chapters.map((each) => ({ ...each, text: WHAT[each.kind] ?? each.kind, isQuiet: true })));
    second.show(messages.map((each) => ({ ...each, text: each.text ?? "Deleted", isQuiet: each.text === null })));
    this.#mark();
  }

  #mark() {
    for (const list of this.#lists) list.mark(this.#player.video.currentTime);
  }
}

/** Entries in the order of the film. */
class TimedList {
  #place;
  #list;
  #player;
  /** @type {{time: number, until?: number, key: string, button: HTMLElement}[]} */
  #entries = [];
  #current = null;
  #scrolledAt = -Infinity;

  constructor(place, player) {
    [this.#place, this.#list, this.#player] = [place, place.querySelector("ol"), player];
    for (const type of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      place.addEventListener(type, () => (this.#scrolledAt = performance.now()), { passive: true });
    }
  }

  /** What is there already stays: neither focus nor selection is disturbed. */
  show(entries) {
    const before = new Map(this.#entries.map((entry) => [entry.key, entry]));
    this.#entries = entries.map((entry) => {
      const key = JSON.stringify([entry.time, entry.display_name, entry.text]);
      return { ...entry, key, button: before.get(key)?.button ?? this.#button(entry) };
    });
    const items = this.#entries.map(({ button }) => button.parentElement);
    if (items.length !== this.#list.children.length || items.some((item, number) => this.#list.children[number] !== item)) {
      this.#list.replaceChildren(...items);
    }
    this.#place.querySelector("p").hidden = entries.length > 0;
  }

  /** The last that has begun; none when it is over, if it says when. */
  mark(time) {
    const begun = this.#entries.filter((entry) => entry.time <= time + 0.3);
    const last = begun.at(-1) ?? null;
    const current = last !== null && (last.until ?? Infinity) >= time ? last.button : null;
    if (current === this.#current) return;
    this.#current?.removeAttribute("aria-current");
    current?.setAttribute("aria-current", "true");
    this.#current = current;
    if (current !== null && performance.now() - this.#scrolledAt > LEFT_ALONE) keepInSight(this.#place, current);
  }

  #button({ time, display_name, text, isQuiet }) {
    const name = make("b", { dir: "auto", textContent: display_name });
    const words = make("span", { dir: "auto", textContent: text, className: isQuiet ? "muted" : "" });
    const button = make("button", { type: "button" }, make("time", { textContent: clock(time) }), name, words);
    button.addEventListener("click", () => this.#player.seek(time));
    make("li", {}, button);
    return button;
  }
}

/** Scrolls the list, and nothing else of the page. */
function keepInSight(place, button) {
  const [outer, inner] = [place.getBoundingClientRect(), button.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) place.scrollTop += inner.top - outer.top - outer.height / 3;
}

function choose(tabs, chosen) {
  for (const [number, tab] of tabs.entries()) {
    tab.setAttribute("aria-selected", number === chosen);
    tab.tabIndex = number === chosen ? 0 : -1;
    element(tab.getAttribute("aria-controls")).hidden = number !== chosen;
  }
  return tabs[chosen];
}
