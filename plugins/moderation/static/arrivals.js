// SPDX-License-Identifier: Apache-2.0
// Those who may let people in are told who has come to the waiting room: each by name, or all together when several
// wait. Nobody is told twice of, also after a lost connection.

const MOST_BY_NAME = 2;

export function announceArrivals({ room, state, acting }) {
  /** Notices by the id of the one who waits; null for those of whom all together was told. */
  const known = new Map();
  let together = null;

  function draw() {
    const waiting = state.may.has("admit") ? state.waiting : [];
    const ids = new Set(waiting.map(({ participant_id }) => participant_id));
    for (const [id, notice] of known) {
      if (ids.has(id)) continue;
      notice?.close();
      known.delete(id);
    }
    if (waiting.length === 0) close();
    const arrived = waiting.filter(({ participant_id }) => !known.has(participant_id));
    if (waiting.length > MOST_BY_NAME && arrived.length > 0) tellTogether(ids);
    else for (const person of arrived) known.set(person.participant_id, tellOf(person));
  }

  function close() {
    together?.close();
    together = null;
  }

  function tellOf({ participant_id, display_name }) {
    const admit = { label: "Admit", run: () => acting.call("AdmitParticipant", { participant_id }) };
    const refuse = { label: "Refuse", run: () => acting.callAndLook("RefuseParticipant", { participant_id }) };
    return room.notify(`${display_name} waits to be let in.`, [admit, refuse], { sticky: true });
  }

  function tellTogether(ids) {
    close();
    for (const id of ids) {
      known.get(id)?.close();
      known.set(id, null);
    }
    const admit = { label: "Admit all", run: () => acting.call("AdmitAll") };
    const show = { label: "Show", run: () => room.open() };
    together = room.notify("Several people wait to be let in.", [admit, show], { sticky: true });
  }

  state.addEventListener("change", draw);
  return () => state.removeEventListener("change", draw);
}
