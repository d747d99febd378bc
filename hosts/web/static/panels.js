// SPDX-License-Identifier: Apache-2.0
// The side bar of a room: the panels of plugins, a tab each. A panel is an ES module of its plugin,
//
//   export function mount(root, room) { ... return () => { ... }; }
//
// mounted when its tab is first opened, and unmounted (the function it may have returned) when its plugin stops or one
// leaves the room. One declared as eager may also export `start(room)`, called as soon as one is in the room. What goes
// wrong in a panel is said in its own place; the class does not notice. What a panel can do is in panel-room.js.

import { showBadge } from "./controls.js";
import { Panel } from "./panel.js";

/** Draws tabs and panels into the elements of a side bar. */
export class Panels {
  #podium;
  #page;
  #bar;
  #tabs;
  #places;
  #opener;
  /** @type {Map<string, Panel>} by plugin and name */
  #panels = new Map();
  #chosen = null;
  #asking = false;
  #askAgain = false;

  /**
   * @param {import("./podium.js").Podium} podium
   * @param {import("./panel-room.js").Page} page
   * @param {{bar: HTMLElement, tabs: HTMLElement, places: HTMLElement, opener: HTMLElement, closer: HTMLElement}} elements
   */
  constructor(podium, page, { bar, tabs, places, opener, closer }) {
    [this.#podium, this.#page] = [podium, page];
    [this.#bar, this.#tabs, this.#places, this.#opener] = [bar, tabs, places, opener];
    opener.addEventListener("click", () => this.#toggle());
    closer.addEventListener("click", () => this.#close());
    bar.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
    tabs.addEventListener("keydown", (event) => this.#moveByKey(event));
    podium.addEventListener("PanelsChanged", () => this.#ask());
    podium.addEventListener("state", () => {
      if (podium.state === "connected") this.#ask();
      else if (podium.state === "left" || podium.state === "waiting") this.#show([]);
    });
  }

  /** Ask the host which panels there are: one question at a time, and once more when there was news meanwhile. */
  async #ask() {
    this.#askAgain = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    try {
      const { panels } = await this.#podium.call("ListPanels", { session_id: this.#podium.sessionId });
      this.#show(panels);
    } catch (error) {
      if (this.#podium.state === "connected") console.error("The panels of plugins cannot be listed.", error);
    } finally {
      this.#asking = false;
      if (this.#askAgain) this.#ask();
    }
  }

  #show(infos) {
    const wanted = new Map(infos.map((info) => [`${info.plugin}-${info.name}`, info]));
    for (const [key, panel] of this.#panels) {
      if (wanted.has(key)) continue;
      panel.remove();
      this.#panels.delete(key);
    }
    for (const [key, info] of wanted) {
      const panel = this.#panels.get(key) ?? this.#create(key, info);
      this.#panels.delete(key); // and back again: tabs stand in the order of the host
      this.#panels.set(key, panel);
      if (!panel.tab.isConnected) this.#tabs.append(panel.tab);
      if (!panel.place.isConnected) this.#places.append(panel.place);
    }
    this.#settle();
  }

  #create(key, info) {
    const open = () => {
      if (this.#panels.get(key)?.tab.hidden ?? true) return;
      this.#setOpen(true);
      this.#choose(key);
    };
    const choose = () => this.#choose(key);
    return new Panel({ podium: this.#podium, page: this.#page, key, info, choose, open, changed: () => this.#settle() });
  }

  /** Those with a tab; an eager panel may have none. */
  #keys() {
    return [...this.#panels.keys()].filter((key) => !this.#panels.get(key).tab.hidden);
  }

  /** Bring the side bar and its button in line with the panels there are. */
  #settle() {
    const keys = this.#keys();
    if (!keys.includes(this.#chosen)) this.#chosen = null;
    this.#opener.hidden = keys.length === 0;
    if (keys.length === 0) this.#setOpen(false);
    else if (!this.#bar.hidden) this.#choose(this.#chosen ?? keys[0]);
    this.#showBadges(keys.map((key) => this.#panels.get(key)).filter(({ badge }) => badge !== ""));
  }

  /** On the button: the only badge, or the sum of several numbers. */
  #showBadges(panels) {
    const sum = panels.reduce((sum, { badge }) => sum + Number(badge), 0);
    const text = panels.length === 1 ? panels[0].badge : Number.isFinite(sum) ? String(sum || "") : "•";
    showBadge(this.#opener, text);
    const said = panels.map(({ title, badge }) => `${title}: ${badge}`).join(", ");
    this.#opener.setAttribute("aria-label", said ? `Panels (${said})` : "Panels");
  }

  #toggle() {
    if (!this.#bar.hidden) return this.#close();
    this.#setOpen(true);
    this.#choose(this.#chosen ?? this.#keys()[0]);
    this.#panels.get(this.#chosen).tab.focus();
  }

  #close() {
    this.#setOpen(false);
    this.#opener.focus();
  }

  #setOpen(open) {
    this.#bar.hidden = !open;
    this.#opener.setAttribute("aria-expanded", open);
  }

  #choose(key) {
    this.#chosen = key;
    for (const [other, panel] of this.#panels) panel.select(other === key);
  }

  /** Arrow keys go from tab to tab, Home and End to the first and the last, as in every list of tabs. */
  #moveByKey(event) {
    const keys = this.#keys();
    const last = keys.length - 1;
    const at = keys.indexOf(this.#chosen);
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(keys[next]);
    this.#panels.get(keys[next]).tab.focus();
  }
}
