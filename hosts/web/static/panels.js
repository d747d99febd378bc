// SPDX-License-Identifier: Apache-2.0
// The side bar of a room: the panels of plugins, a tab each. A panel is an ES module of its plugin,
//
//   export function mount(root, room) { ... return () => { ... }; }
//
// mounted when its tab is first opened, and unmounted (the function it may have returned) when its plugin stops or one
// leaves the room. `room` is { podium, sessionId, role, call(operation, fields), on(eventType, handler) }. What goes
// wrong in a panel is said in its own place; the class does not notice.

/** Draws tabs and panels into the elements of a side bar. */
export class Panels {
  #podium;
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
   * @param {{bar: HTMLElement, tabs: HTMLElement, places: HTMLElement, opener: HTMLElement, closer: HTMLElement}} elements
   */
  constructor(podium, { bar, tabs, places, opener, closer }) {
    this.#podium = podium;
    [this.#bar, this.#tabs, this.#places, this.#opener] = [bar, tabs, places, opener];
    opener.addEventListener("click", () => this.#toggle());
    closer.addEventListener("click", () => this.#close());
    bar.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
    tabs.addEventListener("keydown", (event) => this.#moveByKey(event));
    podium.addEventListener("PanelsChanged", () => this.#ask());
    podium.addEventListener("state", () => {
      if (podium.state === "connected") this.#ask();
      else if (podium.state === "left") this.#show([]);
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
      const panel = this.#panels.get(key) ?? new Panel(this.#podium, key, info, () => this.#choose(key));
      this.#panels.delete(key); // and back again: tabs stand in the order of the host
      this.#panels.set(key, panel);
      if (!panel.tab.isConnected) this.#tabs.append(panel.tab);
      if (!panel.place.isConnected) this.#places.append(panel.place);
    }
    if (!this.#panels.has(this.#chosen)) this.#chosen = null;
    this.#opener.hidden = this.#panels.size === 0;
    if (this.#panels.size === 0) this.#setOpen(false);
    else if (!this.#bar.hidden) this.#choose(this.#chosen ?? this.#panels.keys().next().value);
  }

  #toggle() {
    if (!this.#bar.hidden) return this.#close();
    this.#setOpen(true);
    this.#choose(this.#chosen ?? this.#panels.keys().next().value);
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
    const keys = [...this.#panels.keys()];
    const last = keys.length - 1;
    const at = keys.indexOf(this.#chosen);
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(keys[next]);
    this.#panels.get(keys[next]).tab.focus();
  }
}

/** One panel: its tab, its place, and what runs in it. */
class Panel {
  tab = document.createElement("button");
  place = document.createElement("section");
  #podium;
  #module;
  #root = document.createElement("div");
  #failure = document.createElement("p");
  #mounted = false;
  #removed = false;
  #unmount = null;
  #listening = new AbortController();

  constructor(podium, key, { title, module }, choose) {
    this.#podium = podium;
    this.#module = module;
    Object.assign(this.tab, { type: "button", id: `tab-${key}`, className: "panel-tab", textContent: title });
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
  }

  select(selected) {
    this.tab.setAttribute("aria-selected", selected);
    this.tab.tabIndex = selected ? 0 : -1;
    this.place.hidden = !selected;
    if (selected) this.#mount();
  }

  remove() {
    this.#removed = true;
    this.#end();
    this.tab.remove();
    this.place.remove();
  }

  async #mount() {
    if (this.#mounted) return;
    this.#mounted = true;
    try {
      const { mount } = await import(this.#module);
      if (this.#removed) return;
      const unmount = await mount(this.#root, this.#room());
      this.#unmount = typeof unmount === "function" ? unmount : null;
      if (this.#removed) this.#end();
    } catch (error) {
      this.#root.replaceChildren();
      this.#listening.abort();
      this.#fail("This panel cannot be shown.", error);
    }
  }

  #end() {
    this.#listening.abort();
    const unmount = this.#unmount;
    this.#unmount = null;
    try {
      unmount?.();
    } catch (error) {
      console.error("A panel failed to unmount.", error);
    }
  }

  /** What a panel is given. */
  #room() {
    const podium = this.#podium;
    return {
      podium,
      sessionId: podium.sessionId,
      role: podium.role,
      call: (operation, fields) => podium.call(operation, fields),
      on: (type, handler) => this.#on(type, handler),
    };
  }

  /** @returns {() => void} stops listening, which the end of the panel does too */
  #on(type, handler) {
    const listener = async ({ detail }) => {
      try {
        await handler(detail);
      } catch (error) {
        this.#fail("Something in this panel has failed.", error);
      }
    };
    this.#podium.addEventListener(type, listener, { signal: this.#listening.signal });
    return () => this.#podium.removeEventListener(type, listener);
  }

  #fail(what, error) {
    console.error(what, this.#module, error);
    this.#failure.textContent = `${what} ${error?.message ?? error}`;
  }
}
