// SPDX-License-Identifier: Apache-2.0
// Guards: code that is asked before a source of one's own is sent, such as a plugin that has to announce a shared screen
// to the host first. There is at most one for each source. Devices and tracks are the business of sources.js.

/**
 * @typedef {object} Guard
 * @property {string|null} unavailable why the source cannot be switched on at this moment; null when it can
 * @property {() => void} remove ends it; the source goes on, if it is on
 */

/** The guards of one's own sources. */
export class Guards {
  #guards = new Map();
  #changed;

  /** @param {() => void} changed called when something is or is not available any more */
  constructor(changed) {
    this.#changed = changed;
  }

  has(source) {
    return this.#guards.has(source);
  }

  /** @returns {string|null} why this source cannot be switched on now, for people */
  unavailable(source) {
    return this.#guards.get(source)?.reason ?? null;
  }

  /** @returns {Guard} */
  add(source, { start = async () => {}, stop = async () => {} }) {
    if (this.#guards.has(source)) throw new Error(`There is a guard of the ${source} already.`);
    const entry = { start, stop, reason: null, running: false };
    this.#guards.set(source, entry);
    const [guards, changed] = [this.#guards, this.#changed];
    return {
      get unavailable() {
        return entry.reason;
      },
      set unavailable(reason) {
        if (entry.reason === (reason || null)) return;
        entry.reason = reason || null;
        changed();
      },
      remove() {
        if (guards.get(source) !== entry) return;
        guards.delete(source);
        changed();
      },
    };
  }

  /** Ask before this track is sent; rejects with the guard's own reason. */
  async start(source, track, { hasAudio }) {
    const guard = this.#guards.get(source);
    if (!guard) return;
    await guard.start(track, { hasAudio });
    guard.running = true;
  }

  /** Say that the source has ended. Nobody waits for that; what goes wrong is for the console. */
  async stop(source) {
    const guard = this.#guards.get(source);
    if (!guard?.running) return;
    guard.running = false;
    try {
      await guard.stop();
    } catch (error) {
      if (error?.code !== "disconnected") console.error(`The guard of the ${source} failed to stop.`, error);
    }
  }
}
