// SPDX-License-Identifier: Apache-2.0
// One panel: its tab, its place in the side bar, and what runs in it. An eager one runs from the start; it may also do
// without a tab, by exporting no `mount`.

import { showBadge } from "./controls.js";
import { panelRoom } from "./panel-room.js";

export class Panel {
  tab = document.createElement("button");
  place = document.createElement("section");
  /** The small text on the tab. */
  badge = "";
  #info;
  #notify;
  #root = document.createElement("div");
  #failure = document.createElement("p");
  #room;
  #ending = new AbortController();
  /** The module with what its `start` has begun, once asked for. @type {Promise<object>|null} */
  #started = null;
  #mounted = false;
  /** What start and mount have returned, to be called at the end. */
  #endings = [];

  /**
   * @param {object} given
   * @param {import("./podium.js").Podium} given.podium
   * @param {import("./panel-room.js").Page} given.page
   * @param {string} given.key
   * @param {{title: string, module: string, eager: boolean}} given.info
   * @param {() => void} given.choose the tab was clicked
   * @param {() => void} given.open the panel wants to be seen
   * @param {() => void} given.changed its badge or whether it has a tab is another now
   */
  constructor({ podium, page, key, info, choose, open, changed }) {
    this.#info = info;
    this.#notify = changed;
    Object.assign(this.tab, { type: "button", id: `tab-${key}`, className: "panel-tab", textContent: info.title });
    this.tab.setAttribute("role", "tab");
    this.tab.setAttribute("aria-controls", `panel-${key}`);
    this.tab.addEventListener("click", choose);
    Object.assign(this.place, { id: `panel-${key}`, className: "panel", hidden: true, tabIndex: 0 });
    this.place.setAttribute("role", "tabpanel");
    this.place.setAttribute("aria-labelledby", this.tab.id);
    this.#failure.className = "error panel-failure";
    this.#failure.setAttribute("role", "alert");
    this.#root.className = "panel-root";
    this.place.append(this.#failure, this.#root);
    const panel = {
      badge: (text) => this.#setBadge(text),
      open,
      visible: () => this.#root.checkVisibility(),
      fail: (error) => this.#fail("Something in this panel has failed.", error),
    };
    this.#room = panelRoom({ podium, page, key, signal: this.#ending.signal, panel });
    if (info.eager) this.#startEagerly();
  }

  get title() {
    return this.#info.title;
  }

  select(selected) {
    this.tab.setAttribute("aria-selected", selected);
    this.tab.tabIndex = selected ? 0 : -1;
    this.place.hidden = !selected;
    if (selected) this.#mount();
  }

  remove() {
    this.#end();
    this.tab.remove();
    this.place.remove();
  }

  /** Until the module is there nobody knows whether there will be a tab. */
  async #startEagerly() {
    this.tab.hidden = true;
    try {
      const { mount } = await this.#start();
      this.tab.hidden = !mount;
    } catch (error) {
      this.tab.hidden = false;
      this.#giveUp(error);
    }
    this.#notify();
  }

  #start() {
    this.#started ??= import(this.#info.module).then(async (module) => {
      if (this.#info.eager && module.start) await this.#begin(() => module.start(this.#room));
      return module;
    });
    return this.#started;
  }

  async #mount() {
    if (this.#mounted) return;
    this.#mounted = true;
    try {
      const { mount } = await this.#start();
      await this.#begin(() => mount(this.#root, this.#room));
    } catch (error) {
      this.#giveUp(error);
    }
  }

  async #begin(act) {
    if (this.#ending.signal.aborted) return;
    const ending = await act();
    if (typeof ending === "function") this.#endings.push(ending);
    if (this.#ending.signal.aborted) this.#end();
  }

  #giveUp(error) {
    this.#end();
    this.#root.replaceChildren();
    this.#fail("This panel cannot be shown.", error);
  }

  #end() {
    this.#ending.abort();
    for (const ending of this.#endings.splice(0).reverse()) {
      try {
        ending();
      } catch (error) {
        console.error("A panel failed to end.", error);
      }
    }
  }

  #setBadge(text) {
    if (this.badge === text) return;
    this.badge = text;
    showBadge(this.tab, text);
    this.#notify();
  }

  #fail(what, error) {
    console.error(what, this.#info.module, error);
    this.#failure.textContent = `${what} ${error?.message ?? error}`;
  }
}
