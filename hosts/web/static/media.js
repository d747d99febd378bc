// SPDX-License-Identifier: Apache-2.0
// One RTCPeerConnection laid out the way Podium wants it: four sections to send (microphone, camera, screen and the
// sound of the screen), a few audio slots, as many video slots as there are tiles. Negotiated once; who is in a slot changes without negotiation.

/** Simulcast layers of the camera, the smallest first: 180p, 360p and 720p of a 1280x720 camera. */
const CAMERA_LAYERS = [
  { rid: "l", maxBitrate: 150_000 },
  { rid: "m", maxBitrate: 500_000 },
  { rid: "h", maxBitrate: 1_700_000 },
];

/** How many layers a camera of so many pixels gets. Chromium drops the last ones, the largest, when asked for more. */
const LAYERS_BY_PIXELS = [
  [960 * 540, 3],
  [480 * 270, 2],
  [0, 1],
];

/** One layer, few pictures a second: text has to stay legible. */
const SCREEN_LAYERS = [{ maxBitrate: 2_500_000, maxFramerate: 15 }];

/** What the host calls a source that has two tracks. */
const SOURCES = { screenAudio: "screen" };

/** Milliseconds for which a transport may be interrupted before it is restarted. */
const INTERRUPTION_LIMIT = 4000;

/**
 * @typedef {object} Slot
 * @property {string} mid
 * @property {"audio"|"video"} kind
 * @property {MediaStream} stream plays whoever is in the slot
 * @property {string|null} participantId
 * @property {string|null} source
 */

/** Events: `failed` when the transport needs an ICE restart. */
export class MediaSession extends EventTarget {
  /** @type {Map<string, Slot>} by mid; complete once the first offer was made */
  slots = new Map();
  #connection;
  #senders;
  #receivers = [];
  #interruption = 0;

  /**
   * @param {{audioSlots: number, videoSlots: number, iceServers: RTCIceServer[],
   *          tracks: Record<string, MediaStreamTrack|null>}} options
   */
  constructor({ audioSlots, videoSlots, iceServers, tracks }) {
    super();
    this.#connection = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.#connection.onconnectionstatechange = () => this.#watchConnection();
    this.#senders = {
      microphone: this.#addSender("audio", tracks.microphone, undefined),
      camera: this.#addSender("video", tracks.camera, cameraLayers(tracks.camera)),
      screen: this.#addSender("video", tracks.screen, SCREEN_LAYERS),
      screenAudio: this.#addSender("audio", tracks.screenAudio, undefined),
    };
    keepDetail(this.#senders.screen.sender);
    this.#addReceivers("audio", audioSlots);
    this.#addReceivers("video", videoSlots);
  }

  /** The RTCPeerConnection, for statistics. */
  get connection() {
    return this.#connection;
  }

  /** How many video slots there are, negotiated or about to be. */
  get videoSlots() {
    return this.#receivers.filter(({ kind }) => kind === "video").length;
  }

  /** Ask for more video slots with the next offer. */
  addVideoSlots(count) {
    this.#addReceivers("video", count);
  }

  /**
   * @param {{iceRestart?: boolean}} [options]
   * @returns {Promise<{sdp: string, sources: Record<string, string>}>} contents of an `Offer` message
   */
  async offer({ iceRestart = false } = {}) {
    const offer = await this.#connection.createOffer({ iceRestart });
    await this.#connection.setLocalDescription(offer);
    for (const { kind, transceiver } of this.#receivers) this.#addSlot(kind, transceiver);
    const sources = Object.entries(this.#senders).map(([name, { mid }]) => [mid, SOURCES[name] ?? name]);
    return { sdp: this.#connection.localDescription.sdp, sources: Object.fromEntries(sources) };
  }

  /** Apply the SDP of an `Answer`. */
  async accept(sdp) {
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Send this track, or nothing, as one's microphone, camera, screen or screenAudio. Needs no negotiation. */
  async send(name, track) {
    const { sender } = this.#senders[name];
    if (name === "camera" && track) {
      const parameters = sender.getParameters();
      const layers = cameraLayers(track);
      parameters.encodings.forEach((encoding, index) => Object.assign(encoding, layers[index]));
      await sender.setParameters(parameters);
    }
    await sender.replaceTrack(track);
  }

  /** Take over the contents of a `Showing` message. */
  showing(contents) {
    for (const { mid, participant_id, source } of contents) {
      const slot = this.slots.get(mid);
      if (slot) Object.assign(slot, { participantId: participant_id, source });
    }
  }

  close() {
    clearTimeout(this.#interruption);
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  #addSender(kind, track, sendEncodings) {
    return this.#connection.addTransceiver(track ?? kind, { direction: "sendonly", sendEncodings });
  }

  #addReceivers(kind, count) {
    for (let made = 0; made < count; made++) {
      this.#receivers.push({ kind, transceiver: this.#connection.addTransceiver(kind, { direction: "recvonly" }) });
    }
  }

  #addSlot(kind, { mid, receiver }) {
    if (this.slots.has(mid)) return;
    this.slots.set(mid, { mid, kind, stream: new MediaStream([receiver.track]), participantId: null, source: null });
  }

  #watchConnection() {
    clearTimeout(this.#interruption);
    const state = this.#connection.connectionState;
    const failed = () => this.dispatchEvent(new Event("failed"));
    if (state === "failed") failed();
    else if (state === "disconnected") this.#interruption = setTimeout(failed, INTERRUPTION_LIMIT);
  }
}

/** With too little bandwidth a screen loses pictures, not pixels. Browsers that do not know this ignore it. */
function keepDetail(sender) {
  const parameters = { ...sender.getParameters(), degradationPreference: "maintain-resolution" };
  sender.setParameters(parameters).catch((error) => console.warn("A screen may lose detail.", error));
}

/** Encodings for a camera: each layer halves the next, the last active one is the camera's own size. */
function cameraLayers(track) {
  const { width = 1280, height = 720 } = track?.getSettings() ?? {};
  const [, count] = LAYERS_BY_PIXELS.find(([pixels]) => width * height >= pixels);
  return CAMERA_LAYERS.map((layer, index) => ({
    ...layer,
    active: index < count,
    scaleResolutionDownBy: 2 ** Math.max(0, count - 1 - index),
  }));
}
