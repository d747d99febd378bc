// SPDX-License-Identifier: Apache-2.0
// What is known of a class's chat on this page: messages in their order, the rules, how many are unread.
//
// History comes from the operation ListChatMessages, news as events. Both may bring the same message, so messages are
// kept by id. What was read last is read again after a reconnection or a change of one's role, since messages may have
// come, been deleted, or be no longer for oneself.

const LEADING = ["instructor", "assistant"];
const PAGE = 50;
/** Messages that are read again after a reconnection; older ones can be asked for. */
const MOST_AGAIN = 300;
/** Messages on the page while it follows the class; older ones can be asked for. */
const MOST = 500;

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {Date} at
 * @property {{participant_id: string, display_name: string, role: string}} sender
 * @property {string|null} text null when it was deleted
 * @property {boolean} isPrivate
 * @property {{participant_id: string, display_name: string}|null} to
 * @property {{participant_id: string|null, display_name: string|null}|null} deleted
 */

/**
 * Events:
 * - `replaced`: all of `messages` may be others
 * - `prepended` (detail: Message[]), `appended` (detail: Message), `changed` (detail: Message)
 * - `rules`: the rules, one's role or the people in the room have changed
 * - `unread`: `unread` has changed
 */
export class Conversation extends EventTarget {
  /** @type {Message[]} */
  messages = [];
  /** Whether there are earlier ones. */
  more = false;
  /** @type {{enabled: boolean, public: string, private: boolean}|null} null until known */
  rules = null;
  /** Messages of others that came while nobody was looking. */
  unread = 0;
  /** Why nothing can be shown. @type {string|null} */
  failure = null;
  #room;
  #byId = new Map();
  #isWatched = false;
  /** Messages that came while history was being read. @type {Message[]|null} */
  #meanwhile = null;
  #again = false;
  /** What was deleted since the page was opened, by message id: a page that was read just before may still have it. */
  #deletions = new Map();

  constructor(room) {
    super();
    this.#room = room;
    room.on("MessageReceived", (event) => event.topic === "chat" && event.sender && this.#receive(this.#live(event)));
    room.on("ChatMessageDeleted", ({ message_id, deleted_by }) => this.#delete(message_id, deleted_by));
    room.on("ChatRulesChanged", ({ rules }) => this.#setRules(rules));
    room.on("RoleChanged", ({ participant_id }) => (participant_id === this.ownId ? this.load() : this.#tell("rules")));
    for (const type of ["ParticipantJoined", "ParticipantLeft"]) room.on(type, () => this.#tell("rules"));
    room.on("state", () => room.podium.state === "connected" && this.load());
  }

  get ownId() {
    return this.#room.podium.participantId;
  }

  get leads() {
    return LEADING.includes(this.#room.role);
  }

  get role() {
    return this.#room.role;
  }

  /** Those to whom somebody who leads may write privately. */
  get others() {
    return [...this.#room.podium.participants.values()].filter(({ role }) => !LEADING.includes(role));
  }

  /** Whether the messages may be read at all. */
  get isReadable() {
    return this.leads || this.rules?.enabled === true;
  }

  isOwn(message) {
    return message.sender.participant_id === this.ownId;
  }

  mayDelete(message) {
    return message.text !== null && this.isReadable && (this.leads || this.isOwn(message));
  }

  /** Somebody looks at the messages, or no longer. */
  set isWatched(isWatched) {
    this.#isWatched = isWatched;
    if (isWatched) this.#setUnread(0);
  }

  /** Read rules and messages, as far back as they are known: one reading at a time, and once more if asked meanwhile. */
  async load() {
    this.#again = this.#meanwhile !== null;
    if (this.#again) return;
    this.#meanwhile = [];
    try {
      this.rules = await this.#call("GetChatRules");
      const { messages, more } = this.isReadable ? await this.#lastMessages() : { messages: [], more: false };
      this.#replace(messages, more);
      this.failure = null;
    } catch (error) {
      this.failure = `The messages cannot be read: ${error.message}`;
      this.#meanwhile.forEach((message) => this.#append(message));
    } finally {
      this.#meanwhile = null;
      this.#tell("rules");
      if (this.#again && this.#room.podium.state === "connected") this.load();
    }
  }

  /** Messages before those that are known. */
  async loadEarlier() {
    const first = this.messages[0];
    const { messages, more } = await this.#call("ListChatMessages", { before: first.id, limit: PAGE });
    if (this.messages[0] !== first) return; // replaced meanwhile
    const earlier = messages.map((message) => this.#kept(message));
    this.messages.unshift(...earlier);
    for (const message of earlier) this.#byId.set(message.id, message);
    this.more = more;
    this.#tell("prepended", earlier);
  }

  /** Forget the oldest, when there are many. @returns {Message[]} those that are forgotten */
  trim() {
    if (this.messages.length <= MOST) return [];
    const forgotten = this.messages.splice(0, this.messages.length - MOST + PAGE);
    for (const { id } of forgotten) this.#byId.delete(id);
    this.more = true;
    return forgotten;
  }

  send(fields) {
    return this.#call("SendChatMessage", fields);
  }

  async delete(message) {
    await this.#call("DeleteChatMessage", { message_id: message.id });
  }

  async updateRules(fields) {
    await this.#call("UpdateChatRules", fields);
  }

  #call(operation, fields = {}) {
    return this.#room.call(operation, { session_id: this.#room.sessionId, ...fields });
  }

  /** As many as are known, and all that came since, in pages from the end. */
  async #lastMessages() {
    const oldest = this.messages[0]?.id;
    let page = await this.#call("ListChatMessages", { limit: PAGE });
    const found = page.messages;
    const isEnough = () => !oldest || !page.more || found.length >= MOST_AGAIN || found.some((each) => each.message_id === oldest);
    while (!isEnough()) {
      page = await this.#call("ListChatMessages", { before: found[0].message_id, limit: PAGE });
      found.unshift(...page.messages);
    }
    return { messages: found.map((message) => this.#kept(message)), more: page.more };
  }

  #replace(messages, more) {
    const isFirst = this.#byId.size === 0;
    const missed = messages.filter((message) => !this.#byId.has(message.id) && !this.isOwn(message));
    const last = this.messages.at(-1);
    this.#byId = new Map(messages.map((message) => [message.id, message]));
    for (const message of this.#meanwhile) {
      if (!this.#byId.has(message.id)) messages.push(message);
      this.#byId.set(message.id, this.#byId.get(message.id) ?? message);
    }
    [this.messages, this.more] = [messages, more];
    this.#tell("replaced");
    if (!isFirst && last) this.#count(missed.filter(({ at }) => at >= last.at).length);
  }

  #receive(message) {
    if (this.#meanwhile !== null) this.#meanwhile.push(message);
    else this.#append(message);
    if (!this.isOwn(message)) this.#count(1);
  }

  #append(message) {
    if (this.#byId.has(message.id)) return;
    this.messages.push(message);
    this.#byId.set(message.id, message);
    this.#tell("appended", message);
  }

  #delete(id, by) {
    this.#deletions.set(id, by);
    const message = this.#byId.get(id) ?? this.#meanwhile?.find((each) => each.id === id);
    if (!message) return;
    Object.assign(message, { text: null, deleted: by });
    this.#tell("changed", message);
  }

  #setRules(rules) {
    const wasReadable = this.isReadable;
    this.rules = rules;
    if (!wasReadable && this.isReadable) this.load();
    this.#tell("rules");
  }

  #count(messages) {
    if (messages > 0 && !this.#isWatched) this.#setUnread(this.unread + messages);
  }

  #setUnread(unread) {
    if (unread === this.unread) return;
    this.unread = unread;
    this.#tell("unread");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** A message as the room's event tells it: `to` has all who read it, of whom one may not lead. */
  #live({ message_id, at, sender, text, to }) {
    const { podium } = this.#room;
    const named = to.filter((id) => id !== sender.participant_id);
    const participant = named.map((id) => podium.participants.get(id)).find((each) => each && !LEADING.includes(each.role));
    let addressee = participant && { participant_id: participant.participantId, display_name: participant.displayName };
    if (!this.leads && named.includes(this.ownId)) addressee = { participant_id: this.ownId, display_name: "you" };
    const isPrivate = to.length > 0;
    return { id: message_id, at: new Date(at), sender, text, isPrivate, to: addressee ?? null, deleted: null };
  }

  /** A message as ListChatMessages has it. */
  #kept({ message_id, at, sender, text, private: isPrivate, to, deleted }) {
    const by = this.#deletions.get(message_id) ?? deleted;
    return { id: message_id, at: new Date(at), sender, text: by ? null : text, isPrivate, to, deleted: by };
  }
}
