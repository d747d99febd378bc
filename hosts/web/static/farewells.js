// SPDX-License-Identifier: Apache-2.0
// What people are told when their presence has ended, by the code of the reason.

const FAREWELLS = {
  left: ["You have left", ""],
  replaced: ["You joined elsewhere", "The same participant has joined from another window or device."],
  room_full: ["The room is full", ""],
  room_locked: ["The class is locked", "Nobody is let in at the moment."],
  session_unknown: ["There is no such session", "Check the link that you were sent."],
  token_expired: ["Your link has expired", "Ask for a new one."],
  token_invalid: ["Your link is not valid", "Check the link that you were sent, or ask for a new one."],
  room_closed: ["The class is over", ""],
  ended: ["The class is over", ""],
  session_ended: ["The class is over", ""],
  removed: ["You were removed from the class", ""],
  kicked: ["You were removed from the class", "Whoever leads it has removed you; you cannot come back by yourself."],
  banned: ["You were removed from the class", "You cannot join this class any more."],
  refused: ["You were not let in", ""],
};

/** @returns {[string, string]} a title and a text; the host's own words, where there are any, come first */
export function farewellTo(reason, message) {
  const [title, text] = FAREWELLS[reason] ?? ["The connection has ended", `Reason: ${reason}.`];
  return [title, reason === "left" ? text : message || text];
}
