// SPDX-License-Identifier: Apache-2.0
// Who is in the class, and what one may do to each. Pure: what it reads is the room and the state as they are. The host
// decides in the end; buttons that it would refuse are not offered.

const LEADING = ["instructor", "assistant"];

/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {string} role
 * @property {boolean} own
 * @property {number} place in the queue of hands; 0 without a raised hand
 * @property {Record<"microphone"|"camera"|"screen", "on"|"off"|"blocked">} sources
 */

/** Everybody in the room: oneself, then the others in the order of joining. @returns {Person[]} */
export function peopleOf({ podium, role }, state) {
  const own = {
    id: podium.participantId,
    name: "You",
    role,
    own: true,
    place: state.placeOf(podium.participantId),
    sources: sourcesBy(podium.blocked, (source) => podium.isOn(source)),
  };
  const others = [...podium.participants.values()].map(({ participantId, displayName, role, tracks, muted, blocked }) => ({
    id: participantId,
    name: displayName,
    role,
    own: false,
    place: state.placeOf(participantId),
    sources: sourcesBy(blocked, (source) => tracks.has(source) && !muted.has(source)),
  }));
  return [own, ...others];
}

function sourcesBy(blocked, isOn) {
  const stateOf = (source) => (blocked.has(source) ? "blocked" : isOn(source) ? "on" : "off");
  return { microphone: stateOf("microphone"), camera: stateOf("camera"), screen: stateOf("screen") };
}

/** What is offered for this person, the most usual first. @returns {import("./acting.js").Action[]} */
export function actionsOn(person, { room, state, acting }) {
  const offers = [microphone, asking, camera, hand, spotlight, role, removal, ban];
  return offers.map((offer) => offer(person, { state, acting, reach: reachOf(room.role, person) })).filter(Boolean);
}

/** Whether one may silence somebody, and whether one may remove them or change their role. */
function reachOf(role, person) {
  const silence = !person.own && (role === "instructor" || !LEADING.includes(person.role));
  return { silence, remove: silence && person.role !== "instructor" };
}

function microphone(person, given) {
  return switching(person, given, "microphone", "Mute", "Unmute");
}

function camera(person, given) {
  return switching(person, given, "camera", "Turn camera off", "Allow camera");
}

function switching({ id, sources }, { state, acting, reach }, source, off, on) {
  const blocked = sources[source] === "blocked";
  if (!reach.silence || !state.may.has(blocked ? "unmute" : "mute")) return null;
  const operation = blocked ? "UnmuteParticipant" : "MuteParticipant";
  return { key: source, label: blocked ? on : off, run: () => acting.call(operation, { participant_id: id, source }) };
}

function asking({ id, own, role, sources }, { state, acting }) {
  if (own || role === "observer" || sources.microphone !== "off" || !state.may.has("ask")) return null;
  return { key: "ask", label: "Ask to unmute", run: () => acting.call("AskToUnmute", { participant_id: id }) };
}

function hand({ id, own, place }, { state, acting }) {
  if (own || place === 0 || !state.may.has("hands")) return null;
  return { key: "hand", label: "Lower hand", run: () => acting.call("LowerHand", { participant_id: id }) };
}

function spotlight({ id }, { state, acting }) {
  if (!state.may.has("spotlight")) return null;
  const shines = state.spotlight?.participant_id === id;
  const label = shines ? "End spotlight" : "Spotlight";
  return { key: "spotlight", label, run: () => acting.call("SpotlightParticipant", { participant_id: shines ? null : id }) };
}

function role({ id, role }, { state, acting, reach }) {
  if (!reach.remove || !state.may.has("promote")) return null;
  if (!LEADING.includes(role)) {
    return { key: "role", label: "Make assistant", run: () => acting.call("PromoteParticipant", { participant_id: id }) };
  }
  if (!state.promoted.has(id)) return null;
  return { key: "role", label: "End assistance", run: () => acting.call("DemoteParticipant", { participant_id: id }) };
}

function removal({ id, name }, { state, acting, reach }) {
  if (!reach.remove || !state.may.has("kick")) return null;
  const run = () => acting.callAndLook("KickParticipant", { participant_id: id });
  const ask = () => acting.confirm(`Remove ${name} from this class? They cannot come back by themselves.`, "Remove", run);
  return { key: "kick", label: "Remove", danger: true, run: ask };
}

function ban({ id, name }, { state, acting, reach }) {
  if (!reach.remove || !state.may.has("ban")) return null;
  const run = () => acting.callAndLook("BanParticipant", { participant_id: id });
  const ask = () => acting.confirm(`Ban ${name} from this class and all others of the session?`, "Ban", run);
  return { key: "ban", label: "Ban", danger: true, run: ask };
}
