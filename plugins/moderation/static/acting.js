// SPDX-License-Identifier: Apache-2.0
// Doing something in the class: what the host refuses is shown, and what is hard to undo is asked once more.

/** @typedef {{key: string, label: string, danger?: boolean, run: () => unknown}} Action */

export class Acting {
  #room;
  #state;
  #question = null;

  constructor(room, state) {
    this.#room = room;
    this.#state = state;
  }

  /** Have the host do it; tells what it refuses. */
  async call(operation, fields = {}) {
    try {
      await this.#room.call(operation, { session_id: this.#room.sessionId, ...fields });
    } catch (error) {
      this.#room.notify(asSentence(error.message));
    }
  }

  /** The same where no event tells that lists have changed. */
  async callAndLook(operation, fields) {
    await this.call(operation, fields);
    await this.#state.ask();
  }

  /** Ask before doing it; one question at a time. */
  confirm(question, label, run) {
    this.#question?.close();
    this.#question = this.#room.notify(question, [{ label, run }, { label: "Cancel", run() {} }], { sticky: true });
  }
}

/** The host's messages are made to be quoted: `nobody may remove themselves`. */
function asSentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
