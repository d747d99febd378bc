// SPDX-License-Identifier: Apache-2.0
// Moderation in the page of a room: the panel "People", buttons in the toolbar, marks on tiles and messages. Everything
// begins with the class, whether the panel is open or not.

import { Acting } from "./acting.js";
import { announceArrivals } from "./arrivals.js";
import { listenToModerators } from "./asked.js";
import { make } from "./dom.js";
import { showList } from "./list.js";
import { showMarks } from "./marks.js";
import { ClassState } from "./state.js";
import { showToolbar } from "./toolbar.js";

/** What `mount` needs of what `start` has begun. */
const begun = new WeakMap();

export function start(room) {
  const style = make("link", { rel: "stylesheet", href: new URL("moderation.css", import.meta.url).href });
  document.head.append(style);
  const state = new ClassState(room);
  const given = { room, state, acting: new Acting(room, state) };
  begun.set(room, given);
  const endings = [showToolbar(given), showMarks(given), announceArrivals(given), countWhatIsToDo(given)];
  listenToModerators(given);
  return () => {
    for (const end of endings) end();
    state.end();
    style.remove();
  };
}

export function mount(root, room) {
  return showList(root, begun.get(room));
}

/** On the tab, for those who may do something about it: how many wait or have a hand up. */
function countWhatIsToDo({ room, state }) {
  const draw = () => {
    const waiting = state.may.has("admit") ? state.waiting.length : 0;
    const hands = state.may.has("hands") ? state.hands.length : 0;
    room.badge(String(waiting + hands || ""));
  };
  state.addEventListener("change", draw);
  return () => state.removeEventListener("change", draw);
}
