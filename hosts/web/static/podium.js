// SPDX-License-Identifier: Apache-2.0
// The client library of Podium. Any page can use it:
//
//   import { Podium } from "/static/podium.js";
//   const podium = new Podium();
//   podium.addEventListener("change", () => render(podium.participants, podium.slots));
//   await podium.join({ sessionId: "algebra", displayName: "Ada" });
//   await podium.setMicrophone(true);
//   const { participants } = await podium.call("GetRoom", { session_id: "algebra" });
//
// `call` asks for any operation of the host, the core's or a plugin's (`/api` lists them). Events that plugins declare are
// dispatched under their own names, like those of the room.

import { openDevice } from "./devices.js";
import { MediaSession } from "./media.js";
import { HANDLERS } from "./people.js";
import { Players } from "./players.js";
import { PodiumError, Signaling } from "./signaling.js";
import { OwnSources } from "./sources.js";

export { openDevice, PodiumError };

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

/**
 * One participant's presence in one session, kept up over lost connections until `leave`.
 *
 * Events:
 * - `change`: anything below may have changed; render again
 * - `state`: `state` has changed
 * - `left` (detail: `{reason, message}`): the presence is over, by one's own wish or not
 * - `switchedoff` (detail: `{source, error, guarded}`): a source of one's own was switched off, not by oneself
 * - `audioblocked`: the browser wants a click before it plays sound; call `resumeAudio` from one
 * - `error` (detail: a PodiumError): something was refused
 * - every event of the room under its own name (`ParticipantJoined`, `Speaking`, ...; detail: the message)
 */
export class Podium extends EventTarget {
  /** @type {"idle"|"connecting"|"waiting"|"connected"|"reconnecting"|"left"} */
  state = "idle";
  /** What the host says to somebody who has to wait before being let in, also while reconnecting then. @type {string|null} */
  waitingMessage = null;
  /** One's own id, once joined. @type {string|null} */
  participantId = null;
  /** The session and one's role in it, once joined; the host has the last word on both, at any time. @type {string|null} */
  sessionId = null;
  /** @type {"instructor"|"assistant"|"student"|"observer"|null} */
  role = null;
  /** The others, in the order of joining. @type {Map<string, import("./people.js").Participant>} */
  participants = new Map();
  /** Who speaks loudest. @type {string|null} */
  speaker = null;
  #url;
  #counts;
  #iceServers;
  #identity = null;
  /** Whether the token in `#identity` came from the host, so as to come back as the same person. */
  #lent = false;
  /** The token that one came with at first. */
  #link = undefined;
  #signaling = null;
  #media = null;
  #negotiation = Promise.resolve();
  #players = new Players(() => this.dispatchEvent(new Event("audioblocked")));
  #own = new OwnSources({
    send: async (name, track) => this.#media?.send(name, track),
    mute: (source, muted) => this.#mute(source, muted),
    switchedOff: (detail) => this.dispatchEvent(new CustomEvent("switchedoff", { detail })),
    changed: () => this.#changed(),
  });
  #shown = null;
  #hurry = null;
  /** Why the presence is over. @type {PodiumError|null} */
  #ending = null;

  /**
   * @param {object} [options]
   * @param {string|URL} [options.url] of the signaling socket; by default that of the page's own host
   * @param {number} [options.audioSlots] how many people can be heard at once
   * @param {number} [options.videoSlots] how many can be seen at once, to begin with
   * @param {RTCIceServer[]} [options.iceServers] besides those that the host names; only TURN is of use
   */
  constructor({ url, audioSlots = 3, videoSlots = 9, iceServers = [] } = {}) {
    super();
    this.#url = url ?? new URL("/signal", location.href.replace(/^http/, "ws"));
    this.#counts = { audioSlots, videoSlots };
    this.#iceServers = iceServers;
  }

  /**
   * Enter a session. Tracks in `local` are sent from the start; without any, one listens only.
   * @param {object} options
   * @param {string} options.sessionId
   * @param {string} options.displayName
   * @param {string} [options.participantId] to be the same person as before
   * @param {string} [options.token]
   * @param {string} [options.wayBack] a token that the host lent earlier (`wayBack`), tried before `token`
   * @param {string} [options.role]
   * @returns {Promise<void>} when let in and negotiated, which may take long while `state` is "waiting"; rejects with
   *   PodiumError
   */
  async join({ sessionId, displayName, participantId, token, wayBack, role }) {
    if (this.state !== "idle" && this.state !== "left") throw new PodiumError("already_joined", "Already joined.");
    this.#identity = { session_id: sessionId, display_name: displayName, participant_id: participantId, role };
    this.#identity.token = wayBack ?? token;
    this.#lent = Boolean(wayBack);
    this.#link = token;
    this.#ending = null;
    this.#setState("connecting");
    try {
      await this.#connect();
    } catch (error) {
      if (this.state !== "waiting" || !TRANSIENT.has(codeOf(error))) throw this.#fail(error);
      await this.#reconnect();
    }
  }

  /**
   * One's own tracks; `screenAudio` is the sound of a shared tab. Put some in before `join` to send them from the start.
   * @returns {Record<"microphone"|"camera"|"screen"|"screenAudio", MediaStreamTrack|null>}
   */
  get local() {
    return this.#own.tracks;
  }

  /** Sources of one's own that the host does not forward: muted by whoever leads. @returns {Set<string>} */
  get blocked() {
    return this.#own.blocked;
  }

  /** Slots by mid: who is in each, and a stream that plays them. @type {Map<string, import("./media.js").Slot>} */
  get slots() {
    return this.#media?.slots ?? new Map();
  }

  /** The token that the host lent to who came without one that names them: to be the same person after a reload. */
  get wayBack() {
    return this.#lent ? this.#identity.token : undefined;
  }

  /** The RTCPeerConnection of the moment, for statistics. */
  get connection() {
    return this.#media?.connection ?? null;
  }

  /** @returns {MediaStream|null} what plays this participant's camera or screen now */
  streamOf(participantId, source) {
    for (const slot of this.slots.values()) {
      if (slot.kind === "video" && slot.participantId === participantId && slot.source === source) return slot.stream;
    }
    return null;
  }

  /**
   * Choose who is seen. The first call ends the host's own choice; slots not named stay as they are.
   * @param {{mid: string, participantId?: string|null, source?: "camera"|"screen", maxHeight?: number|null}[]} slots
   */
  show(slots) {
    this.#shown ??= new Map();
    for (const slot of slots) this.#shown.set(slot.mid, slot);
    this.#signaling?.send({ type: "Show", slots: slots.map(asShown) });
  }

  /** Have at least this many video slots; one more negotiation if there are fewer. */
  async ensureVideoSlots(count) {
    const missing = count - (this.#media?.videoSlots ?? count);
    this.#counts.videoSlots = Math.max(count, this.#counts.videoSlots);
    if (missing <= 0) return;
    this.#media.addVideoSlots(missing);
    await this.#negotiate();
  }

  /** Speak or be silent. The device stays open while silent, so that speaking again is immediate. */
  async setMicrophone(on) {
    await this.#own.set("microphone", on);
  }

  /** Be seen or not. Off switches the device off, its light included. */
  async setCamera(on) {
    await this.#own.set("camera", on);
  }

  /** Show one's screen, with the sound of a tab, or stop; the browser asks which. */
  async setScreen(on) {
    await this.#own.set("screen", on);
  }

  /** Whether this source of one's own is on. */
  isOn(source) {
    return this.#own.isOn(source);
  }

  /** @returns {string|null} why this source of one's own cannot be switched on now, for people */
  unavailable(source) {
    return this.#own.unavailable(source);
  }

  /**
   * Have a source of one's own guarded; one guard at most for each.
   * @param {"microphone"|"camera"|"screen"} source
   * @param {object} guard
   * @param {(track: MediaStreamTrack, details: {hasAudio: boolean}) => Promise<void>} [guard.start] awaited when the
   *   device was picked and before anything is sent, and again on each new connection while the source is on. Throwing a
   *   PodiumError refuses: the track is stopped
   * @param {() => Promise<void>} [guard.stop] called when the source has ended on this side, for whatever reason
   * @returns {import("./guards.js").Guard}
   */
  guard(source, { start, stop } = {}) {
    return this.#own.guard(source, { start, stop });
  }

  /** Play what the browser did not let sound before; call it from a click. */
  async resumeAudio() {
    await this.#players.resume();
  }

  /**
   * Ask the host for an operation, in one's own name.
   * @param {string} name such as "CloseRoom"
   * @param {object} [fields] of the request
   * @returns {Promise<object>} the response with its fields; rejects with PodiumError when it is refused, when it fails
   *   or when the connection is lost before the answer
   */
  call(name, fields = {}) {
    if (!this.#signaling) return Promise.reject(new PodiumError("disconnected", "There is no connection to the host."));
    return this.#signaling.request({ ...fields, type: name });
  }

  /** Leave. The tracks in `local` are stopped. */
  leave() {
    this.#own.end();
    this.#signaling?.send({ type: "Leave" });
    this.#end(new PodiumError("left", "Left."));
    this.#changed();
  }

  async #connect() {
    this.#disconnect();
    const signaling = new Signaling();
    this.#signaling = signaling;
    signaling.addEventListener("message", ({ detail }) => this.#receive(detail));
    signaling.addEventListener("close", () => this.#lost(signaling));
    await signaling.open(this.#url);
    const joined = await this.#enter(signaling);
    this.#identity.participant_id = joined.participant_id;
    if (joined.token) {
      this.#identity.token = joined.token;
      this.#lent = true;
    }
    const iceServers = [...this.#iceServers, ...joined.configuration.ice_servers];
    this.#media = new MediaSession({ ...this.#counts, iceServers, tracks: this.#own.unguarded() });
    this.#media.addEventListener("failed", () => this.#restart());
    await this.#negotiate();
    if (this.#signaling !== signaling) throw new PodiumError("left", "Left while connecting.");
    this.waitingMessage = null;
    this.#setState("connected");
    this.#repeatWishes();
    this.#own.resume();
  }

  /** A token that the host lent is worth nothing once the host has restarted; then one joins as at first. */
  async #enter(signaling) {
    try {
      return await signaling.ask({ type: "Join", ...this.#identity }, "Joined");
    } catch (error) {
      if (!this.#lent || !codeOf(error).startsWith("token_")) throw error;
      this.#identity.token = this.#link;
      this.#lent = false;
      return signaling.ask({ type: "Join", ...this.#identity }, "Joined");
    }
  }

  #disconnect() {
    this.#signaling?.close();
    this.#media?.close();
    this.#players.clear();
    this.#signaling = this.#media = null;
  }

  /** One negotiation at a time, in order. */
  #negotiate(options) {
    const [signaling, media] = [this.#signaling, this.#media];
    const turn = this.#negotiation.catch(() => {}).then(async () => {
      const offer = await media.offer(options);
      const answer = await signaling.ask({ type: "Offer", ...offer }, "Answer");
      await media.accept(answer.sdp);
      this.#players.play(this.slots.values());
      this.#changed();
    });
    this.#negotiation = turn;
    return turn;
  }

  /** After an interruption of the transport: the same session over a new path. */
  async #restart() {
    const signaling = this.#signaling;
    try {
      await this.#negotiate({ iceRestart: true });
    } catch {
      signaling?.close();
      this.#lost(signaling);
    }
  }

  #lost(signaling) {
    if (signaling !== this.#signaling || this.state !== "connected") return;
    this.#reconnect().catch(() => {}); // `left` says why
  }

  /** Try until it succeeds or there is no sense in trying; then rejects with what `left` says. */
  async #reconnect() {
    this.#setState("reconnecting");
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, LONGEST_DELAY)) {
      await this.#pause(delay * (0.5 + Math.random()));
      if (this.state !== "reconnecting") throw this.#ending;
      try {
        return await this.#connect();
      } catch (error) {
        if (this.state === "left" || !TRANSIENT.has(codeOf(error))) throw this.#fail(error);
        if (this.state === "waiting") delay = FIRST_DELAY;
        this.#setState("reconnecting");
      }
    }
  }

  /** @returns {PodiumError} why the presence is over: this, or what had ended it before */
  #fail(error) {
    this.#end(error);
    return this.#ending;
  }

  /** Wait, but no longer than until the network is back. */
  #pause(milliseconds) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      addEventListener("online", done);
      this.#hurry = done;
    });
  }

  /** What was said on an earlier connection and the host no longer knows. */
  #repeatWishes() {
    for (const source of ["microphone", "camera"]) if (!this.isOn(source)) this.#mute(source, true);
    if (this.#shown) this.show([...this.#shown.values()].filter(({ mid }) => this.slots.has(mid)));
  }

  #receive(message) {
    HANDLERS[message.type]?.(this, message);
    if (message.type === "Joined") this.#own.replaceBlocked(message.blocked ?? []);
    if (message.type === "TrackBlocked") this.#blocked(message);
    if (message.type === "Waiting") this.#wait(message);
    if (message.type === "Showing") this.#media?.showing(message.slots);
    if (message.type === "Left") this.#left(message.reason);
    if (message.type === "ConnectionState") this.#transport(message.state);
    if (message.type === "Error") {
      const error = new PodiumError(message.code, message.message, message.field);
      this.dispatchEvent(new CustomEvent("error", { detail: error }));
    } else {
      this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
    }
    this.#changed();
  }

  #blocked({ participant_id, source, blocked }) {
    if (participant_id === this.participantId) this.#own.setBlocked(source, blocked);
  }

  /** Until the host sends `Joined`, or refuses. */
  #wait({ participant_id }) {
    this.#identity.participant_id = participant_id;
    this.#setState("waiting");
  }

  #left(reason) {
    if (reason !== "too_slow") this.#end(new PodiumError(reason, ""));
  }

  /** The host gave up the transport: only a new connection brings media back. */
  #transport(state) {
    if (state !== "failed" && state !== "closed") return;
    const signaling = this.#signaling;
    signaling?.close();
    this.#lost(signaling);
  }

  /** What was opened before a failed first attempt stays open: one tries again. */
  #end(error) {
    if (this.state === "left") return;
    this.#ending = error;
    if (this.state !== "connecting") this.#own.end();
    this.waitingMessage = null;
    this.#setState("left");
    this.#hurry?.();
    this.#disconnect();
    this.participants.clear();
    this.#shown = null;
    const message = error instanceof PodiumError ? error.message : "";
    this.dispatchEvent(new CustomEvent("left", { detail: { reason: codeOf(error), message } }));
  }

  #mute(source, muted) {
    if (this.state === "connected") this.#signaling?.send({ type: "Mute", source, muted });
    this.#changed();
  }

  #setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Failures after which trying again makes sense; `undecided`: a plugin that should have decided could not. */
const TRANSIENT = new Set(["unreachable", "disconnected", "participant_exists", "role_taken", "undecided"]);

function codeOf(error) {
  return error instanceof PodiumError ? error.code : "failed";
}

function asShown({ mid, participantId = null, source = "camera", maxHeight = null }) {
  return { mid, participant_id: participantId, source, max_height: maxHeight };
}
