// SPDX-License-Identifier: Apache-2.0
// Whether the class is recorded: asked for on each connection, then kept up by events. Draws nothing; says `change`.

const LEADING = ["instructor", "assistant"];

/**
 * @typedef {object} Status
 * @property {"off"|"recording"|"paused"} state
 * @property {string|null} recording_id
 * @property {string|null} started_at
 * @property {string} notice what everybody has to be told
 * @property {{code: string, message: string}|null} problem
 */

export class ClassState extends EventTarget {
  /** @type {Status|null} null until known */
  status = null;
  #room;
  /** An event while a question was on its way is newer than its answer. */
  #heard = false;

  constructor(room) {
    super();
    this.#room = room;
    room.on("RecordingChanged", (event) => {
      this.#heard = true;
      this.#set(event);
    });
    room.on("RoleChanged", () => this.#tell(this.status));
    room.on("state", () => room.podium.state === "connected" && this.#ask());
    this.#ask();
  }

  get state() {
    return this.status?.state ?? "off";
  }

  get leads() {
    return LEADING.includes(this.#room.role);
  }

  /** Have the host do something with the recording of this class. */
  async call(operation, fields = {}) {
    await this.#room.call(operation, { session_id: this.#room.sessionId, ...fields });
  }

  async #ask() {
    this.#heard = false;
    try {
      const status = await this.#room.call("GetRecordingStatus", { session_id: this.#room.sessionId });
      if (!this.#heard) this.#set(status);
    } catch (error) {
      if (error.code !== "disconnected") throw error;
    }
  }

  #set(status) {
    const before = this.status;
    this.status = status;
    this.#tell(before);
  }

  #tell(before) {
    this.dispatchEvent(new CustomEvent("change", { detail: { before, now: this.status } }));
  }
}
