// SPDX-License-Identifier: Apache-2.0
// What plays the audio slots. They are elements without a place in the page; who is in a slot does not matter here.

export class Players {
  /** @type {Map<string, HTMLAudioElement>} by mid */
  #players = new Map();
  #blocked;

  /** @param {() => void} blocked called when the browser wants a click before it plays sound */
  constructor(blocked) {
    this.#blocked = blocked;
  }

  /** @param {Iterable<import("./media.js").Slot>} slots */
  play(slots) {
    for (const { kind, mid, stream } of slots) {
      if (kind !== "audio" || this.#players.has(mid)) continue;
      const player = new Audio();
      player.srcObject = stream;
      this.#players.set(mid, player);
      player.play().catch((error) => {
        if (error.name === "NotAllowedError") this.#blocked();
      });
    }
  }

  /** Play what was blocked before; call it from a click. */
  async resume() {
    await Promise.all([...this.#players.values()].map((player) => player.play()));
  }

  clear() {
    for (const player of this.#players.values()) player.srcObject = null;
    this.#players.clear();
  }
}
