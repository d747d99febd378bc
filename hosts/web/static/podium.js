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
import { PodiumError, Signaling } from "./signaling.js";

export { openDevice, PodiumError };

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

/**
 * @typedef {object} Participant
 * @property {string} participantId
 * @property {string} displayName
 * @property {string} role
 * @property {Map<string, {kind: string, width: number|null, height: number|null}>} tracks published, by source
 * @property {Set<string>} muted sources that they switched off
 */

/**
 * One participant's presence in one session, kept up over lost connections until `leave`.
 *
 * Events:
 * - `change`: anything below may have changed; render again
 * - `state`: `state` has changed
 * - `left` (detail: `{reason}`): the presence is over, by one's own wish or not
 * - `audioblocked`: the browser wants a click before it plays sound; call `resumeAudio` from one
 * - `error` (detail: a PodiumError): something was refused
 * - every event of the room under its own name (`ParticipantJoined`, `Speaking`, ...; detail: the message)
 */
export class Podium extends EventTarget {
  /** @type {"idle"|"connecting"|"connected"|"reconnecting"|"left"} */
  state = "idle";
  /** One's own id, once joined. @type {string|null} */
  participantId = null;
  /** The session and one's role in it, once joined; the host has the last word on both. @type {string|null} */
  sessionId = null;
  /** @type {"instructor"|"assistant"|"student"|"observer"|null} */
  role = null;
  /** The others, in the order of joining. @type {Map<string, Participant>} */
  participants = new Map();
  /** Who speaks loudest. @type {string|null} */
  speaker = null;
  /** One's own tracks. @type {{microphone: MediaStreamTrack|null, camera: MediaStreamTrack|null, screen: MediaStreamTrack|null}} */
  local = { microphone: null, camera: null, screen: null };

  #url;
  #counts;
  #iceServers;
  #identity = null;
  /** Whether the token in `#identity` came from the host, so as to come back in the same role. */
  #lent = false;
  #signaling = null;
  #media = null;
  #negotiation = Promise.resolve();
  #players = new Map();
  #shown = null;
  #hurry = null;

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
   * @param {string} [options.role]
   * @returns {Promise<void>} when negotiated; rejects with PodiumError
   */
  async join({ sessionId, displayName, participantId, token, role }) {
    if (this.state !== "idle" && this.state !== "left") throw new PodiumError("already_joined", "Already joined.");
    this.#identity = { session_id: sessionId, display_name: displayName, participant_id: participantId, token, role };
    this.#lent = false;
    this.#setState("connecting");
    try {
      await this.#connect();
    } catch (error) {
      this.#end(codeOf(error));
      throw error;
    }
  }

  /** Slots by mid: who is in each, and a stream that plays them. @type {Map<string, import("./media.js").Slot>} */
  get slots() {
    return this.#media?.slots ?? new Map();
  }

  /** The RTCPeerConnection of the moment, for statistics. */
  get connection() {
    return this.#media?.connection ?? null;
  }

  /** @returns {MediaStream|null} what plays this participant's camera or screen now */
  streamOf(participantId, source) {
    for (const slot of this.slots.values()) {
      if (slot.participantId === participantId && slot.source === source) return slot.stream;
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
    if (on && !this.local.microphone) await this.#send("microphone", await openDevice("microphone"));
    if (this.local.microphone) this.local.microphone.enabled = on;
    this.#mute("microphone", !on);
  }

  /** Be seen or not. Off switches the device off, its light included. */
  async setCamera(on) {
    await this.#setVideo("camera", on);
  }

  /** Show one's screen or stop; the browser asks which. */
  async setScreen(on) {
    await this.#setVideo("screen", on);
  }

  /** Whether this source of one's own is on. */
  isOn(source) {
    return this.local[source]?.readyState === "live" && this.local[source].enabled;
  }

  /** Play what the browser did not let sound before; call it from a click. */
  async resumeAudio() {
    await Promise.all([...this.#players.values()].map((player) => player.play()));
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
    this.#signaling?.send({ type: "Leave" });
    this.#end("left");
    for (const source of Object.keys(this.local)) this.#replaceLocal(source, null);
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
    this.#media = new MediaSession({ ...this.#counts, iceServers, tracks: this.local });
    this.#media.addEventListener("failed", () => this.#restart());
    await this.#negotiate();
    if (this.#signaling !== signaling) throw new PodiumError("left", "Left while connecting.");
    this.#setState("connected");
    this.#repeatWishes();
  }

  /** A token that the host lent is worth nothing once the host has restarted; then one joins as at first. */
  async #enter(signaling) {
    try {
      return await signaling.ask({ type: "Join", ...this.#identity }, "Joined");
    } catch (error) {
      if (!this.#lent || !codeOf(error).startsWith("token_")) throw error;
      this.#identity.token = undefined;
      this.#lent = false;
      return signaling.ask({ type: "Join", ...this.#identity }, "Joined");
    }
  }

  #disconnect() {
    this.#signaling?.close();
    this.#media?.close();
    for (const player of this.#players.values()) player.srcObject = null;
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
      this.#playAudio();
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

  async #lost(signaling) {
    if (signaling !== this.#signaling || this.state !== "connected") return;
    this.#setState("reconnecting");
    for (let delay = FIRST_DELAY; this.state === "reconnecting"; delay = Math.min(2 * delay, LONGEST_DELAY)) {
      await this.#pause(delay * (0.5 + Math.random()));
      if (this.state !== "reconnecting") return;
      try {
        await this.#connect();
      } catch (error) {
        if (!TRANSIENT.has(codeOf(error))) this.#end(codeOf(error));
      }
    }
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

  #left(reason) {
    if (reason !== "too_slow") this.#end(reason);
  }

  /** The host gave up the transport: only a new connection brings media back. */
  #transport(state) {
    if (state !== "failed" && state !== "closed") return;
    const signaling = this.#signaling;
    signaling?.close();
    this.#lost(signaling);
  }

  #end(reason) {
    if (this.state === "left") return;
    this.#setState("left");
    this.#hurry?.();
    this.#disconnect();
    this.participants.clear();
    this.#shown = null;
    this.dispatchEvent(new CustomEvent("left", { detail: { reason } }));
  }

  async #setVideo(source, on) {
    if (on === this.isOn(source)) return;
    await this.#send(source, on ? await openDevice(source) : null);
    this.#mute(source, !on);
  }

  async #send(source, track) {
    this.#replaceLocal(source, track);
    if (track) track.onended = () => this.#setVideo(source, false);
    await this.#media?.send(source, track);
  }

  #replaceLocal(source, track) {
    const previous = this.local[source];
    if (previous) previous.onended = null;
    previous?.stop();
    this.local[source] = track;
  }

  #mute(source, muted) {
    this.#signaling?.send({ type: "Mute", source, muted });
    this.#changed();
  }

  #playAudio() {
    for (const slot of this.slots.values()) {
      if (slot.kind !== "audio" || this.#players.has(slot.mid)) continue;
      const player = new Audio();
      player.srcObject = slot.stream;
      this.#players.set(slot.mid, player);
      player.play().catch((error) => {
        if (error.name === "NotAllowedError") this.dispatchEvent(new Event("audioblocked"));
      });
    }
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

/** Failures after which trying again makes sense. */
const TRANSIENT = new Set(["unreachable", "disconnected", "participant_exists", "role_taken"]);

/** How events of the room change what the library knows of it. */
const HANDLERS = {
  Joined(podium, { session_id, participant_id, role, participants }) {
    Object.assign(podium, { sessionId: session_id, participantId: participant_id, role });
    podium.speaker = null;
    podium.participants = new Map(participants.map((info) => [info.participant_id, asParticipant(info)]));
  },
  ParticipantJoined(podium, { participant }) {
    podium.participants.set(participant.participant_id, asParticipant(participant));
  },
  ParticipantLeft(podium, { participant_id }) {
    podium.participants.delete(participant_id);
  },
  TrackPublished(podium, { participant_id, source, kind, width, height, muted }) {
    const participant = podium.participants.get(participant_id);
    participant?.tracks.set(source, { kind, width, height });
    if (!muted) participant?.muted.delete(source);
  },
  TrackUnpublished(podium, { participant_id, source }) {
    podium.participants.get(participant_id)?.tracks.delete(source);
  },
  TrackMuted(podium, { participant_id, source, muted }) {
    const set = podium.participants.get(participant_id)?.muted;
    if (muted) set?.add(source);
    else set?.delete(source);
  },
  Speaking(podium, { participant_id }) {
    podium.speaker = participant_id;
  },
};

function asParticipant({ participant_id, display_name, role, tracks }) {
  return {
    participantId: participant_id,
    displayName: display_name,
    role,
    tracks: new Map(tracks.map(({ source, kind, width, height }) => [source, { kind, width, height }])),
    muted: new Set(tracks.filter(({ muted }) => muted).map(({ source }) => source)),
  };
}

function codeOf(error) {
  return error instanceof PodiumError ? error.code : "failed";
}

function asShown({ mid, participantId = null, source = "camera", maxHeight = null }) {
  return { mid, participant_id: participantId, source, max_height: maxHeight };
}
