// SPDX-License-Identifier: Apache-2.0
// Pieces of a class as one picture (Media Source Extensions): those around the place one looks at are fetched and put
// in, those long past are taken out again. A playlist says which there are; it grows while the class goes on.

import { readPlaylist } from "./playlist.js";

const AHEAD = 30; // seconds to have in advance
const PAST = 60; // seconds to keep of what was seen
const CLOSE = 12; // seconds before the end of a class at which one begins

export class Pieces {
  /** The end of the newest piece, in seconds. */
  end = 0;
  #video;
  #address;
  #type;
  #source;
  #buffer = null;
  /** What the playlist says, with `begins` in seconds. */
  #pieces = [];
  #header = null;
  /** Addresses of the pieces that are in, by number. @type {Map<number, string>} */
  #there = new Map();
  #ended = false;
  #filling = false;
  #stopping = new AbortController();

  static canPlay(codecs) {
    return codecs !== null && Boolean(sourceClass()?.isTypeSupported(typeOf(codecs)));
  }

  constructor(video, address, codecs) {
    [this.#video, this.#address, this.#type] = [video, new URL(address, location.href), typeOf(codecs)];
  }

  /** @param {{atEnd: boolean}} where to begin */
  async start({ atEnd }) {
    await this.#read();
    this.#source = new (sourceClass())();
    const opened = new Promise((resolve) => this.#source.addEventListener("sourceopen", resolve, { once: true }));
    this.#video.disableRemotePlayback = true; // which ManagedMediaSource asks for
    this.#video.src = URL.createObjectURL(this.#source);
    await opened;
    URL.revokeObjectURL(this.#video.src);
    if (this.#stopping.signal.aborted) return;
    this.#buffer = this.#source.addSourceBuffer(this.#type);
    await this.#put(await this.#fetch(this.#header));
    this.#source.duration = this.end;
    if (atEnd) this.#video.currentTime = Math.max(0, this.end - CLOSE);
    for (const type of ["timeupdate", "seeking", "waiting", "play"]) {
      this.#video.addEventListener(type, () => this.#fill(), { signal: this.#stopping.signal });
    }
    this.#fill();
    if (atEnd) this.#video.play().catch(() => {}); // not without a click; there are buttons for it
  }

  /** Look for new pieces. */
  async update() {
    await this.#read();
    await this.#fill();
  }

  stop() {
    this.#stopping.abort();
  }

  async #read() {
    const response = await fetch(this.#address, { credentials: "omit", signal: this.#stopping.signal });
    if (!response.ok) return; // the pieces are gone: the film is there, or the page says what is wrong
    const { header, pieces, ended } = readPlaylist(await response.text(), this.#address);
    [this.#header, this.#pieces, this.#ended] = [header, pieces, ended];
    this.end = pieces.reduce((end, { duration }) => end + duration, 0);
  }

  /** Put in what is missing around the place one looks at, one piece after another. */
  async #fill() {
    if (this.#filling || this.#buffer === null) return;
    this.#filling = true;
    try {
      this.#grow();
      for (let next = this.#wanted(); next !== null; next = this.#wanted()) {
        await this.#forget();
        await this.#put(await this.#fetch(next.address));
        this.#there.set(next.number, next.address);
        this.#grow();
      }
    } catch (error) {
      if (error.name === "QuotaExceededError") await this.#forgetAll();
      else if (!this.#isOver) console.warn("A piece cannot be had; it is tried again.", error);
    } finally {
      this.#filling = false;
    }
  }

  get #isOver() {
    return this.#stopping.signal.aborted || this.#source.readyState === "closed";
  }

  /** The first that is missing, null when there is none. */
  #wanted() {
    if (this.#isOver) return null;
    const from = this.#video.currentTime;
    const near = this.#pieces.filter(({ begins, duration }) => begins + duration > from && begins < from + AHEAD);
    return near.find(({ number, address }) => this.#there.get(number) !== address) ?? null;
  }

  /** The duration is what there is by now; it is all when the playlist says so. */
  #grow() {
    if (this.#isOver || this.#buffer.updating) return;
    const last = this.#pieces.at(-1);
    const isWhole = this.#ended && this.#there.get(last?.number) === last?.address;
    if (this.#source.readyState === "open" && this.end > this.#source.duration) this.#source.duration = this.end;
    if (isWhole && this.#source.readyState === "open") this.#source.endOfStream();
  }

  /** Take out what was seen long ago. */
  async #forget() {
    const before = this.#video.currentTime - PAST;
    const past = this.#pieces.filter(({ number, begins, duration }) => this.#there.has(number) && begins + duration < before);
    if (past.length > 0) await this.#take(past);
  }

  async #forgetAll() {
    const here = this.#video.currentTime;
    const others = this.#pieces.filter(({ begins, duration }) => begins + duration < here || begins > here + AHEAD);
    await this.#take(others.filter(({ number }) => this.#there.has(number)));
  }

  async #take(pieces) {
    for (const { number, begins, duration } of pieces) {
      this.#there.delete(number);
      await this.#change(() => this.#buffer.remove(begins, begins + duration));
    }
  }

  async #fetch(address) {
    const response = await fetch(address, { credentials: "omit", signal: this.#stopping.signal });
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return response.arrayBuffer();
  }

  async #put(bytes) {
    await this.#change(() => this.#buffer.appendBuffer(bytes));
  }

  /** One change at a time; resolves when it is done. */
  #change(act) {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(new DOMException("The player has ended.", "AbortError"));
      const settling = new AbortController();
      const settle = (act) => () => {
        settling.abort();
        act();
      };
      this.#buffer.addEventListener("updateend", settle(resolve), { signal: settling.signal });
      this.#buffer.addEventListener("error", settle(() => reject(new Error("The browser refuses a piece."))), { signal: settling.signal });
      try {
        act();
      } catch (error) {
        settling.abort();
        reject(error);
      }
    });
  }
}

/** Where there is no other, that of iPhones. */
function sourceClass() {
  return globalThis.MediaSource ?? globalThis.ManagedMediaSource;
}

function typeOf(codecs) {
  return `video/mp4; codecs="${codecs}"`;
}
