// SPDX-License-Identifier: Apache-2.0
// Buttons that panels add to the toolbar, and the small texts on buttons and tabs (badges).

const SVG = "http://www.w3.org/2000/svg";

/** The buttons that panels have added, by owner and name. */
export class Controls {
  #before;
  #failed;
  /** @type {Map<string, Map<string, {remove: () => void}>>} */
  #owners = new Map();

  /**
   * @param {HTMLElement} before the button of the toolbar before which others are put
   * @param {(error: Error) => void} failed called when a click has failed
   */
  constructor(before, failed) {
    this.#before = before;
    this.#failed = failed;
  }

  /**
   * @param {string} owner
   * @param {object} options
   * @param {string} options.name its own among those of the owner; the same again replaces the button
   * @param {string} options.label for people
   * @param {string} options.icon data of an SVG path, drawn as a line in a square of 24
   * @param {(event: Event) => unknown} options.onclick
   * @param {boolean} [options.pressed] for a switch: whether it is on
   */
  add(owner, { name, label, icon, onclick, pressed }) {
    const named = this.#owners.get(owner) ?? new Map();
    this.#owners.set(owner, named);
    named.get(name)?.remove();
    const element = document.createElement("button");
    Object.assign(element, { type: "button", id: `control-${owner}-${name}`, className: "control added" });
    element.append(drawn(icon));
    element.addEventListener("click", (event) => this.#click(onclick, event));
    const state = { label, pressed, disabled: false, badge: "" };
    const update = (changes) => show(element, Object.assign(state, changes));
    update({});
    this.#before.before(element);
    const control = {
      element,
      update,
      remove() {
        element.remove();
        if (named.get(name) === control) named.delete(name);
      },
    };
    named.set(name, control);
    return control;
  }

  /** Remove all that an owner has added. */
  forget(owner) {
    for (const control of [...(this.#owners.get(owner)?.values() ?? [])]) control.remove();
    this.#owners.delete(owner);
  }

  async #click(onclick, event) {
    try {
      await onclick(event);
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** Put a small text onto a button or a tab; "" removes it. */
export function showBadge(element, text) {
  const badge = element.querySelector(".badge") ?? element.appendChild(document.createElement("span"));
  badge.className = "badge";
  badge.textContent = text;
  badge.hidden = text === "";
}

function show(element, { label, pressed, disabled, badge }) {
  const text = badge === "" ? label : `${label} (${badge})`;
  element.setAttribute("aria-label", text);
  element.title = text;
  element.disabled = disabled;
  if (pressed === undefined || pressed === null) element.removeAttribute("aria-pressed");
  else element.setAttribute("aria-pressed", Boolean(pressed));
  showBadge(element, String(badge));
}

function drawn(icon) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", icon);
  svg.append(path);
  return svg;
}
