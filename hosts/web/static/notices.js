// SPDX-License-Identifier: Apache-2.0
// Messages over the page, with buttons. They come without taking the focus and are read out where a screen reader
// listens. Those that are not sticky go by themselves, though not while somebody points at them or is in them.

const SHOWN_FOR = 8000;
const SHOWN_FOR_WITH_BUTTONS = 20_000;
/** The oldest goes when there are more. */
const MOST = 5;

/** Draws notices into an element that is a live region. */
export class Notices {
  #place;
  #failed;
  /** @type {{owner: string, sticky: boolean, close: () => void}[]} the oldest first */
  #shown = [];

  /**
   * @param {HTMLElement} place
   * @param {(error: Error) => void} failed called when an action has failed
   */
  constructor(place, failed) {
    this.#place = place;
    this.#failed = failed;
  }

  /**
   * @param {string} owner
   * @param {string} text
   * @param {{label: string, run: () => unknown}[]} [actions] buttons; any of them closes the notice
   * @param {{sticky?: boolean}} [options] sticky: until it is closed
   * @returns {{close: () => void}}
   */
  show(owner, text, actions = [], { sticky = false } = {}) {
    const element = document.createElement("div");
    element.className = "notice";
    const words = Object.assign(document.createElement("p"), { textContent: text });
    element.append(words, ...actions.map(({ label, run }) => this.#button(label, run, () => notice.close())), this.#closer(() => notice.close()));
    const stopTimer = sticky ? () => {} : startTimer(element, actions.length, () => notice.close());
    const before = document.activeElement;
    const notice = {
      owner,
      sticky,
      close: () => {
        stopTimer();
        this.#shown = this.#shown.filter((other) => other !== notice);
        const focused = element.contains(document.activeElement);
        element.remove();
        if (focused && before?.isConnected) before.focus();
      },
    };
    element.addEventListener("keydown", (event) => event.key === "Escape" && notice.close());
    this.#place.append(element);
    this.#shown.push(notice);
    if (this.#shown.length > MOST) (this.#shown.find((other) => !other.sticky) ?? this.#shown[0]).close();
    return { close: notice.close };
  }

  /** Close all of one owner. */
  forget(owner) {
    for (const notice of this.#shown.filter((other) => other.owner === owner)) notice.close();
  }

  #button(label, run, close) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.addEventListener("click", async () => {
      close();
      try {
        await run();
      } catch (error) {
        this.#failed(error);
      }
    });
    return button;
  }

  #closer(close) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "quiet-button", title: "Close", textContent: "×" });
    button.setAttribute("aria-label", "Close this message");
    button.addEventListener("click", close);
    return button;
  }
}

/** @returns {() => void} stops it */
function startTimer(element, buttons, done) {
  let timer = 0;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    if (element.matches(":hover, :focus-within")) return;
    timer = setTimeout(done, buttons ? SHOWN_FOR_WITH_BUTTONS : SHOWN_FOR);
  };
  for (const type of ["mouseenter", "focusin"]) element.addEventListener(type, stop);
  for (const type of ["mouseleave", "focusout"]) element.addEventListener(type, () => setTimeout(start));
  start();
  return () => {
    stop();
    element.matches = () => true; // a closed one does not begin again
  };
}
