// SPDX-License-Identifier: Apache-2.0
// What the page of a room remembers: the name of whoever sits here, and who one was in this window. Storage may be
// forbidden; then nothing is remembered.

const NAME = "podium.name";

export function rememberedName() {
  return read(() => localStorage.getItem(NAME)) ?? "";
}

export function rememberName(name) {
  read(() => localStorage.setItem(NAME, name));
}

/**
 * Who this window was in that session by the same link, so that a reload is the same person.
 * @param {string|undefined} link the token in it
 * @returns {{participantId?: string, wayBack?: string}} the second is the token that the host lent, which proves it
 */
export function rememberedSelf(sessionId, link) {
  const self = read(() => JSON.parse(sessionStorage.getItem(keyOf(sessionId)))) ?? {};
  return self.link === link ? { participantId: self.participantId, wayBack: self.wayBack } : {};
}

export function rememberSelf(sessionId, link, { participantId, wayBack }) {
  read(() => sessionStorage.setItem(keyOf(sessionId), JSON.stringify({ link, participantId, wayBack })));
}

function keyOf(sessionId) {
  return `podium.participant.${sessionId}`;
}

function read(access) {
  try {
    return access();
  } catch {
    return null; // as said above
  }
}
