// SPDX-License-Identifier: Apache-2.0
// What a room's events say about the people in it, put into a Podium object: one function for each type of event.

/**
 * @typedef {object} Participant
 * @property {string} participantId
 * @property {string} displayName
 * @property {string} role
 * @property {Map<string, {kind: string, width: number|null, height: number|null}>} tracks published, by source; the
 *   sound of a shared screen as `screenAudio`
 * @property {Set<string>} muted sources that they switched off
 * @property {Set<string>} blocked sources that the host does not forward
 */

/** How events of the room change what the library knows of it. */
export const HANDLERS = {
  Joined(podium, { session_id, participant_id, role, participants }) {
    Object.assign(podium, { sessionId: session_id, participantId: participant_id, role });
    podium.speaker = null;
    podium.participants = new Map(participants.map((info) => [info.participant_id, asParticipant(info)]));
  },
  Waiting(podium, { session_id, participant_id, message }) {
    Object.assign(podium, { sessionId: session_id, participantId: participant_id, waitingMessage: message });
    podium.speaker = null;
    podium.participants = new Map();
  },
  ParticipantJoined(podium, { participant }) {
    podium.participants.set(participant.participant_id, asParticipant(participant));
  },
  ParticipantLeft(podium, { participant_id }) {
    podium.participants.delete(participant_id);
  },
  RoleChanged(podium, { participant_id, role }) {
    if (participant_id === podium.participantId) podium.role = role;
    const participant = podium.participants.get(participant_id);
    if (participant) participant.role = role;
  },
  TrackPublished(podium, { participant_id, source, kind, width, height, muted }) {
    const participant = podium.participants.get(participant_id);
    participant?.tracks.set(nameOf(source, kind), { kind, width, height });
    if (!muted) participant?.muted.delete(source);
  },
  TrackUnpublished(podium, { participant_id, source, kind }) {
    podium.participants.get(participant_id)?.tracks.delete(nameOf(source, kind));
  },
  TrackMuted(podium, { participant_id, source, muted }) {
    change(podium.participants.get(participant_id)?.muted, source, muted);
  },
  TrackBlocked(podium, { participant_id, source, blocked }) {
    change(podium.participants.get(participant_id)?.blocked, source, blocked);
  },
  Speaking(podium, { participant_id }) {
    podium.speaker = participant_id;
  },
};

function change(set, source, contained) {
  if (contained) set?.add(source);
  else set?.delete(source);
}

function nameOf(source, kind) {
  return source === "screen" && kind === "audio" ? "screenAudio" : source;
}

function asParticipant({ participant_id, display_name, role, tracks, blocked = [] }) {
  const entries = tracks.map(({ source, kind, width, height }) => [nameOf(source, kind), { kind, width, height }]);
  return {
    participantId: participant_id,
    displayName: display_name,
    role,
    tracks: new Map(entries),
    muted: new Set(tracks.filter(({ muted }) => muted).map(({ source }) => source)),
    blocked: new Set(blocked),
  };
}
