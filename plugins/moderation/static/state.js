// SPDX-License-Identifier: Apache-2.0
// How the class stands: asked for on each connection and whenever one's role changes, then kept up by events, in their
// order. Draws nothing; says `change`.

const PAUSE = 500; // milliseconds in which several reasons to ask again become one question

/**
 * @typedef {{participant_id: string, display_name: string}} Somebody
 */

export class ClassState extends EventTarget {
  locked = false;
  waitingRoom = false;
  /** Whom everybody sees large. @type {{participant_id: string, source: string}|null} */
  spotlight = null;
  /** The queue of raised hands. @type {Somebody[]} */
  hands = [];
  /** The reactions that there are. @type {string[]} */
  reactions = [];
  /** What one may do oneself. @type {Set<string>} */
  may = new Set();
  /** Who waits to be let in; known to those who lead only. @type {(Somebody & {connected: boolean})[]} */
  waiting = [];
  /** Who cannot come in. @type {(Somebody & {kicked: boolean, banned: boolean, refused: boolean, reason: string})[]} */
  excluded = [];
  /** Ids of those whose promotion can be taken back. @type {Set<string>} */
  promoted = new Set();
  #room;
  /** What events have said while a question was on its way: they are newer than its answer. */
  #heard = new Set();
  #asking = false;
  #askAgain = false;
  #timer = 0;

  constructor(room) {
    super();
    this.#room = room;
    room.on("HandsChanged", ({ hands }) => this.#hear("hands", { hands }));
    room.on("WaitingChanged", ({ waiting }) => this.#hear("waiting", { waiting }));
    room.on("ModerationChanged", ({ locked, waiting_room }) => this.#hear("door", { locked, waitingRoom: waiting_room }));
    room.on("SpotlightChanged", ({ participant_id, source }) => {
      this.#hear("spotlight", { spotlight: participant_id && { participant_id, source } });
    });
    room.on("RoleChanged", () => this.#askSoon());
    room.on("ParticipantJoined", ({ participant }) => participant.role === "assistant" && this.#askSoon());
    room.on("ExcludedChanged", () => this.#askSoon());
    room.on("state", () => room.podium.state === "connected" && this.ask());
    this.ask();
  }

  /** Somebody's place in the queue of hands, from 1; 0 without a raised hand. */
  placeOf(participantId) {
    return this.hands.findIndex(({ participant_id }) => participant_id === participantId) + 1;
  }

  /** Stop asking. */
  end() {
    clearTimeout(this.#timer);
    this.#askAgain = false;
  }

  /** Ask how things are: one question at a time, and once more when there was a reason meanwhile. */
  async ask() {
    clearTimeout(this.#timer);
    this.#askAgain = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    this.#heard.clear();
    try {
      await this.#read();
    } catch (error) {
      if (error.code !== "disconnected") this.#room.notify(`How the class stands is not known: ${error.message}.`);
    } finally {
      this.#asking = false;
      if (this.#askAgain) this.ask();
    }
  }

  async #read() {
    const session = { session_id: this.#room.sessionId };
    const known = await this.#room.call("GetModeration", session);
    const may = new Set(known.may);
    const list = may.has("promote") && may.has("list") ? await this.#room.call("ListParticipants", session) : null;
    const promoted = list?.present.filter((each) => each.promoted).map(({ participant_id }) => participant_id);
    const { locked, waiting_room: waitingRoom, spotlight, hands, waiting, excluded, reactions } = known;
    const door = { locked, waitingRoom };
    const parts = { door, spotlight: { spotlight }, hands: { hands }, waiting: { waiting: waiting ?? [] } };
    for (const [part, values] of Object.entries(parts)) if (!this.#heard.has(part)) Object.assign(this, values);
    this.#set({ may, reactions, excluded: excluded ?? [], promoted: new Set(promoted) });
  }

  #hear(part, values) {
    this.#heard.add(part);
    this.#set(values);
  }

  #set(values) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(), PAUSE);
  }
}
