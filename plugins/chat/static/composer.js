// SPDX-License-Identifier: Apache-2.0
// Where one writes: Enter sends, Shift+Enter begins a new line. To whom is never changed to more people than were
// chosen: an addressee who is gone stays chosen, and the host refuses.

import { make } from "./list.js";

const LONGEST = 4000;
const EVERYBODY = "everybody";
const INSTRUCTORS = "instructors";

let count = 0;

export class Composer {
  element = make("form", { className: "chat-composer" });
  #conversation;
  #to = make("select", { id: `chat-to-${++count}` });
  #text = make("textarea", { id: `chat-text-${count}`, rows: 2, maxLength: LONGEST, placeholder: "Write a message" });
  #send = make("button", { type: "submit", className: "primary", textContent: "Send" });
  #error = make("p", { className: "error" });
  #note = make("p", { className: "muted chat-note" });
  #fields = make("div", { className: "chat-fields" });
  /** What was tried to send, with its id: trying again does not make it two messages. */
  #tried = null;
  #isSending = false;
  #listening = new AbortController();

  /** @param {import("./conversation.js").Conversation} conversation */
  constructor(conversation) {
    this.#conversation = conversation;
    this.#error.setAttribute("role", "alert");
    this.#note.setAttribute("role", "status");
    const toLabel = make("label", { htmlFor: this.#to.id, textContent: "To" });
    const textLabel = make("label", { htmlFor: this.#text.id, textContent: "Message", className: "visually-hidden" });
    const addressee = make("div", { className: "chat-addressee" });
    addressee.append(toLabel, this.#to, this.#send);
    this.#fields.append(textLabel, this.#text, addressee);
    this.element.append(this.#note, this.#error, this.#fields);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#grow());
    conversation.addEventListener("rules", () => this.#render(), { signal: this.#listening.signal });
    this.#render();
  }

  end() {
    this.#listening.abort();
  }

  #render() {
    const { rules, role } = this.#conversation;
    const note = rules === null ? "…" : this.#whyNot(rules, role);
    this.#note.textContent = note;
    this.#note.hidden = note === "";
    this.#fields.hidden = note !== "";
    if (note === "") this.#renderAddressees(rules);
  }

  /** Why one cannot write, "" when one can. */
  #whyNot(rules, role) {
    if (!rules.enabled && this.#conversation.leads) return "The chat is switched off. Only instructors can read it.";
    if (!rules.enabled) return "The chat is switched off.";
    if (role === "observer") return "Observers only read.";
    if (!this.#conversation.leads && rules.public === "leaders" && !rules.private) return "Only instructors write here.";
    return "";
  }

  #renderAddressees(rules) {
    const { leads, others } = this.#conversation;
    const chosen = this.#to.selectedOptions[0];
    const options = [];
    if (leads || rules.public === "everybody") options.push(option(EVERYBODY, "Everybody"));
    if (leads || rules.private) options.push(option(INSTRUCTORS, "Instructors only"));
    if (leads) options.push(...others.map(({ participantId, displayName }) => option(`id:${participantId}`, `${displayName} only`)));
    const isThere = !chosen || options.some(({ value }) => value === chosen.value);
    if (!isThere && chosen.value !== EVERYBODY) {
      options.push(option(chosen.value, chosen.dataset.gone ?? `${chosen.textContent} (not possible now)`));
      options.at(-1).dataset.gone = options.at(-1).textContent;
    }
    this.#to.replaceChildren(...options);
    if (chosen && options.some(({ value }) => value === chosen.value)) this.#to.value = chosen.value;
  }

  async #submit() {
    const text = this.#text.value.trim();
    if (text === "" || this.#isSending) return;
    this.#isSending = this.#send.disabled = true;
    try {
      await this.#conversation.send(this.#message(text));
      this.#tried = null;
      if (this.#text.value.trim() === text) this.#text.value = "";
      this.#error.textContent = "";
    } catch (error) {
      this.#error.textContent = `Not sent: ${error.message}`;
    } finally {
      this.#isSending = this.#send.disabled = false;
      this.#grow();
    }
  }

  #message(text) {
    const chosen = this.#to.value;
    const key = `${chosen} ${text}`;
    if (this.#tried?.key !== key) this.#tried = { key, id: randomId() };
    const fields = { text, message_id: this.#tried.id };
    if (chosen === INSTRUCTORS) return { ...fields, private: true };
    return chosen === EVERYBODY ? fields : { ...fields, to: chosen.slice("id:".length) };
  }

  /** As high as the text, within limits of the style sheet. */
  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
  }
}

function option(value, text) {
  return make("option", { value, textContent: text });
}

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
