// SPDX-License-Identifier: Apache-2.0
// One's own microphone, camera and screen: switched on and off, guarded, blocked by the host. What a track is sent
// through is the business of media.js; what the host is told, of podium.js.

import { openDevice, openScreen } from "./devices.js";
import { Guards } from "./guards.js";
import { PodiumError } from "./signaling.js";

const BLOCKED = {
  microphone: "You were muted by the instructor.",
  camera: "Your camera was switched off by the instructor.",
  screen: "Sharing your screen is not allowed at the moment.",
};

/**
 * @typedef {object} Line what carries sources to the host
 * @property {(name: string, track: MediaStreamTrack|null) => Promise<void>} send
 * @property {(source: string, muted: boolean) => void} mute
 * @property {(what: {source: string, error: Error, guarded: boolean}) => void} switchedOff not by oneself
 * @property {() => void} changed
 */

/** The tracks of one person, and what stands in their way. */
export class OwnSources {
  /** @type {Record<"microphone"|"camera"|"screen"|"screenAudio", MediaStreamTrack|null>} */
  tracks = { microphone: null, camera: null, screen: null, screenAudio: null };
  /** Sources of one's own that the host does not forward. @type {Set<string>} */
  blocked = new Set();
  #line;
  #guards;
  /** The last switching of each source: one at a time, in order. */
  #turns = new Map();
  /** How often everything was ended; what was begun before that comes too late. */
  #endings = 0;

  /** @param {Line} line */
  constructor(line) {
    this.#line = line;
    this.#guards = new Guards(() => line.changed());
  }

  isOn(source) {
    return this.tracks[source]?.readyState === "live" && this.tracks[source].enabled;
  }

  /** @returns {string|null} why this source cannot be switched on now, for people */
  unavailable(source) {
    if (this.#guards.has(source)) return this.#guards.unavailable(source);
    return this.blocked.has(source) ? BLOCKED[source] : null;
  }

  /** Tracks to send from the start; those with a guard wait for `resume`. */
  unguarded() {
    const guarded = (name) => this.#guards.has(name === "screenAudio" ? "screen" : name);
    return Object.fromEntries(Object.entries(this.tracks).map(([name, track]) => [name, guarded(name) ? null : track]));
  }

  /** Ask guards again, on a new connection, for what is on. */
  async resume() {
    await Promise.all(Object.keys(BLOCKED).map((source) => this.#resume(source)));
  }

  /** @returns {import("./guards.js").Guard} asked at once when the source is on */
  guard(source, { start, stop }) {
    const guard = this.#guards.add(source, { start, stop });
    this.#resume(source);
    return guard;
  }

  /** Switch on or off; rejects with PodiumError. */
  set(source, on) {
    return this.#inTurn(source, () => (on ? this.#switchOn(source) : this.#switchOff(source)));
  }

  /** The host forwards this source no longer, or again; then one switches it on oneself. */
  setBlocked(source, blocked) {
    if (!blocked) this.blocked.delete(source);
    else {
      this.blocked.add(source);
      this.#obey(source);
    }
  }

  /** What is blocked as one enters. A guard may lift a block, so it is asked first. */
  replaceBlocked(sources) {
    this.blocked = new Set(sources);
    for (const source of sources) if (!this.#guards.has(source)) this.#obey(source);
  }

  /** Stop everything. */
  end() {
    this.#endings += 1;
    this.blocked.clear();
    for (const name of Object.keys(this.tracks)) this.#replace(name, null);
    for (const source of Object.keys(BLOCKED)) this.#guards.stop(source);
  }

  #inTurn(source, work) {
    const turn = (this.#turns.get(source) ?? Promise.resolve()).catch(() => {}).then(work);
    this.#turns.set(source, turn);
    return turn;
  }

  #resume(source) {
    return this.#inTurn(source, async () => {
      if (!this.#guards.has(source) || !this.isOn(source)) return;
      const tracks = this.#tracksOf(source);
      try {
        await this.#admit(source, tracks);
        await this.#send(tracks);
      } catch (error) {
        await this.#switchOff(source);
        this.#tellOff(source, error);
      }
    });
  }

  async #switchOn(source) {
    if (this.isOn(source)) return;
    if (!this.#guards.has(source)) this.#refuseBlocked(source);
    const endings = this.#endings;
    const tracks = await this.#open(source);
    try {
      await this.#admit(source, tracks);
      if (endings !== this.#endings) throw new PodiumError("left", "Left meanwhile.");
    } catch (error) {
      this.#guards.stop(source);
      for (const [name, track] of Object.entries(tracks)) if (track !== this.tracks[name]) track?.stop();
      throw error;
    }
    for (const [name, track] of Object.entries(tracks)) this.#replace(name, track);
    this.tracks[source].enabled = true;
    await this.#send(tracks);
    this.#line.mute(source, false);
  }

  /** Switch off now, without waiting for a turn. The microphone stays open, so that speaking again is immediate. */
  async #switchOff(source) {
    const track = this.tracks[source];
    const open = source === "microphone" && track?.readyState === "live";
    if (source !== "microphone" && !track) return;
    if (open) track.enabled = false;
    const tracks = open ? {} : mapValues(this.#tracksOf(source), () => null);
    for (const name of Object.keys(tracks)) this.#replace(name, null);
    this.#guards.stop(source);
    this.#line.mute(source, true);
    await this.#send(tracks);
  }

  async #obey(source) {
    if (!this.isOn(source)) return;
    const done = this.#switchOff(source);
    this.#tellOff(source, new PodiumError("blocked", BLOCKED[source], source));
    await done.catch((error) => console.error(`The ${source} is off, but the connection does not know.`, error));
  }

  #tellOff(source, error) {
    this.#line.switchedOff({ source, error, guarded: this.#guards.has(source) });
  }

  async #open(source) {
    if (source === "screen") return openScreen();
    const open = source === "microphone" && this.tracks.microphone?.readyState === "live";
    return { [source]: open ? this.tracks.microphone : await openDevice(source) };
  }

  async #admit(source, tracks) {
    await this.#guards.start(source, tracks[source], { hasAudio: Boolean(tracks.screenAudio) });
    this.#refuseBlocked(source);
    if (tracks[source].readyState !== "live") throw new PodiumError("ended", `The ${source} has ended meanwhile.`, source);
  }

  #refuseBlocked(source) {
    if (this.blocked.has(source)) throw new PodiumError("blocked", BLOCKED[source], source);
  }

  #tracksOf(source) {
    const names = source === "screen" ? ["screen", "screenAudio"] : [source];
    return Object.fromEntries(names.map((name) => [name, this.tracks[name]]));
  }

  #replace(name, track) {
    const previous = this.tracks[name];
    if (previous === track) return;
    if (previous) previous.onended = null;
    previous?.stop();
    this.tracks[name] = track;
    if (track) track.onended = () => this.#ended(name);
  }

  /** A device was unplugged, or sharing ended in the browser's own bar; the sound of a tab may end alone. */
  #ended(name) {
    if (name !== "screenAudio") return this.set(name, false);
    this.#replace(name, null);
    return this.#send({ screenAudio: null });
  }

  async #send(tracks) {
    await Promise.all(Object.entries(tracks).map(([name, track]) => this.#line.send(name, track)));
    this.#line.changed();
  }
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
