// SPDX-License-Identifier: Apache-2.0
// The panel of the chat. It follows the class from the start, so that its tab can say how much is unread.

import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { make, MessageList } from "./list.js";
import { Switches } from "./switches.js";

/** @type {WeakMap<object, Conversation>} by what the page gives to `start` and `mount` */
const conversations = new WeakMap();

function conversationOf(room) {
  if (!conversations.has(room)) {
    const conversation = new Conversation(room);
    conversations.set(room, conversation);
    conversation.load();
  }
  return conversations.get(room);
}

export function start(room) {
  const conversation = conversationOf(room);
  conversation.addEventListener("unread", () => {
    const { unread } = conversation;
    room.badge(unread > 99 ? "99+" : unread > 0 ? String(unread) : "");
  });
}

export function mount(root, room) {
  const conversation = conversationOf(room);
  const parts = [new Switches(conversation), new MessageList(conversation), new Composer(conversation)];
  const style = make("link", { rel: "stylesheet", href: new URL("panel.css", import.meta.url).href });
  root.classList.add("chat");
  root.append(style, ...parts.map(({ element }) => element));
  return () => parts.forEach((part) => part.end());
}
