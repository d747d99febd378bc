# SPDX-License-Identifier: Apache-2.0
"""A worker without packets: the API of podium.core._fastpath, recording what it is told, reporting what tests say."""

import errno
import os
import threading
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from podium.core import _fastpath
from podium.core._fastpath import Event


class FakeWorker:
    """Bound to a port that is not taken in `taken`; `inject` is what the network would have done."""

    taken: ClassVar[set[int]] = set()

    def __init__(self, address: str = "::", port: int = 0, *, audio_slots: int = 3) -> None:
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        if port in self.taken:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self.address = address
        self.audio_slots = audio_slots
        self.port = port or 50000
        self.sent: list[tuple[tuple[str, int], bytes]] = []
        self.rooms: list[FakeRoom] = []
        self.running = self.closed = False
        self.crash: Exception | None = None
        self._stop = threading.Event()
        self._events: list[Event] = []
        self._last_id = 0

    def run(self) -> None:
        self.running = True
        self._stop.wait()
        self.running = False
        if self.crash is not None:
            raise self.crash

    def stop(self) -> None:
        self._stop.set()

    def close(self) -> None:
        assert not self.running
        self.closed = True

    def drain(self) -> list[Event]:
        os.eventfd_read(self.event_fd)
        events, self._events = self._events, []
        return events

    def send(self, address: tuple[str, int], datagram: bytes) -> None:
        self.sent.append((address, datagram))

    def add_room(self) -> "FakeRoom":
        self.rooms.append(FakeRoom(self))
        return self.rooms[-1]

    def counters(self) -> dict[str, int]:
        return {"forwarded": 0}

    def inject(self, *events: Event) -> None:
        self._events += events
        os.eventfd_write(self.event_fd, 1)

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def __del__(self) -> None:
        os.close(self.event_fd)


class FakeRoom:
    """Gives out transports."""

    def __init__(self, worker: FakeWorker) -> None:
        self.worker = worker
        self.id = worker.new_id()
        self.transports: list[FakeTransport] = []
        self.closed = False

    def add_transport(self, *, cname: str = "podium") -> "FakeTransport":
        assert not self.closed
        self.transports.append(FakeTransport(self.worker, cname))
        return self.transports[-1]

    def close(self) -> None:
        self.closed = True
        for transport in self.transports:
            transport.close()


class FakeTransport:
    """Remembers how it was configured; refuses what the real one would refuse."""

    def __init__(self, worker: FakeWorker, cname: str = "podium") -> None:
        self.worker = worker
        self.cname = cname
        self.id = worker.new_id()
        self.ufrags: set[str] = set()
        self.remotes: list[tuple[str, int]] = []
        self.selected: tuple[str, int] | None = None
        self.keys: tuple[int, bytes, bytes] | None = None
        self.extensions: dict[int, int] = {}
        self.payload_types: dict[int, tuple[int, int]] = {}
        self.rtx_payload_types: dict[int, int] = {}
        self.sources: list[FakeSource] = []
        self.slots: list[FakeSlot] = []
        self.groups = 0
        self.closed = False

    def set_groups(self, groups: int) -> None:
        assert not self.closed
        self.groups = groups

    def hears(self, source: "FakeSource") -> bool:
        """Whether the worker would forward this source to here."""
        return source.audience is None or source.audience & self.groups != 0

    def add_ufrag(self, ufrag: str) -> None:
        self.ufrags.add(ufrag)

    def remove_ufrag(self, ufrag: str) -> None:
        self.ufrags.remove(ufrag)

    def add_remote(self, address: tuple[str, int], *, selected: bool) -> None:
        assert not self.closed
        self.remotes.append(address)
        if selected:
            self.selected = address

    def set_keys(self, profile: int, receive_key: bytes, send_key: bytes) -> None:
        assert self.keys is None
        self.keys = (profile, receive_key, send_key)

    def set_extension(self, kind: int, identifier: int) -> None:
        self.extensions[kind] = identifier

    def set_payload_type(self, payload_type: int, codec: int, clock_rate: int) -> None:
        self.payload_types[payload_type] = (codec, clock_rate)

    def set_rtx_payload_type(self, payload_type: int, original: int) -> None:
        assert original in self.payload_types
        self.rtx_payload_types[payload_type] = original

    def add_source(
        self,
        kind: int,
        *,
        mid: str = "",
        rid: str = "",
        ssrc: int = 0,
        rtx_ssrc: int = 0,
        nack: bool = False,
        pli: bool = True,
        blocked: bool = False,
    ) -> "FakeSource":
        assert self.payload_types
        terms = {"kind": kind, "mid": mid, "rid": rid, "ssrc": ssrc, "rtx_ssrc": rtx_ssrc, "nack": nack, "pli": pli}
        self.sources.append(FakeSource(self.worker.new_id(), terms, blocked=blocked))
        return self.sources[-1]

    def add_slot(
        self, kind: int, *, mid: str, ssrc: int, rtx_ssrc: int = 0, payload_types: Mapping[int, tuple[int, int | None]]
    ) -> "FakeSlot":
        assert self.payload_types
        self.slots.append(FakeSlot(self.worker.new_id(), kind, mid, ssrc, rtx_ssrc, dict(payload_types)))
        return self.slots[-1]

    @property
    def last_received(self) -> float:
        return 0.0

    def close(self) -> None:
        self.closed = True
        for source in self.sources:
            source.close()
        for slot in self.slots:
            slot.close()


class FakeSource:
    """A stream that tests start, stop and resize by events."""

    def __init__(self, source_id: int, terms: dict[str, object], *, blocked: bool = False) -> None:
        self.id = source_id
        self.csrc = source_id
        self.terms = terms
        self.blocked = blocked
        self.history = [blocked]
        """Whether it was blocked, from its first moment on."""
        self.audience: int | None = None
        self.closed = False
        self.taps: list[FakeTap] = []
        self.key_frames_wanted = 0

    def set_audience(self, groups: int | None) -> None:
        assert not self.closed
        self.audience = groups

    def tap(self, capacity: int = 1 << 20) -> "FakeTap":
        assert not self.closed
        self.taps.append(FakeTap(capacity))
        return self.taps[-1]

    def set_blocked(self, blocked: bool) -> None:
        assert not self.closed
        self.blocked = blocked
        self.history.append(blocked)

    def request_key_frame(self) -> None:
        assert not self.closed
        self.key_frames_wanted += 1

    def close(self) -> None:
        self.closed = True

    def started(self) -> Event:
        return Event(_fastpath.EVENT_SOURCE_STARTED, self.id, 1000 + self.id, None, b"")

    def stopped(self) -> Event:
        return Event(_fastpath.EVENT_SOURCE_STOPPED, self.id, 0, None, b"")

    def sized(self, width: int, height: int) -> Event:
        return Event(_fastpath.EVENT_FRAME_SIZE, self.id, width << 16 | height, None, b"")


class FakeTap:
    """A ring without a worker that writes into it."""

    records = overruns = 0

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.closed = False

    @property
    def ended(self) -> bool:
        return self.closed

    def read(self, limit: int = 1000) -> list[_fastpath.TapPacket]:
        return []

    def wait(self, timeout: float) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True


class FakeSlot:
    """Remembers every source it was told to show."""

    def __init__(
        self,
        slot_id: int,
        kind: int,
        mid: str,
        ssrc: int,
        rtx_ssrc: int,
        payload_types: dict[int, tuple[int, int | None]],
    ) -> None:
        self.id = slot_id
        self.kind = kind
        self.mid = mid
        self.ssrc = ssrc
        self.rtx_ssrc = rtx_ssrc
        self.payload_types = payload_types
        self.shown: list[FakeSource | None] = []
        self.closed = False

    def show(self, source: "FakeSource | None") -> None:
        assert not self.closed
        assert source is None or not source.closed
        self.shown.append(source)

    def close(self) -> None:
        self.closed = True

    def switched(self, source: FakeSource | None) -> Event:
        return Event(_fastpath.EVENT_SLOT_SWITCHED, self.id, source.id if source else 0, None, b"")


def stun_event(address: tuple[str, int], datagram: bytes) -> Event:
    return Event(_fastpath.EVENT_STUN, 0, 0, address, datagram)


def dtls_event(transport: FakeTransport, address: tuple[str, int], datagram: bytes) -> Event:
    return Event(_fastpath.EVENT_DTLS, transport.id, 0, address, datagram)


def real(fake: object) -> Any:
    """A fake where the types ask for the real thing."""
    return cast(Any, fake)
