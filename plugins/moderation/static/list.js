// SPDX-License-Identifier: Apache-2.0
// The panel: the door, who waits, the queue of hands, who is in the class, and who was removed. Everybody sees the people
// and the queue; the rest is for those who may do something about it.

import { keepInLine, make, soon, write } from "./dom.js";
import { actionsOn, peopleOf } from "./people.js";
import { drawButtons, drawPersonRow, drawRow, makePersonRow, makeRow } from "./rows.js";

/** Draw into this element; what is returned stops that. */
export function showList(root, { room, state, acting }) {
  const given = { room, state, acting };
  const all = make("div", { className: "moderation-buttons" });
  all.setAttribute("role", "group");
  all.setAttribute("aria-label", "Everybody");
  const waiting = section("Waiting to be let in");
  const hands = section("Raised hands", "ol");
  const people = section("In the class");
  const removed = section("Removed");
  root.append(all, waiting.element, hands.element, people.element, removed.element);

  const draw = soon(() => {
    if (!room.visible) return;
    drawButtons(all, actionsOnAll(given));
    all.hidden = all.childElementCount === 0;
    drawWaiting(waiting, given);
    drawHands(hands, given);
    drawPeople(people, given);
    drawRemoved(removed, given);
  });
  state.addEventListener("change", draw);
  room.podium.addEventListener("change", draw);
  const shown = new ResizeObserver(draw); // nothing is drawn while the panel is hidden, but as soon as it is not
  shown.observe(root);
  return () => {
    shown.disconnect();
    state.removeEventListener("change", draw);
    room.podium.removeEventListener("change", draw);
  };
}

function section(title, tag = "ul") {
  const heading = make("h3");
  const buttons = make("div", { className: "moderation-buttons" });
  const list = make(tag, { className: "moderation-list" });
  const element = make("section", { className: "moderation-section", hidden: true }, heading, buttons, list);
  return { element, title, heading, buttons, list };
}

function drawSection({ element, title, heading, buttons, list }, items, actions, rows) {
  element.hidden = items.length === 0;
  write(heading, `${title} (${items.length})`);
  drawButtons(buttons, actions);
  buttons.hidden = actions.length === 0;
  keepInLine(list, items, { key: ({ participant_id, id }) => participant_id ?? id, create: makeRow, ...rows });
}

/** What concerns everybody. @returns {import("./acting.js").Action[]} */
function actionsOnAll({ state, acting }) {
  const { locked, waitingRoom } = state;
  const end = () => acting.confirm("End the class for everybody?", "End for all", () => acting.call("EndForAll"));
  return [
    ["mute", { key: "mute", label: "Mute all", run: () => acting.call("MuteAll") }],
    ["unmute", { key: "unmute", label: "Unmute all", run: () => acting.call("UnmuteAll") }],
    ["lock", { key: "lock", label: "Lock", pressed: locked, run: () => acting.call("LockRoom", { locked: !locked }) }],
    [
      "lock",
      {
        key: "waiting",
        label: "Waiting room",
        pressed: waitingRoom,
        run: () => acting.call("SetWaitingRoom", { enabled: !waitingRoom }),
      },
    ],
    ["end", { key: "end", label: "End for all", danger: true, run: end }],
  ]
    .filter(([action]) => state.may.has(action))
    .map(([, action]) => action);
}

function drawWaiting(place, { state, acting }) {
  const may = state.may.has("admit");
  const all = { key: "all", label: "Admit all", run: () => acting.call("AdmitAll") };
  drawSection(place, state.waiting, may && state.waiting.length > 1 ? [all] : [], {
    update: (row, { participant_id, display_name, connected }) => {
      const admit = { key: "admit", label: "Admit", run: () => acting.call("AdmitParticipant", { participant_id }) };
      const turnAway = () => acting.callAndLook("RefuseParticipant", { participant_id });
      const refuse = { key: "refuse", label: "Refuse", danger: true, run: turnAway };
      drawRow(row, { name: display_name, note: connected ? "" : "not connected", actions: may ? [admit, refuse] : [] });
    },
  });
}

function drawHands(place, { room, state, acting }) {
  const may = state.may.has("hands");
  const all = { key: "all", label: "Lower all", run: () => acting.call("LowerAllHands") };
  drawSection(place, state.hands, may && state.hands.length > 1 ? [all] : [], {
    update: (row, { participant_id, display_name }) => {
      const own = participant_id === room.podium.participantId;
      const lower = { key: "lower", label: "Lower", run: () => acting.call("LowerHand", { participant_id }) };
      const name = own ? "You" : display_name;
      drawRow(row, { name: `${state.placeOf(participant_id)}. ${name}`, note: "", actions: may || own ? [lower] : [] });
    },
  });
}

function drawPeople(place, given) {
  drawSection(place, peopleOf(given.room, given.state), [], {
    create: makePersonRow,
    update: (row, person) => drawPersonRow(row, person, actionsOn(person, given)),
  });
}

function drawRemoved(place, { state, acting }) {
  const may = ({ banned, kicked }) => state.may.has(banned ? "ban" : kicked ? "kick" : "admit");
  drawSection(place, state.excluded, [], {
    update: (row, person) => {
      const { participant_id, display_name, banned, kicked } = person;
      const readmit = () => acting.callAndLook("ReadmitParticipant", { participant_id });
      const back = { key: "back", label: "Let back in", run: readmit };
      const note = banned ? "banned" : kicked ? "removed" : "not let in";
      drawRow(row, { name: display_name, note, actions: may(person) ? [back] : [] });
    },
  });
}
