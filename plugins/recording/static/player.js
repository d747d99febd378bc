// SPDX-License-Identifier: Apache-2.0
// Plays what there is of a recording: the growing pieces of a class, then the film, at the same place in it.
//
// Pieces are put together by the page (pieces.js). Where the browser lets no page do that, it may play the playlist
// itself (HLS); where it can do neither, one waits for the film.

import { Pieces } from "./pieces.js";

/** Seconds behind the newest picture from which one is no longer "live". */
const BEHIND = 25;
const HLS = "application/vnd.apple.mpegurl";

/** Event `live`: `isBehind` may be another. */
export class Player extends EventTarget {
  video;
  /** What is played: nothing, "pieces", "playlist" or "film". */
  playing = null;
  #base;
  #failed;
  #pieces = null;

  /**
   * @param {HTMLVideoElement} video
   * @param {string} base where everything of this recording is
   * @param {(text: string) => void} failed says what went wrong
   */
  constructor(video, base, failed) {
    super();
    [this.video, this.#base, this.#failed] = [video, base, failed];
    video.addEventListener("error", () => this.#tellError());
    for (const type of ["timeupdate", "seeked", "durationchange"]) {
      video.addEventListener(type, () => this.dispatchEvent(new Event("live")));
    }
  }

  canPlayPieces(codecs) {
    return Pieces.canPlay(codecs) || this.video.canPlayType(HLS) !== "";
  }

  /** Whether the class goes on, and one looks at something earlier. */
  get isBehind() {
    return this.#end - this.video.currentTime > BEHIND;
  }

  /** Have the best played that there is; called again and again while a recording comes along. */
  async play({ film, live, codecs, state }) {
    if (film) return this.#playFilm();
    if (!live || this.playing === "film") return;
    if (this.playing === null && Pieces.canPlay(codecs)) {
      this.playing = "pieces";
      this.#pieces = new Pieces(this.video, `${this.#base}live.m3u8`, codecs);
      await this.#pieces.start({ atEnd: state === "RECORDING" });
    } else if (this.playing === "pieces") {
      await this.#pieces.update();
    } else if (this.playing === null && this.video.canPlayType(HLS)) {
      this.playing = "playlist";
      this.video.src = `${this.#base}live.m3u8`;
    }
    this.dispatchEvent(new Event("live"));
  }

  seek(time) {
    this.video.currentTime = Math.min(time, this.#seekable);
    this.video.play().catch(() => {}); // not without a click; there are buttons for it
  }

  toLive() {
    this.seek(this.#end - 1);
  }

  /** The newest second of a class that goes on. */
  get #end() {
    if (this.playing === "pieces") return this.#pieces.end;
    return this.playing === "playlist" ? this.#seekable : -Infinity;
  }

  get #seekable() {
    const { seekable } = this.video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : Infinity;
  }

  #playFilm() {
    if (this.playing === "film") return;
    const { video } = this;
    const [time, goesOn] = [this.playing === null ? 0 : video.currentTime, this.playing !== null && !video.paused];
    this.#pieces?.stop();
    this.#pieces = null;
    this.playing = "film";
    video.src = `${this.#base}film.mp4`;
    if (time > 0) video.currentTime = time; // kept by the browser until it knows the film
    if (goesOn) video.play().catch(() => {});
    this.dispatchEvent(new Event("live"));
  }

  #tellError() {
    const { error } = this.video;
    if (error === null || this.video.src === "") return;
    const isLost = error.code === MediaError.MEDIA_ERR_NETWORK;
    this.#failed(isLost ? "The connection was lost. Load the page again to go on." : `The film cannot be played: ${error.message}`);
  }
}
