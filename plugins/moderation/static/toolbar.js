// SPDX-License-Identifier: Apache-2.0
// The buttons of everybody who takes part: raise one's hand, and react. Observers have neither.

import { make } from "./dom.js";

const HAND = "M7 12V6.5a1.5 1.5 0 0 1 3 0V11V4.5a1.5 1.5 0 0 1 3 0V11V6a1.5 1.5 0 0 1 3 0v7c0 4-2 7-5 7s-5-2-6.5-5L3.5 12.5a1.5 1.5 0 0 1 2.5-1.5z";
const FACE = "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M8.5 14c1.6 2.4 5.4 2.4 7 0M9 9.5v.2M15 9.5v.2";

/** Keep the buttons in line with one's role and the class. @returns {() => void} takes away what is beside them */
export function showToolbar({ room, state, acting }) {
  let hand = null;
  let reactions = null;

  function draw() {
    const takesPart = room.role !== "observer";
    if (takesPart) hand ??= addHand(room, state);
    else {
      hand?.remove();
      hand = null;
    }
    drawHand();
    drawReactions(takesPart ? state.reactions : []);
  }

  function drawReactions(offered) {
    if ((reactions?.offered ?? "") === offered.join()) return;
    reactions?.remove();
    reactions = offered.length > 0 ? addReactions(room, offered, acting) : null;
  }

  function drawHand() {
    const place = state.placeOf(room.podium.participantId);
    const label = place > 0 ? "Lower your hand" : "Raise your hand";
    hand?.update({ label, pressed: place > 0, badge: place > 0 ? String(place) : "" });
  }

  state.addEventListener("change", draw);
  room.on("RoleChanged", draw);
  draw();
  return () => {
    state.removeEventListener("change", draw);
    reactions?.remove();
  };
}

function addHand(room, state) {
  return room.control({
    name: "hand",
    label: "Raise your hand",
    icon: HAND,
    pressed: false,
    onclick: () => {
      const isUp = state.placeOf(room.podium.participantId) > 0;
      return room.call(isUp ? "LowerHand" : "RaiseHand", { session_id: room.sessionId });
    },
  });
}

/** The browser opens and closes the menu: a click elsewhere or Escape closes it. */
function addReactions(room, offered, acting) {
  const control = room.control({ name: "react", label: "React", icon: FACE, onclick() {} });
  const menu = make("div", { className: "moderation-reactions", id: "moderation-reactions", popover: "auto" });
  menu.setAttribute("role", "group");
  menu.setAttribute("aria-label", "Reactions");
  for (const reaction of offered) {
    const button = make("button", { type: "button", textContent: reaction, autofocus: reaction === offered[0] });
    button.addEventListener("click", () => {
      menu.hidePopover();
      acting.call("SendReaction", { reaction });
    });
    menu.append(button);
  }
  menu.addEventListener("beforetoggle", ({ newState }) => newState === "open" && place(menu, control.element));
  control.element.popoverTargetElement = menu;
  control.element.after(menu);
  const remove = () => {
    menu.remove();
    control.remove();
  };
  return { offered: offered.join(), remove };
}

/** Above its button, and within the page. */
function place(menu, button) {
  const { left, top, width } = button.getBoundingClientRect();
  menu.style.bottom = `${innerHeight - top + 10}px`;
  menu.style.left = `${left + width / 2}px`;
}
