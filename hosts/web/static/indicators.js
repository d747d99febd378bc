// SPDX-License-Identifier: Apache-2.0
// Small texts in the head of the room that stay as long as something is so, such as that it is recorded. They are on the
// page of everybody who has the panel, whether the panel is open or not, and on a phone as well.

/** Draws indicators into an element. */
export class Indicators {
  #place;
  /** @type {Map<string, Set<{remove: () => void}>>} by owner */
  #owners = new Map();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /**
   * @param {string} owner
   * @param {object} options
   * @param {string} options.text short: there is little room
   * @param {string} [options.title] what it means, for whoever points at it or has it read out
   * @param {"plain"|"live"|"warning"} [options.kind] "live" has a red dot, "warning" is yellow
   */
  add(owner, { text, title = "", kind = "plain" }) {
    const owned = this.#owners.get(owner) ?? new Set();
    this.#owners.set(owner, owned);
    const element = document.createElement("span");
    const state = { text, title, kind };
    const update = (changes) => draw(element, Object.assign(state, changes));
    update({});
    this.#place.append(element);
    const indicator = {
      update,
      remove() {
        element.remove();
        owned.delete(indicator);
      },
    };
    owned.add(indicator);
    return indicator;
  }

  /** Remove all that an owner has added. */
  forget(owner) {
    for (const indicator of [...(this.#owners.get(owner) ?? [])]) indicator.remove();
    this.#owners.delete(owner);
  }
}

function draw(element, { text, title, kind }) {
  element.className = `indicator ${kind}`;
  if (element.textContent !== text) element.textContent = text;
  if (element.title === title) return;
  element.title = title;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", title || text);
}
