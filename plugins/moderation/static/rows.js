// SPDX-License-Identifier: Apache-2.0
// The rows of the panel: a person with signs and buttons.

import { drawing, keepInLine, make, write } from "./dom.js";

const ICONS = {
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  camera: "M5 6h8a2.5 2.5 0 0 1 2.5 2.5v7A2.5 2.5 0 0 1 13 18H5a2.5 2.5 0 0 1-2.5-2.5v-7A2.5 2.5 0 0 1 5 6m10.5 5 6-3.5v9l-6-3.5",
  screen: "M4.5 4h15a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2M8.5 21h7M12 13.5V8m-2.5 2.2L12 7.7l2.5 2.5",
};
const WORDS = {
  microphone: { off: "microphone off", blocked: "muted by the instructor" },
  camera: { off: "camera off", blocked: "camera switched off by the instructor" },
  screen: { on: "shares a screen" },
};

/** Buttons, in the order of the actions; who has the focus keeps it while their button stays. */
export function drawButtons(place, actions, name) {
  keepInLine(place, actions, {
    key: ({ key }) => key,
    create: () => {
      const button = make("button", { type: "button" });
      button.addEventListener("click", () => button.run());
      return button;
    },
    update: (button, { label, danger = false, run, pressed }) => {
      button.run = run;
      write(button, label);
      button.classList.toggle("moderation-danger", danger);
      if (name) button.setAttribute("aria-label", `${label}: ${name}`);
      if (pressed !== undefined) button.setAttribute("aria-pressed", pressed);
    },
  });
}

/** A row for somebody: a name, a quiet text, and buttons. */
export function makeRow() {
  const row = make("li", { className: "moderation-row" });
  row.append(
    make("span", { className: "moderation-name" }),
    make("span", { className: "muted moderation-note" }),
    make("span", { className: "moderation-signs" }),
    make("span", { className: "moderation-buttons" }),
  );
  return row;
}

export function drawRow(row, { name, note, actions }) {
  write(row.querySelector(".moderation-name"), name);
  write(row.querySelector(".moderation-note"), note);
  drawButtons(row.querySelector(".moderation-buttons"), actions, name);
}

/** A row for somebody in the class; all but the first action are behind a button. */
export function makePersonRow() {
  const row = makeRow();
  const more = make("span", { className: "moderation-buttons moderation-further", hidden: true });
  const opener = make("button", { type: "button", className: "moderation-more", textContent: "⋯" });
  opener.setAttribute("aria-expanded", false);
  opener.addEventListener("click", () => {
    more.hidden = !more.hidden;
    opener.setAttribute("aria-expanded", !more.hidden);
  });
  row.append(opener, more);
  return row;
}

export function drawPersonRow(row, person, actions) {
  const [opener, more] = [row.querySelector(".moderation-more"), row.querySelector(".moderation-further")];
  const first = actions.filter(({ key }) => key === "microphone");
  const others = actions.filter((action) => !first.includes(action));
  drawRow(row, { name: person.name, note: person.role === "student" ? "" : person.role, actions: first });
  drawSigns(row.querySelector(".moderation-signs"), person);
  drawButtons(more, others, person.name);
  opener.hidden = others.length === 0;
  opener.setAttribute("aria-label", `More: ${person.name}`);
  opener.title = `More for ${person.name}`;
}

function drawSigns(place, { place: hand, sources }) {
  const signs = Object.entries(sources)
    .map(([source, state]) => ({ source, state, text: WORDS[source][state] }))
    .filter(({ text }) => text !== undefined);
  if (hand > 0) signs.unshift({ source: "hand", state: "on", text: `hand raised, number ${hand}`, shown: `✋ ${hand}` });
  keepInLine(place, signs, {
    key: ({ source, state }) => `${source} ${state}`,
    create: ({ source }) => make("span", {}, ...(ICONS[source] ? [drawing(ICONS[source])] : [])),
    update: (sign, { state, text, shown }) => {
      sign.className = `moderation-sign ${state}`;
      sign.setAttribute("role", "img");
      sign.setAttribute("aria-label", text);
      sign.title = text;
      if (shown) write(sign, shown);
    },
  });
}
