# SPDX-License-Identifier: Apache-2.0
"""The packet path: one worker is one thread, one UDP port and all transports on it.

`Worker.run` enters `nogil` once and leaves when it is stopped. In between the trio thread and the worker meet in two
bounded queues only: commands go in (`_commands`), notices come out (`_notices`), an eventfd wakes the one that sleeps.
The classes here are the trio thread's handles. Each owns one struct of `_model.pxd`; a closed one is freed when the
worker has handed it back. The thread itself is in `_loop`. The way of a packet is `_udp` -> `_receive` -> `_store` ->
`_forward` -> `_udp`.
"""

import os
import secrets
import socket
import struct
from typing import NamedTuple

import numpy as np

from podium.core._sockets import open_socket, supports_segmentation
from podium.core._statistics import STATISTICS_DTYPE

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.unistd cimport read, usleep, write

from podium.core cimport _codec, _model, _notices, _rtp
from podium.core._commands cimport (
    ADD_REMOTE, ADD_ROOM, ADD_SLOT, ADD_SOURCE, ADD_TAP, ADD_TRANSPORT, ADD_UFRAG, BLOCK_SOURCE, CLOSE_ROOM, CLOSE_SLOT,
    CLOSE_SOURCE, CLOSE_TAP, CLOSE_TRANSPORT, PAUSE, REMOVE_UFRAG, REQUEST_KEY_FRAME, SET_AUDIENCE, SET_EXTENSION, SET_GROUPS,
    SET_KEYS, SET_PAYLOAD_TYPE, SET_RTX_PAYLOAD_TYPE, SHOW, Command,
)
from podium.core._loop cimport run_worker
from podium.core._model cimport (
    KIND_AUDIO, KIND_VIDEO, MAX_IDENTIFIER, RETIRED_ROOM, RETIRED_SLOT, RETIRED_SOURCE, RETIRED_TRANSPORT, AddressEntry,
    EventRecord, Identifier, UfragEntry, WorkerState,
)
from podium.core._munge cimport munge_reset
from podium.core._nack cimport nack_reset
from podium.core._poll cimport POLLIN, poll, pollfd
from podium.core._queue cimport queue_close, queue_open, queue_peek, queue_pop, queue_push, queue_reserve
from podium.core._srtp cimport SrtpSession
from podium.core._statistics cimport Row, slot_row, source_row
from podium.core._store cimport store_close, store_open
from podium.core cimport _tap
from podium.core._tap cimport TapRecord, TapRing, tap_close, tap_open, tap_peek, tap_pop, tap_prepare_wait
from podium.core._twcc cimport twcc_reset
from podium.core._udp cimport (
    RECEIVE_MESSAGES, Address, Datagram, address_tuple, monotonic_us, parse_address, realtime_us,
    receiver_close, receiver_open, sender_close, sender_open,
)

AUDIO = KIND_AUDIO
VIDEO = KIND_VIDEO
CODEC_OPUS = _codec.CODEC_OPUS
CODEC_VP8 = _codec.CODEC_VP8
CODEC_VP9 = _codec.CODEC_VP9
CODEC_H264 = _codec.CODEC_H264
CODEC_AV1 = _codec.CODEC_AV1
EXTENSION_MID = _rtp.EXTENSION_MID
EXTENSION_RID = _rtp.EXTENSION_RID
EXTENSION_REPAIRED_RID = _rtp.EXTENSION_REPAIRED_RID
EXTENSION_AUDIO_LEVEL = _rtp.EXTENSION_AUDIO_LEVEL
EXTENSION_TRANSPORT_SEQUENCE = _rtp.EXTENSION_TRANSPORT_SEQUENCE
EXTENSION_ABSOLUTE_SEND_TIME = _rtp.EXTENSION_ABSOLUTE_SEND_TIME
EXTENSION_DEPENDENCY_DESCRIPTOR = _rtp.EXTENSION_DEPENDENCY_DESCRIPTOR
EVENT_STUN = _notices.NOTICE_STUN
EVENT_DTLS = _notices.NOTICE_DTLS
EVENT_SOURCE_STARTED = _notices.NOTICE_SOURCE_STARTED
EVENT_SOURCE_STOPPED = _notices.NOTICE_SOURCE_STOPPED
EVENT_SLOT_SWITCHED = _notices.NOTICE_SLOT_SWITCHED
EVENT_FRAME_SIZE = _notices.NOTICE_FRAME_SIZE
EVENT_SPEAKER = _notices.NOTICE_SPEAKER
TAP_RTP = _tap.TAP_RTP
TAP_SENDER_REPORT = _tap.TAP_SENDER_REPORT
PROFILE_AES128_CM_SHA1_80 = 0x0001
PROFILE_AEAD_AES_128_GCM = 0x0007

cdef enum:
    COMMANDS = 16384
    EVENTS = 2048
    ADDRESSES = 8192          # twice what one worker serves: 512 transports with up to 8 addresses
    UFRAGS = 4096
    VIDEO_PACKETS = 1024
    VIDEO_MEMORY = 524288     # 1.6 s of 2.5 Mbit/s
    AUDIO_PACKETS = 128
    AUDIO_MEMORY = 32768


class Event(NamedTuple):
    kind: int
    subject: int
    value: int
    address: tuple[str, int] | None
    data: bytes


class TapPacket(NamedTuple):
    kind: int
    arrival: float
    data: bytes


# -- handles


cdef int set_identifier(Identifier* out, str text, str field) except -1:
    encoded = text.encode("ascii")
    if len(encoded) > MAX_IDENTIFIER:
        raise ValueError(f"{field} {text!r} is longer than {MAX_IDENTIFIER} characters")
    out.size = <uint8_t>len(encoded)
    memcpy(out.text, <const char*>encoded, len(encoded))
    return 0


cdef class Handle:
    """What rooms, transports, sources and slots have in common: a worker, an identifier, an end."""

    cdef readonly Worker worker
    cdef readonly int id
    cdef readonly bint closed

    cdef Command* command(self, int operation) except NULL:
        """The next command for this struct; `Worker.submit` sends it."""
        if self.closed:
            raise ValueError(f"this {type(self).__name__.lower()} is closed")
        return self.worker.reserve(operation)


cdef class Room(Handle):
    """The transports whose voices compete with one another."""

    cdef _model.Room* state
    cdef set transports

    def add_transport(self, *, cname: str = "podium") -> Transport:
        cdef Transport handle = Transport.__new__(Transport)
        cdef _model.Transport* state = <_model.Transport*>self.worker.allocate(sizeof(_model.Transport))
        handle.worker = self.worker
        handle.room = self
        handle.id = state.id = self.worker.next_id()
        handle.children = set()
        state.room = self.state
        state.ssrc = secrets.randbits(32) | 1
        set_identifier(&state.cname, cname, "cname")
        twcc_reset(&state.arrivals)
        handle.state = state
        self.worker.own(<size_t>state, handle)
        self.transports.add(handle)
        self.submit_with(ADD_TRANSPORT, state)
        return handle

    cdef submit_with(self, int operation, void* subject):
        self.command(operation).subject = subject
        self.worker.submit()

    def close(self) -> None:
        if self.closed:
            return
        for transport in list(self.transports):
            transport.close()
        self.submit_with(CLOSE_ROOM, self.state)
        self.closed = True


cdef class Transport(Handle):
    cdef _model.Transport* state
    cdef Room room
    cdef set children             # sources and slots
    cdef list sessions            # kept until the worker has given the transport back

    cdef send(self, int operation, int64_t value=0, int64_t detail=0):
        cdef Command* command = self.command(operation)
        command.subject = self.state
        command.value = value
        command.detail = detail
        self.worker.submit()

    cdef send_ufrag(self, int operation, str ufrag):
        cdef Identifier text
        memset(&text, 0, sizeof(text))
        set_identifier(&text, ufrag, "ufrag")
        cdef Command* command = self.command(operation)
        command.subject = self.state
        command.text = text
        self.worker.submit()

    def add_ufrag(self, ufrag: str) -> None:
        self.send_ufrag(ADD_UFRAG, ufrag)
        self.worker.ufrags.setdefault(self.id, set()).add(ufrag)

    def remove_ufrag(self, ufrag: str) -> None:
        self.send_ufrag(REMOVE_UFRAG, ufrag)
        self.worker.ufrags.get(self.id, set()).discard(ufrag)

    def add_remote(self, address: tuple[str, int], *, selected: bool) -> None:
        cdef Address parsed
        parse_address(address, &parsed)
        cdef Command* command = self.command(ADD_REMOTE)
        command.subject = self.state
        command.address = parsed
        command.value = selected
        self.worker.submit()

    def set_keys(self, profile: int, receive_key: bytes, send_key: bytes) -> None:
        cdef SrtpSession receive = SrtpSession(profile, receive_key, inbound=True)
        cdef SrtpSession send = SrtpSession(profile, send_key, inbound=False)
        cdef Command* command = self.command(SET_KEYS)
        if self.sessions is None:
            self.sessions = []
        self.sessions += [receive, send]
        command.subject = self.state
        command.first = receive.pointer
        command.second = send.pointer
        self.worker.submit()

    def set_groups(self, groups: int) -> None:
        cdef uint64_t mask = groups
        self.send(SET_GROUPS, <int64_t>mask)

    def set_extension(self, kind: int, identifier: int) -> None:
        if not 1 <= identifier <= 255:
            raise ValueError(f"header extension identifier {identifier} is not in 1..255 (RFC 8285)")
        self.send(SET_EXTENSION, kind, identifier)

    def set_payload_type(self, payload_type: int, codec: int, clock_rate: int) -> None:
        check_payload_type(payload_type)
        self.send(SET_PAYLOAD_TYPE, payload_type, codec | clock_rate << 8)

    def set_rtx_payload_type(self, payload_type: int, original: int) -> None:
        check_payload_type(payload_type)
        check_payload_type(original)
        self.send(SET_RTX_PAYLOAD_TYPE, payload_type, original)

    def add_source(
        self, kind: int, *, mid: str = "", rid: str = "", ssrc: int = 0, rtx_ssrc: int = 0, nack: bool = False,
        pli: bool = True, blocked: bool = False,
    ) -> Source:
        cdef Source handle = Source.__new__(Source)
        cdef _model.Source* state = <_model.Source*>self.worker.allocate(sizeof(_model.Source))
        handle.worker = self.worker
        handle.transport = self
        handle.id = state.id = state.csrc = self.worker.next_id()
        handle.state = state
        handle.rid = rid
        self.worker.own(<size_t>state, handle)
        if kind == KIND_VIDEO:
            opened = store_open(&state.store, VIDEO_PACKETS, VIDEO_MEMORY)
        else:
            opened = store_open(&state.store, AUDIO_PACKETS, AUDIO_MEMORY)
        if opened < 0:
            raise MemoryError("no memory for the packets of one more source")
        state.kind = kind
        state.transport = self.state
        set_identifier(&state.mid, mid, "mid")
        set_identifier(&state.rid, rid, "rid")
        state.ssrc = ssrc
        state.rtx_ssrc = rtx_ssrc
        state.nack = nack
        state.pli = pli
        state.blocked = blocked
        state.key_frame = -1
        nack_reset(&state.losses)
        self.children.add(handle)
        handle.send(ADD_SOURCE)
        return handle

    def add_slot(
        self, kind: int, *, mid: str, ssrc: int, rtx_ssrc: int = 0, payload_types: dict[int, tuple[int, int | None]]
    ) -> Slot:
        cdef Slot handle = Slot.__new__(Slot)
        cdef _model.Slot* state = <_model.Slot*>self.worker.allocate(sizeof(_model.Slot))
        handle.worker = self.worker
        handle.transport = self
        handle.id = state.id = self.worker.next_id()
        handle.state = state
        self.worker.own(<size_t>state, handle)
        state.kind = kind
        state.transport = self.state
        set_identifier(&state.mid, mid, "mid")
        state.ssrc = ssrc
        state.rtx_ssrc = rtx_ssrc
        memset(state.payload_types, 255, sizeof(state.payload_types))
        memset(state.rtx_payload_types, 255, sizeof(state.rtx_payload_types))
        for codec, (payload_type, rtx_payload_type) in payload_types.items():
            check_payload_type(payload_type)
            state.payload_types[codec & 7] = payload_type
            if rtx_payload_type is not None:
                check_payload_type(rtx_payload_type)
                state.rtx_payload_types[codec & 7] = rtx_payload_type
        # Below half, so that SRTP's guess of the first rollover counter is right (RFC 3711 section 3.3.1).
        munge_reset(&state.munger, secrets.randbits(15) | 1)
        state.rtx_sequence = secrets.randbits(15)
        self.children.add(handle)
        handle.send(ADD_SLOT)
        return handle

    @property
    def last_received(self) -> float:
        if self.state == NULL or self.state.last_received_us == 0:
            return float("inf")
        return (monotonic_us() - self.state.last_received_us) / 1e6

    def close(self) -> None:
        if self.closed:
            return
        for child in list(self.children):
            child.close()
        for ufrag in self.worker.ufrags.pop(self.id, set()):
            self.send_ufrag(REMOVE_UFRAG, ufrag)
        self.send(CLOSE_TRANSPORT)
        self.closed = True
        self.room.transports.discard(self)


def check_payload_type(payload_type: int) -> None:
    if not 0 <= payload_type <= 127:
        raise ValueError(f"payload type {payload_type} is not in 0..127 (RFC 3550)")


cdef class Source(Handle):
    cdef _model.Source* state
    cdef Transport transport
    cdef readonly str rid

    cdef send(self, int operation, int64_t value=0):
        cdef Command* command = self.command(operation)
        command.subject = self.state
        command.value = value
        self.worker.submit()

    @property
    def csrc(self) -> int:
        return self.state.csrc if self.state != NULL else 0

    @csrc.setter
    def csrc(self, value: int) -> None:
        if self.state != NULL:
            self.state.csrc = value

    def set_blocked(self, blocked: bool) -> None:
        self.send(BLOCK_SOURCE, blocked)

    def set_audience(self, groups: int | None) -> None:
        cdef uint64_t mask = groups or 0
        cdef Command* command = self.command(SET_AUDIENCE)
        command.subject = self.state
        command.value = <int64_t>mask
        command.detail = groups is not None
        self.worker.submit()

    def request_key_frame(self) -> None:
        self.send(REQUEST_KEY_FRAME)

    def tap(self, capacity: int = 1 << 20) -> Tap:
        cdef Tap handle = Tap.__new__(Tap)
        cdef TapRing* ring
        if capacity < 4096 or capacity & (capacity - 1):
            raise ValueError(f"capacity {capacity} is not a power of two of at least 4096")
        handle.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        ring = <TapRing*>self.worker.allocate(sizeof(TapRing))
        handle.worker = self.worker
        handle.source = self
        handle.ring = ring
        self.worker.own(<size_t>ring, handle)
        if tap_open(ring, capacity, handle.wake_fd) < 0:
            raise MemoryError("no memory for one more tap")
        handle.id = ring.id = self.worker.next_id()
        cdef Command* command = self.command(ADD_TAP)
        command.subject = self.state
        command.first = ring
        self.worker.submit()
        return handle

    def close(self) -> None:
        if self.closed:
            return
        self.send(CLOSE_SOURCE)
        self.closed = True
        self.transport.children.discard(self)


cdef class Tap(Handle):
    """The trio thread makes and closes it; one other thread reads."""

    cdef TapRing* ring
    cdef Source source
    cdef int wake_fd

    def __dealloc__(self) -> None:
        if self.wake_fd > 0:
            os.close(self.wake_fd)

    def read(self, limit: int = 1000) -> list[TapPacket]:
        cdef TapRecord* record
        cdef uint32_t kind
        cdef int64_t arrival_us
        packets = []
        while self.ring != NULL and len(packets) < limit:
            record = tap_peek(self.ring)
            if record == NULL:
                break
            kind = record.kind
            arrival_us = record.arrival_us
            data = (<const char*>record + sizeof(TapRecord))[:record.size]
            tap_pop(self.ring)
            # Making a TapPacket may let another thread run, which may free the ring.
            packets.append(TapPacket(kind, arrival_us / 1e6, data))
        return packets

    def wait(self, timeout: float) -> bool:
        cdef pollfd fd
        cdef uint64_t ignored
        cdef int milliseconds = <int>(timeout * 1000)
        if self.ring == NULL or not tap_prepare_wait(self.ring):
            return not self.ended
        fd.fd = self.wake_fd
        fd.events = POLLIN
        with nogil:
            if poll(&fd, 1, milliseconds) > 0:
                read(fd.fd, &ignored, 8)
        return not self.ended

    @property
    def ended(self) -> bool:
        return self.ring == NULL or (self.ring.ended != 0 and tap_peek(self.ring) == NULL)

    @property
    def records(self) -> int:
        return self.ring.records if self.ring != NULL else 0

    @property
    def overruns(self) -> int:
        return self.ring.overruns if self.ring != NULL else 0

    def close(self) -> None:
        if self.closed:
            return
        cdef Command* command = self.command(CLOSE_TAP)
        command.subject = NULL if self.source.closed else <void*>self.source.state
        command.first = self.ring
        self.worker.submit()
        self.closed = True


cdef class Slot(Handle):
    cdef _model.Slot* state
    cdef Transport transport

    cdef send(self, int operation, int64_t value=0):
        cdef Command* command = self.command(operation)
        command.subject = self.state
        command.value = value
        self.worker.submit()

    def show(self, source: Source | None) -> None:
        cdef Source handle
        cdef Command* command
        if source is not None:
            handle = source
            if handle.closed:
                raise ValueError("a closed source cannot be shown")
            if handle.worker is not self.worker:
                raise ValueError("this source belongs to another worker")
        command = self.command(SHOW)
        command.subject = self.state
        command.first = handle.state if source is not None else NULL
        self.worker.submit()

    def set_paused(self, paused: bool) -> None:
        self.send(PAUSE, paused)

    def close(self) -> None:
        if self.closed:
            return
        self.send(CLOSE_SLOT)
        self.closed = True
        self.transport.children.discard(self)


# -- the worker


cdef class Worker:
    cdef WorkerState state
    cdef object socket
    cdef object __weakref__
    cdef dict owned               # address of a struct -> its handle, until the worker has handed it back
    cdef dict ufrags
    cdef list filled              # the handle whose command is being written, to keep it alive
    cdef uint32_t last_id
    cdef bint running

    def __cinit__(self) -> None:
        memset(&self.state, 0, sizeof(WorkerState))
        self.state.wake_fd = self.state.event_fd = -1

    def __init__(self, address: str = "::", port: int = 0, *, audio_slots: int = 3) -> None:
        self.owned = {}
        self.ufrags = {}
        self.socket = open_socket(address, port)
        ipv6 = self.socket.family == socket.AF_INET6
        self.state.fd = self.socket.fileno()
        self.state.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.state.event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.state.audio_slots = audio_slots
        self.state.random = secrets.randbits(32)
        self.state.clock_to_realtime_us = realtime_us() - monotonic_us()
        self.state.now_us = monotonic_us()
        self.state.address_capacity = ADDRESSES
        self.state.addresses = <AddressEntry*>self.allocate(ADDRESSES * sizeof(AddressEntry))
        self.state.ufrag_capacity = UFRAGS
        self.state.ufrags = <UfragEntry*>self.allocate(UFRAGS * sizeof(UfragEntry))
        self.state.datagrams = <Datagram*>self.allocate(RECEIVE_MESSAGES * sizeof(Datagram))
        if (
            receiver_open(&self.state.receiver, self.state.fd) < 0
            or sender_open(&self.state.sender, self.state.fd, ipv6, supports_segmentation(self.socket)) < 0
            or queue_open(&self.state.commands, sizeof(Command), COMMANDS) < 0
            or queue_open(&self.state.events, sizeof(EventRecord), EVENTS) < 0
        ):
            raise MemoryError("no memory for a worker")

    def __dealloc__(self) -> None:
        for pointer, handle in (self.owned or {}).items():
            release(<void*><size_t>pointer, handle)
        receiver_close(&self.state.receiver)
        sender_close(&self.state.sender)
        queue_close(&self.state.commands)
        queue_close(&self.state.events)
        free(self.state.addresses)
        free(self.state.ufrags)
        free(self.state.datagrams)
        free(self.state.transports)
        free(self.state.rooms)
        free(self.state.touched)
        for fd in (self.state.wake_fd, self.state.event_fd):
            if fd >= 0:
                os.close(fd)

    @property
    def port(self) -> int:
        return self.socket.getsockname()[1]

    @property
    def event_fd(self) -> int:
        return self.state.event_fd

    def run(self) -> None:
        if self.running:
            raise RuntimeError("this worker runs already")
        self.running = True
        try:
            with nogil:
                run_worker(&self.state)
        finally:
            self.running = False

    def stop(self) -> None:
        self.state.stopping = True
        self.wake()

    def close(self) -> None:
        if self.running:
            raise RuntimeError("a running worker cannot be closed: stop it and wait for its thread")
        self.socket.close()

    def drain(self) -> list[Event]:
        cdef EventRecord* record
        cdef uint64_t ignored
        events = []
        read(self.state.event_fd, &ignored, 8)
        while True:
            record = <EventRecord*>queue_peek(&self.state.events)
            if record == NULL:
                return events
            if record.kind == _notices.NOTICE_RETIRED:
                self.release_retired(record.subject, record.pointer)
            elif record.size > 0:
                data = (<const char*>record.data)[:record.size]
                events.append(Event(record.kind, record.subject, record.value, address_tuple(&record.address), data))
            else:
                events.append(Event(record.kind, record.subject, record.value, None, b""))
            queue_pop(&self.state.events)

    def send(self, address: tuple[str, int], datagram: bytes) -> None:
        host, port = address
        if self.socket.family == socket.AF_INET6 and ":" not in host:
            host = f"::ffff:{host}"
        try:
            self.socket.sendto(datagram, (host, port))
        except OSError:
            # UDP: whoever needs an answer asks again.
            return

    def add_room(self) -> Room:
        cdef Room handle = Room.__new__(Room)
        cdef _model.Room* state = <_model.Room*>self.allocate(sizeof(_model.Room))
        handle.worker = self
        handle.id = state.id = self.next_id()
        handle.transports = set()
        handle.state = state
        self.own(<size_t>state, handle)
        handle.submit_with(ADD_ROOM, state)
        return handle

    def statistics(self):
        handles = [h for h in self.owned.values() if isinstance(h, (Source, Slot)) and not (<Handle>h).closed]
        table = np.zeros(len(handles), dtype=STATISTICS_DTYPE)
        cdef uint8_t[::1] raw = table.view(np.uint8)
        cdef Row* rows
        cdef Py_ssize_t i
        if len(handles) == 0:
            return table
        rows = <Row*>&raw[0]
        for i in range(len(handles)):
            if isinstance(handles[i], Source):
                source_row(&rows[i], (<Source>handles[i]).state)
            else:
                slot_row(&rows[i], (<Slot>handles[i]).state)
        return table

    def counters(self) -> dict[str, int]:
        counters = dict(self.state.counters)
        counters["sent_packets"] = self.state.sender.sent_packets
        counters["sent_bytes"] = self.state.sender.sent_bytes
        counters["send_calls"] = self.state.sender.system_calls
        counters["dropped_unsent"] = self.state.sender.dropped_packets
        return counters

    # -- inside

    cdef uint32_t next_id(self):
        self.last_id += 1
        return self.last_id

    cdef void* allocate(self, size_t size) except NULL:
        cdef void* memory = calloc(1, size)
        if memory == NULL:
            raise MemoryError("no memory for the packet path")
        return memory

    cdef own(self, size_t pointer, Handle handle):
        self.owned[pointer] = handle

    cdef Command* reserve(self, int operation) except NULL:
        """Room for one command. A worker takes thousands within a millisecond, so a full queue is worth a short wait."""
        cdef Command* command = <Command*>queue_reserve(&self.state.commands)
        cdef int waited = 0
        while command == NULL:
            if waited == 2000 or not self.running:
                raise RuntimeError("the worker does not take commands")
            waited += 1
            self.wake()
            with nogil:
                usleep(500)
            command = <Command*>queue_reserve(&self.state.commands)
        memset(command, 0, sizeof(Command))
        command.operation = operation
        return command

    cdef submit(self):
        queue_push(&self.state.commands)
        self.wake()

    cdef void wake(self) noexcept:
        cdef uint64_t one = 1
        write(self.state.wake_fd, &one, 8)

    cdef release_retired(self, int kind, void* pointer):
        handle = self.owned.pop(<size_t>pointer, None)
        release(pointer, handle)


cdef release(void* pointer, object handle):
    """Free a struct that the worker no longer knows."""
    cdef _model.Source* source
    if isinstance(handle, Source):
        source = <_model.Source*>pointer
        (<Source>handle).state = NULL
        store_close(&source.store)
        free(source.viewers)
    elif isinstance(handle, Tap):
        (<Tap>handle).ring = NULL
        tap_close(<TapRing*>pointer)
    elif isinstance(handle, Slot):
        (<Slot>handle).state = NULL
    elif isinstance(handle, Transport):
        (<Transport>handle).state = NULL
        (<Transport>handle).sessions = None
    elif isinstance(handle, Room):
        free((<_model.Room*>pointer).transports)
        free((<_model.Room*>pointer).voices)
        (<Room>handle).state = NULL
    free(pointer)
