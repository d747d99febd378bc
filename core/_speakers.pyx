# SPDX-License-Identifier: Apache-2.0
"""Which voices of a room are forwarded, and into whose audio slots.

The room chooses one voice more than a receiver has audio slots, because nobody hears himself. A voice keeps the slot
it has while it stays among the chosen. While some voice is for some ears only, each receiver has a choice of its own
among those it may hear: the loudest of its group, however loud others are. The loudest of all, with some patience, is
announced as the speaker.
"""

from libc.stdint cimport int64_t

from podium.core._forward cimport may_receive, slot_show
from podium.core._levels cimport LEVELS_MAXIMUM, levels_overtakes, levels_score, levels_select
from podium.core._model cimport KIND_AUDIO, MAX_AUDIO_SLOTS, Slot, Source, Transport
from podium.core._notices cimport NOTICE_SPEAKER, notify

cdef int64_t SELECTION_INTERVAL_US = 50000
cdef enum:
    MAX_VOICES = 1024         # of one room that compete; later ones wait for a place in the list


cdef void select_voices(WorkerState* worker, Room* room) noexcept nogil:
    cdef double[MAX_VOICES] scores
    cdef bint[MAX_VOICES] before
    cdef Source* voices[MAX_VOICES]
    cdef Source* voice
    cdef bint restricted = False
    cdef int count = 0, i
    if worker.now_us < room.next_selection_us:
        return
    room.next_selection_us = worker.now_us + SELECTION_INTERVAL_US
    for i in range(room.voice_count):
        voice = room.voices[i]
        if voice.running and not voice.blocked and has_audience(voice) and count < MAX_VOICES:
            voices[count] = voice
            scores[count] = levels_score(&voice.loudness, worker.now_us)
            before[count] = voice.selected
            restricted |= voice.restricted
            count += 1
        voice.selected = False
    if restricted:
        for i in range(room.transport_count):
            select_for(worker, room.transports[i], voices, scores, count)
    else:
        select_for_all(worker, room, voices, scores, before, count)
    announce(worker, room, voices, scores, count)


cdef inline bint has_audience(const Source* voice) noexcept nogil:
    return not voice.restricted or voice.audience != 0


cdef void select_for_all(
    WorkerState* worker, Room* room, Source** voices, double* scores, bint* before, int count
) noexcept nogil:
    """One choice serves everybody."""
    cdef int[LEVELS_MAXIMUM] selected
    cdef Source* chosen[LEVELS_MAXIMUM]
    cdef int found = levels_select(scores, before, count, worker.audio_slots + 1, selected)
    cdef int i
    for i in range(found):
        chosen[i] = voices[selected[i]]
        chosen[i].selected = True
    for i in range(room.transport_count):
        place_voices(worker, room.transports[i], chosen, found)


cdef void select_for(WorkerState* worker, Transport* transport, Source** voices, double* scores, int count) noexcept nogil:
    """The loudest of others among those that this receiver may hear; whom it hears now has the bonus."""
    cdef double[MAX_VOICES] audible_scores
    cdef bint[MAX_VOICES] before
    cdef Source* audible[MAX_VOICES]
    cdef int[LEVELS_MAXIMUM] selected
    cdef Source* chosen[LEVELS_MAXIMUM]
    cdef int audible_count = 0, found, i
    for i in range(count):
        if voices[i].transport != transport and may_receive(transport, voices[i]):
            audible[audible_count] = voices[i]
            audible_scores[audible_count] = scores[i]
            before[audible_count] = is_heard(transport, voices[i])
            audible_count += 1
    found = levels_select(audible_scores, before, audible_count, worker.audio_slots, selected)
    for i in range(found):
        chosen[i] = audible[selected[i]]
        chosen[i].selected = True
    place_voices(worker, transport, chosen, found)


cdef bint is_heard(Transport* transport, Source* voice) noexcept nogil:
    cdef int i
    for i in range(transport.slot_count):
        if transport.slots[i].target == voice:
            return True
    return False


cdef void place_voices(WorkerState* worker, Transport* transport, Source** chosen, int count) noexcept nogil:
    """Map the chosen voices onto this receiver's audio slots, moving none that can stay."""
    cdef Slot* slots[MAX_AUDIO_SLOTS]
    cdef bint[MAX_AUDIO_SLOTS] taken
    cdef bint[LEVELS_MAXIMUM] placed
    cdef int slot_count = 0, wanted = 0, i, s
    for i in range(transport.slot_count):
        if transport.slots[i].kind == KIND_AUDIO and slot_count < MAX_AUDIO_SLOTS:
            slots[slot_count] = transport.slots[i]
            taken[slot_count] = False
            slot_count += 1
    for i in range(count):
        placed[i] = chosen[i].transport == transport or wanted == slot_count
        if placed[i]:
            continue
        wanted += 1
        for s in range(slot_count):
            if slots[s].target == chosen[i]:
                taken[s] = True
                placed[i] = True
    for i in range(count):
        s = 0
        while not placed[i] and s < slot_count:
            if not taken[s]:
                taken[s] = True
                placed[i] = True
                slot_show(worker, slots[s], chosen[i])
            s += 1
    for s in range(slot_count):
        if not taken[s] and slots[s].target != NULL:
            slot_show(worker, slots[s], NULL)


cdef void announce(WorkerState* worker, Room* room, Source** voices, double* scores, int count) noexcept nogil:
    cdef int i, best = -1
    cdef double current = 0.0
    for i in range(count):
        if voices[i] == room.speaker:
            current = scores[i]
        if best < 0 or scores[i] > scores[best]:
            best = i
    if best < 0 or voices[best] == room.speaker:
        return
    if levels_overtakes(scores[best], current, worker.now_us - room.speaker_since_us):
        room.speaker = voices[best]
        room.speaker_since_us = worker.now_us
        notify(worker, NOTICE_SPEAKER, room.id, room.speaker.id)
