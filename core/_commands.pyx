# SPDX-License-Identifier: Apache-2.0
"""What the trio thread tells a worker to do, carried out by the worker between two batches.

A struct enters the worker's lists with its ADD command and leaves them with CLOSE, after which it is handed back by a
notice and nothing here points to it any more. So nothing is shared and nothing is locked. Lists grow here, never on
the way of a packet. A table that is full is a limit of the worker; the peer concerned then gets no media.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memmove

from podium.core._forward cimport (
    restart_waiting, slot_pause, slot_release_forbidden, slot_show, source_release_forbidden, source_release_viewers,
    want_key_frame,
)
from podium.core._model cimport (
    KIND_AUDIO, MAX_REMOTES, MAX_SLOTS, MAX_SOURCES, MAX_TAPS, RETIRED_ROOM, RETIRED_SLOT, RETIRED_SOURCE, RETIRED_TAP,
    RETIRED_TRANSPORT, Room, Slot, Source, Transport,
)
from podium.core._notices cimport notify_retired
from podium.core._queue cimport queue_peek, queue_pop
from podium.core._rtp cimport EXTENSION_KINDS, EXTENSION_TRANSPORT_SEQUENCE
from podium.core._tables cimport (
    find_address, insert_address, insert_ssrc, insert_ufrag, remove_address, remove_source_ssrcs, remove_ufrag,
)
from podium.core._tap cimport TapRing, tap_end
from podium.core._udp cimport same_address


cdef void run_commands(WorkerState* worker) noexcept nogil:
    """Everything that waits, unless a struct cannot be handed back because the trio thread is far behind."""
    cdef Command* command
    while hand_back(worker):
        command = <Command*>queue_peek(&worker.commands)
        if command == NULL:
            return
        run_command(worker, command)
        queue_pop(&worker.commands)


cdef bint hand_back(WorkerState* worker) noexcept nogil:
    if worker.retiring != 0:
        if not notify_retired(worker, worker.retiring, worker.retiring_pointer):
            return False
        worker.retiring = 0
    return True


cdef void retire(WorkerState* worker, int kind, void* pointer) noexcept nogil:
    worker.retiring = kind
    worker.retiring_pointer = pointer


cdef void run_command(WorkerState* worker, Command* command) noexcept nogil:
    cdef int operation = command.operation
    if operation == SHOW:
        slot_show(worker, <Slot*>command.subject, <Source*>command.first)
    elif operation == PAUSE:
        slot_pause(worker, <Slot*>command.subject, command.value != 0)
    elif operation == BLOCK_SOURCE:
        block_source(worker, <Source*>command.subject, command.value != 0)
    elif operation == SET_AUDIENCE:
        set_audience(worker, <Source*>command.subject, command.detail != 0, <uint64_t>command.value)
    elif operation == REQUEST_KEY_FRAME:
        want_key_frame(worker, <Source*>command.subject)
    elif operation == ADD_SOURCE:
        add_source(worker, <Source*>command.subject)
    elif operation == CLOSE_SOURCE:
        close_source(worker, <Source*>command.subject)
    elif operation == ADD_SLOT:
        add_slot(<Slot*>command.subject)
    elif operation == CLOSE_SLOT:
        close_slot(worker, <Slot*>command.subject)
    elif operation == ADD_TAP:
        add_tap(<Source*>command.subject, <TapRing*>command.first)
    elif operation == CLOSE_TAP:
        close_tap(worker, <Source*>command.subject, <TapRing*>command.first)
    elif operation == ADD_ROOM:
        add_room(worker, <Room*>command.subject)
    elif operation == CLOSE_ROOM:
        close_room(worker, <Room*>command.subject)
    else:
        run_transport_command(worker, command, <Transport*>command.subject)


cdef void run_transport_command(WorkerState* worker, Command* command, Transport* transport) noexcept nogil:
    cdef int operation = command.operation
    if operation == ADD_TRANSPORT:
        add_transport(worker, transport)
    elif operation == CLOSE_TRANSPORT:
        close_transport(worker, transport)
    elif operation == ADD_UFRAG:
        insert_ufrag(worker, &command.text, transport)
    elif operation == REMOVE_UFRAG:
        remove_ufrag(worker, &command.text, transport)
    elif operation == ADD_REMOTE:
        add_remote(worker, transport, command)
    elif operation == SET_GROUPS:
        set_groups(worker, transport, <uint64_t>command.value)
    elif operation == SET_KEYS:
        transport.receive_session = command.first
        transport.send_session = command.second
        restart_waiting(worker, transport)
    elif operation == SET_EXTENSION:
        set_extension(transport, <int>command.value, <uint8_t>command.detail)
    elif operation == SET_PAYLOAD_TYPE:
        transport.payload_types[command.value].codec = <uint8_t>(command.detail & 0xFF)
        transport.payload_types[command.value].clock_rate = <uint32_t>(command.detail >> 8)
        transport.payload_types[command.value].rtx = False
    elif operation == SET_RTX_PAYLOAD_TYPE:
        transport.payload_types[command.value] = transport.payload_types[command.detail]
        transport.payload_types[command.value].rtx = True
        transport.payload_types[command.value].original = <uint8_t>command.detail


cdef void* append(void* items, int count, int* capacity, void* item) noexcept nogil:
    """A list of pointers with the item at its end, moved when it had to grow; NULL when there is no memory."""
    cdef void** larger = <void**>items
    if count == capacity[0]:
        larger = <void**>realloc(items, max(16, count * 2) * sizeof(void*))
        if larger == NULL:
            return NULL
        capacity[0] = max(16, count * 2)
    larger[count] = item
    return larger


cdef bint remove(void* items, int count, void* item) noexcept nogil:
    """Take the item out, keeping the order; whether it was there."""
    cdef void** pointers = <void**>items
    cdef int i
    for i in range(count):
        if pointers[i] == item:
            memmove(&pointers[i], &pointers[i + 1], (count - i - 1) * sizeof(void*))
            return True
    return False


# -- rooms


cdef void add_room(WorkerState* worker, Room* room) noexcept nogil:
    cdef void* items = append(worker.rooms, worker.room_count, &worker.room_capacity, room)
    if items != NULL:
        worker.rooms = <Room**>items
        worker.room_count += 1


cdef void close_room(WorkerState* worker, Room* room) noexcept nogil:
    worker.room_count -= remove(worker.rooms, worker.room_count, room)
    retire(worker, RETIRED_ROOM, room)


# -- transports


cdef void add_transport(WorkerState* worker, Transport* transport) noexcept nogil:
    cdef void* items = append(worker.transports, worker.transport_count, &worker.transport_capacity, transport)
    cdef Room* room = transport.room
    if items == NULL:
        return
    worker.transports = <Transport**>items
    worker.transport_count += 1
    items = append(room.transports, room.transport_count, &room.transport_capacity, transport)
    if items != NULL:
        room.transports = <Transport**>items
        room.transport_count += 1
    # Spread the periodic work of many transports over their intervals.
    transport.next_report_us = worker.now_us + transport.id * 37 % 1000 * 1000
    transport.next_feedback_us = worker.now_us + transport.id * 13 % 100 * 1000


cdef void close_transport(WorkerState* worker, Transport* transport) noexcept nogil:
    cdef Room* room = transport.room
    cdef int i
    for i in range(transport.remote_count):
        remove_address(worker, &transport.remotes[i], transport)
    worker.transport_count -= remove(worker.transports, worker.transport_count, transport)
    room.transport_count -= remove(room.transports, room.transport_count, transport)
    retire(worker, RETIRED_TRANSPORT, transport)


cdef void add_remote(WorkerState* worker, Transport* transport, Command* command) noexcept nogil:
    """Answer for this address; `value`: send there. The oldest of too many is given up, never the one in use."""
    cdef int i
    cdef bint known = False
    for i in range(transport.remote_count):
        known = known or same_address(&transport.remotes[i], &command.address)
    if not known or find_address(worker, &command.address) != transport:
        if insert_address(worker, &command.address, transport) < 0:
            return
    if not known:
        if transport.remote_count == MAX_REMOTES:
            i = 1 if transport.has_remote and same_address(&transport.remotes[0], &transport.remote) else 0
            remove_address(worker, &transport.remotes[i], transport)
            transport.remote_count -= 1
            memmove(
                &transport.remotes[i], &transport.remotes[i + 1], (transport.remote_count - i) * sizeof(transport.remotes[0])
            )
        transport.remotes[transport.remote_count] = command.address
        transport.remote_count += 1
    if command.value != 0:
        transport.remote = command.address
        transport.has_remote = True
        restart_waiting(worker, transport)


cdef void set_groups(WorkerState* worker, Transport* transport, uint64_t groups) noexcept nogil:
    """Its participant may receive other sources from now on; what it may no longer ends now."""
    cdef int i
    transport.groups = groups
    for i in range(transport.slot_count):
        slot_release_forbidden(worker, transport.slots[i])
    select_soon(worker, transport.room)


cdef void set_extension(Transport* transport, int kind, uint8_t identifier) noexcept nogil:
    if 0 < kind < EXTENSION_KINDS:
        transport.extension_kinds[identifier] = <uint8_t>kind
        transport.extension_ids[kind] = identifier
        if kind == EXTENSION_TRANSPORT_SEQUENCE:
            transport.feedback = True


# -- sources


cdef void add_source(WorkerState* worker, Source* source) noexcept nogil:
    cdef Transport* transport = source.transport
    cdef Room* room = transport.room
    cdef void* items
    if transport.source_count == MAX_SOURCES:
        return
    # One source more may have pending packets.
    items = append(worker.touched, worker.source_count, &worker.touched_capacity, NULL)
    if items == NULL:
        return
    worker.touched = <Source**>items
    if source.kind == KIND_AUDIO:
        items = append(room.voices, room.voice_count, &room.voice_capacity, source)
        if items == NULL:
            return
        room.voices = <Source**>items
        room.voice_count += 1
    worker.source_count += 1
    transport.sources[transport.source_count] = source
    transport.source_count += 1
    if source.ssrc != 0 and insert_ssrc(transport, source.ssrc, source, False) < 0:
        source.ssrc = 0
    if source.rtx_ssrc != 0 and insert_ssrc(transport, source.rtx_ssrc, source, True) < 0:
        source.rtx_ssrc = 0


cdef void close_source(WorkerState* worker, Source* source) noexcept nogil:
    cdef Transport* transport = source.transport
    cdef Room* room = transport.room
    source_release_viewers(worker, source, False)
    while source.tap_count > 0:
        source.tap_count -= 1
        tap_end(source.taps[source.tap_count])
    remove_source_ssrcs(transport, source, False)
    remove_source_ssrcs(transport, source, True)
    if remove(transport.sources, transport.source_count, source):
        transport.source_count -= 1
        worker.source_count -= 1
    room.voice_count -= remove(room.voices, room.voice_count, source)
    if room.speaker == source:
        room.speaker = NULL
    retire(worker, RETIRED_SOURCE, source)


cdef void block_source(WorkerState* worker, Source* source, bint blocked) noexcept nogil:
    """Muted by the room: its slots wait, and go on seamlessly at a key frame (audio: at once) when it ends."""
    if source.blocked == blocked:
        return
    source.blocked = blocked
    source.key_frame = -1
    if blocked:
        source_release_viewers(worker, source, True)
    else:
        want_key_frame(worker, source)


cdef void set_audience(WorkerState* worker, Source* source, bint restricted, uint64_t groups) noexcept nogil:
    """Who may receive it has changed: those who may no longer lose it now, voices are chosen anew.

    Who may from now on begins with the next key frame, not with one from before.
    """
    source.restricted = restricted
    source.audience = groups
    source.key_frame = -1
    source_release_forbidden(worker, source)
    select_soon(worker, source.transport.room)


cdef void select_soon(WorkerState* worker, Room* room) noexcept nogil:
    room.next_selection_us = 0
    worker.next_tick_us = min(worker.next_tick_us, worker.now_us)


cdef void add_tap(Source* source, TapRing* tap) noexcept nogil:
    """From now on; one too many ends at once."""
    if source.tap_count == MAX_TAPS:
        tap_end(tap)
        return
    source.taps[source.tap_count] = tap
    source.tap_count += 1


cdef void close_tap(WorkerState* worker, Source* source, TapRing* tap) noexcept nogil:
    """`source` is NULL when it was closed before."""
    if source != NULL:
        source.tap_count -= remove(source.taps, source.tap_count, tap)
    tap_end(tap)
    retire(worker, RETIRED_TAP, tap)


# -- slots


cdef void add_slot(Slot* slot) noexcept nogil:
    cdef Transport* transport = slot.transport
    if transport.slot_count < MAX_SLOTS:
        transport.slots[transport.slot_count] = slot
        transport.slot_count += 1


cdef void close_slot(WorkerState* worker, Slot* slot) noexcept nogil:
    cdef Transport* transport = slot.transport
    slot_show(worker, slot, NULL)
    transport.slot_count -= remove(transport.slots, transport.slot_count, slot)
    retire(worker, RETIRED_SLOT, slot)
