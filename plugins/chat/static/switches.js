// SPDX-License-Identifier: Apache-2.0
// The rules of the chat, for those who lead: off and on, who writes to everybody, whether students write privately.

import { make } from "./list.js";

export class Switches {
  element = make("details", { className: "chat-switches" });
  #conversation;
  #inputs = {};
  #error = make("p", { className: "error" });
  #listening = new AbortController();

  /** @param {import("./conversation.js").Conversation} conversation */
  constructor(conversation) {
    this.#conversation = conversation;
    this.#error.setAttribute("role", "alert");
    this.element.append(
      make("summary", { textContent: "Who may write" }),
      this.#checkbox("enabled", "The chat is on", (rules) => rules.enabled, (enabled) => ({ enabled })),
      this.#checkbox(
        "public",
        "Students write to everybody",
        (rules) => rules.public === "everybody",
        (isOn) => ({ public: isOn ? "everybody" : "leaders" }),
      ),
      this.#checkbox(
        "private",
        "Students write to instructors privately",
        (rules) => rules.private,
        (isOn) => ({ private: isOn }),
      ),
      this.#error,
    );
    conversation.addEventListener("rules", () => this.#render(), { signal: this.#listening.signal });
    this.#render();
  }

  end() {
    this.#listening.abort();
  }

  #checkbox(name, text, read, write) {
    const input = make("input", { type: "checkbox", name });
    const label = make("label");
    label.append(input, ` ${text}`);
    input.addEventListener("change", async () => {
      input.disabled = true;
      try {
        await this.#conversation.updateRules(write(input.checked));
        this.#error.textContent = "";
      } catch (error) {
        this.#error.textContent = error.message;
      }
      input.disabled = false;
      this.#render();
    });
    this.#inputs[name] = { input, read };
    return label;
  }

  /** What the host says, not what was clicked. */
  #render() {
    const { rules, leads } = this.#conversation;
    this.element.hidden = !leads || rules === null;
    if (rules === null) return;
    for (const { input, read } of Object.values(this.#inputs)) if (!input.disabled) input.checked = read(rules);
  }
}
