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

/** @returns {string|undefined} who this window was in that session, so that a reload is the same person */
export function rememberedId(sessionId) {
  return read(() => sessionStorage.getItem(keyOf(sessionId))) ?? undefined;
}

export function rememberId(sessionId, participantId) {
  read(() => sessionStorage.setItem(keyOf(sessionId), participantId));
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
