// SPDX-License-Identifier: Apache-2.0
// What is seen on the tiles: places in the queue of hands, reactions for some seconds, and the spotlight.

const SHOWN_FOR = 5000; // milliseconds

/** @returns {() => void} stops the clocks */
export function showMarks({ room, state }) {
  const hands = new Map();
  const reactions = new Map();
  let spotlight = "";

  function draw() {
    drawHands(new Map(state.hands.map(({ participant_id }, index) => [participant_id, `✋ ${index + 1}`])));
    drawSpotlight();
  }

  function drawHands(wanted) {
    for (const id of hands.keys()) if (!wanted.has(id)) mark(id, "");
    for (const [id, text] of wanted) if (hands.get(id) !== text) mark(id, text);
  }

  function mark(id, text) {
    if (text) hands.set(id, text);
    else hands.delete(id);
    room.mark(id, "hand", text);
  }

  function drawSpotlight() {
    const { participant_id = null, source = "camera" } = state.spotlight ?? {};
    const wanted = participant_id === null ? "" : `${participant_id} ${source}`;
    if (wanted === spotlight) return;
    spotlight = wanted;
    room.focus(participant_id, source);
  }

  function react({ participant_id, reaction }) {
    clearTimeout(reactions.get(participant_id));
    room.mark(participant_id, "reaction", reaction);
    const hide = () => {
      reactions.delete(participant_id);
      room.mark(participant_id, "reaction", "");
    };
    reactions.set(participant_id, setTimeout(hide, SHOWN_FOR));
  }

  room.on("ReactionSent", react);
  state.addEventListener("change", draw);
  return () => {
    state.removeEventListener("change", draw);
    for (const timer of reactions.values()) clearTimeout(timer);
  };
}
