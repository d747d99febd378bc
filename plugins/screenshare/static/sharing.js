// SPDX-License-Identifier: Apache-2.0
// What this page knows of shared screens: the rules, who shares, who asks. Asked of the host anew whenever something
// has changed, so that two changes in a row cannot leave the page with half of each.

const EVENTS = [
  "ScreenShareStarted",
  "ScreenShareStopped",
  "ScreenShareRulesChanged",
  "ScreenShareRequested",
  "ScreenShareAllowed",
  "ParticipantLeft",
  "RoleChanged",
];

/** Event: `change`. */
export class Sharing extends EventTarget {
  /** The answer of `GetScreenShareRules`. */
  rules = null;
  /** Those of `ListScreenShares`. */
  shares = [];
  /** The id of one's own share, as long as this page sends it. */
  own = null;
  #room;
  #asking = false;
  #again = false;
  #closed = false;
  #stateChanged = () => {
    if (this.#room.podium.state === "connected") this.refresh();
    else this.own = null; // the host has ended it, or will when it learns of the lost connection
  };

  constructor(room) {
    super();
    this.#room = room;
    for (const type of EVENTS) room.on(type, () => this.refresh());
    room.podium.addEventListener("state", this.#stateChanged);
  }

  /** The shares of others. */
  get others() {
    return this.shares.filter(({ participant_id }) => participant_id !== this.#room.podium.participantId);
  }

  get requests() {
    return this.rules?.requests ?? [];
  }

  /** Ask the host: one question at a time, and once more when there was news meanwhile. */
  async refresh() {
    this.#again = this.#asking;
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    try {
      const fields = { session_id: this.#room.sessionId };
      const [rules, { shares }] = await Promise.all([
        this.#room.call("GetScreenShareRules", fields),
        this.#room.call("ListScreenShares", fields),
      ]);
      Object.assign(this, { rules, shares });
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      const gone = this.#closed || this.#room.podium.state !== "connected" || error.code === "disconnected";
      if (!gone) console.error("The rules of sharing cannot be read.", error);
    } finally {
      this.#asking = false;
      if (this.#again) this.refresh();
    }
  }

  close() {
    this.#closed = true;
    this.#room.podium.removeEventListener("state", this.#stateChanged);
  }
}
