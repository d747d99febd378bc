// SPDX-License-Identifier: Apache-2.0
// Recording in the page of a room: everybody sees whether the class is recorded and is told when that changes; those who
// lead have buttons for it. The panel lists what was recorded. All but the list begins with the class.

import { showButtons } from "./buttons.js";
import { make } from "./elements.js";
import { showIndicator } from "./indicating.js";
import { showList } from "./list.js";
import { tellOfChanges, tellOfFilms } from "./notices.js";
import { ClassState } from "./state.js";
import { showSwitches } from "./switches.js";

/** What `mount` needs of what `start` has begun. */
const begun = new WeakMap();

export function start(room) {
  const style = make("link", { rel: "stylesheet", href: new URL("panel.css", import.meta.url).href });
  document.head.append(style);
  const state = new ClassState(room);
  begun.set(room, state);
  tellOfChanges(room, state);
  tellOfFilms(room);
  const endings = [showIndicator(room, state), showButtons(room, state)];
  return () => {
    for (const end of endings) end();
    style.remove();
  };
}

export function mount(root, room) {
  const state = begun.get(room);
  const endings = [showSwitches(root, room, state), showList(root, room, state)];
  return () => endings.forEach((end) => end());
}
