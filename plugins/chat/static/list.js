// SPDX-License-Identifier: Apache-2.0
// The messages on the page. The list stays at its end while one is there; who has scrolled up stays where they are and
// is told by a button that there is more.

import { linked } from "./links.js";

const LEADING = ["instructor", "assistant"];
/** Pixels from the end that still count as the end. */
const NEAR = 24;

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export class MessageList {
  element = make("div", { className: "chat-messages" });
  #conversation;
  #log = make("div", { className: "chat-log", tabIndex: 0 });
  #earlier = make("button", { type: "button", className: "chat-earlier", textContent: "Earlier messages", hidden: true });
  #news = make("button", { type: "button", className: "chat-news primary", textContent: "New messages", hidden: true });
  #nothing = make("p", { className: "muted chat-nothing", textContent: "Nothing has been written yet." });
  #failure = make("p", { className: "error" });
  /** @type {Map<string, HTMLElement>} by message id */
  #items = new Map();
  #isAtEnd = true;
  #listening = new AbortController();
  #size;

  /** @param {import("./conversation.js").Conversation} conversation */
  constructor(conversation) {
    this.#conversation = conversation;
    this.#log.setAttribute("role", "log");
    this.#log.setAttribute("aria-live", "polite");
    this.#log.setAttribute("aria-label", "Messages");
    this.#failure.setAttribute("role", "alert");
    this.element.append(this.#failure, this.#log, this.#news);
    this.#log.addEventListener("scroll", () => this.#scrolled());
    this.#earlier.addEventListener("click", () => this.#loadEarlier());
    this.#news.addEventListener("click", () => this.#toEnd());
    const { signal } = this.#listening;
    conversation.addEventListener("replaced", () => this.#replace(), { signal });
    conversation.addEventListener("prepended", ({ detail }) => this.#prepend(detail), { signal });
    conversation.addEventListener("appended", ({ detail }) => this.#append(detail), { signal });
    conversation.addEventListener("changed", ({ detail }) => this.#change(detail), { signal });
    conversation.addEventListener("rules", () => this.#renderState(), { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    this.#size = new ResizeObserver(() => this.#look()); // told as well when the panel is shown or hidden
    this.#size.observe(this.#log);
    this.#replace();
  }

  end() {
    this.#listening.abort();
    this.#size.disconnect();
    this.#conversation.isWatched = false;
  }

  /** Whether the messages can be seen at this moment. */
  #look() {
    const isSeen = document.visibilityState === "visible" && this.#log.clientHeight > 0 && this.#log.isConnected;
    this.#conversation.isWatched = isSeen;
    if (isSeen && this.#isAtEnd) this.#toEnd();
  }

  #scrolled() {
    if (this.#log.clientHeight === 0) return; // hidden, not scrolled by anybody
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#isAtEnd) this.#news.hidden = true;
  }

  #toEnd() {
    this.#isAtEnd = true;
    this.#news.hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #replace() {
    const place = this.#log.scrollTop;
    this.#log.setAttribute("aria-busy", "true"); // so that nobody is read all of it
    this.#items.clear();
    for (const message of this.#conversation.messages) this.#items.set(message.id, this.#item(message));
    this.#log.replaceChildren(this.#earlier, this.#nothing, ...this.#items.values());
    this.#renderDays();
    this.#renderState();
    this.#log.setAttribute("aria-busy", "false");
    if (this.#isAtEnd) this.#toEnd();
    else this.#log.scrollTop = place;
  }

  #prepend(messages) {
    const before = this.#log.scrollHeight - this.#log.scrollTop;
    const items = messages.map((message) => [message.id, this.#item(message)]);
    this.#items = new Map([...items, ...this.#items]);
    this.#nothing.after(...items.map(([, item]) => item));
    this.#renderDays();
    this.#renderState();
    this.#log.scrollTop = this.#log.scrollHeight - before;
  }

  #append(message) {
    const item = this.#item(message);
    this.#items.set(message.id, item);
    this.#log.append(item);
    if (this.#isAtEnd) this.#forgetOldest();
    this.#renderDays();
    this.#renderState();
    if (this.#isAtEnd || this.#conversation.isOwn(message)) this.#toEnd();
    else this.#news.hidden = false;
  }

  #forgetOldest() {
    for (const { id } of this.#conversation.trim()) {
      this.#items.get(id)?.remove();
      this.#items.delete(id);
    }
  }

  #change(message) {
    const item = this.#item(message);
    this.#items.get(message.id)?.replaceWith(item);
    this.#items.set(message.id, item);
    if (this.#isAtEnd) this.#toEnd();
  }

  async #loadEarlier() {
    this.#earlier.disabled = true;
    try {
      await this.#conversation.loadEarlier();
      this.#failure.textContent = "";
    } catch (error) {
      this.#failure.textContent = error.message;
    }
    this.#earlier.disabled = false;
  }

  #renderState() {
    const { messages, more, isReadable, failure } = this.#conversation;
    this.#earlier.hidden = !more;
    this.#nothing.hidden = messages.length > 0 || !isReadable || failure !== null;
    if (failure !== null) this.#failure.textContent = failure;
    for (const message of messages) {
      const button = this.#items.get(message.id)?.querySelector(".chat-delete");
      if (button) button.hidden = !this.#conversation.mayDelete(message);
    }
  }

  /** A line where a day begins, unless all is of today. */
  #renderDays() {
    for (const line of this.#log.querySelectorAll(".chat-day")) line.remove();
    let day = new Date().toDateString();
    for (const { id, at } of this.#conversation.messages) {
      if (at.toDateString() === day) continue;
      day = at.toDateString();
      this.#items.get(id)?.before(make("p", { className: "chat-day muted", textContent: DAY.format(at) }));
    }
  }

  #item(message) {
    const item = make("article", { className: "chat-message" });
    item.dataset.messageId = message.id;
    item.classList.toggle("own", this.#conversation.isOwn(message));
    item.classList.toggle("private", message.isPrivate);
    item.append(this.#head(message), this.#body(message));
    return item;
  }

  #head(message) {
    const { sender, at } = message;
    const head = make("header");
    const name = make("span", { className: "chat-sender", dir: "auto", textContent: sender.display_name });
    const time = make("time", { dateTime: at.toISOString(), title: FULL.format(at), textContent: TIME.format(at) });
    head.append(name);
    if (LEADING.includes(sender.role)) head.append(make("span", { className: "chat-role", textContent: sender.role }));
    if (message.isPrivate) head.append(make("span", { className: "chat-private", textContent: this.#privately(message) }));
    head.append(time);
    if (message.text !== null) head.append(this.#deleteButton(message));
    return head;
  }

  #privately({ to }) {
    if (to === null) return "to instructors only";
    return `privately to ${to.participant_id === this.#conversation.ownId ? "you" : to.display_name}`;
  }

  #body({ text, deleted }) {
    const body = make("p", { className: "chat-text", dir: "auto" });
    if (text !== null) body.append(...linked(text));
    else {
      body.classList.add("muted");
      body.textContent = deleted?.display_name ? `Deleted by ${deleted.display_name}` : "Deleted";
    }
    return body;
  }

  /** Two clicks delete: the first asks. */
  #deleteButton(message) {
    const button = make("button", { type: "button", className: "chat-delete", textContent: "Delete" });
    button.setAttribute("aria-label", `Delete the message of ${message.sender.display_name}`);
    button.hidden = !this.#conversation.mayDelete(message);
    const reset = () => {
      button.classList.remove("asking");
      button.textContent = "Delete";
    };
    button.addEventListener("blur", reset);
    button.addEventListener("click", async () => {
      if (!button.classList.contains("asking")) {
        button.classList.add("asking");
        button.textContent = "Really delete?";
        button.focus(); // Safari does not focus a button that is clicked
        return;
      }
      button.disabled = true;
      try {
        await this.#conversation.delete(message);
      } catch (error) {
        this.#failure.textContent = error.message;
        button.disabled = false;
        reset();
      }
    });
    return button;
  }
}

/** An element with these properties. */
export function make(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}
