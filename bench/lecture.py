# SPDX-License-Identifier: Apache-2.0
"""One lecture through a worker of the packet path, without signaling: its room, its transports, its measurement.

The worker is driven by the interface that the rooms use. Keys and addresses are given to it directly, as if ICE and
DTLS were over.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from bench.machine import Shares, Watch, percentile, thread_seconds
from bench.traffic import MID, MID_EXTENSION, PAYLOAD_TYPE, SSRC, Audience, Lecturer, Load, audience, lecturer
from podium.core import _fastpath

SLOT_SSRC = 100_000
RTX_PAYLOAD_TYPE = 97
START_TIMEOUT = 20.0
CLOCK_RATE = 90_000


@dataclass(frozen=True)
class Figures:
    """What one measurement gave."""

    receivers: int
    seconds: float
    expected: int
    delivered: int
    forwarded: int
    send_calls: int
    cpu_seconds: float
    delays: list[float]
    machine: Shares

    @property
    def microseconds(self) -> float:
        """Processor time of the worker per packet and receiver."""
        return self.cpu_seconds * 1e6 / max(1, self.delivered)

    def delay(self, share: float) -> float:
        """A percentile of the one-way delay in milliseconds."""
        return percentile(self.delays, share) * 1e3


class Furnished(NamedTuple):
    """What is in the worker: the room, what the lecturer sends, and where each receiver sees it."""

    room: _fastpath.Room
    source: _fastpath.Source
    slots: list[_fastpath.Slot]


class Lecture:
    """A worker at work: the lecturer's packets reach all receivers."""

    def __init__(
        self, worker: _fastpath.Worker, thread: threading.Thread, crowd: Audience, load: Load, room: "Furnished"
    ) -> None:
        self.worker = worker
        self.thread = thread
        self.audience = crowd
        self.load = load
        self.room = room.room
        self.source = room.source

    def measure(self, seconds: float, meanwhile: Callable[[float], None] = time.sleep) -> Figures:
        """Figures of the next seconds, while `meanwhile` does what it does for as long."""
        watch = Watch()
        before, counted, spent = self.audience.marks(), self.worker.counters(), thread_seconds(self.thread)
        began = time.monotonic()
        meanwhile(seconds)
        after, now, used = self.audience.marks(), self.worker.counters(), thread_seconds(self.thread)
        lasted = time.monotonic() - began
        shares = watch.shares()
        receivers = self.audience.receivers.count
        packets = lasted * self.load.frames_per_second * self.load.packets_per_frame
        return Figures(
            receivers=receivers,
            seconds=lasted,
            expected=round(packets * receivers),
            delivered=after.delivered - before.delivered,
            forwarded=now["sent_packets"] - counted["sent_packets"],
            send_calls=now["send_calls"] - counted["send_calls"],
            cpu_seconds=used - spent,
            delays=sorted(self.audience.delays(before)),
            machine=shares,
        )


@contextmanager
def lecture(
    receivers: int,
    *,
    load: Load | None = None,
    server_cpu: int | None = None,
    traffic_cpu: int | None = None,
    address: str = "::",
) -> Iterator[Lecture]:
    """A running lecture in which everybody sees the lecturer."""
    load = load or Load()
    with audience(receivers, cpu=traffic_cpu) as crowd, lecturer(load, cpu=traffic_cpu) as speaker:
        worker = _fastpath.Worker(address, 0)
        thread = threading.Thread(target=_run, args=(worker, server_cpu), name="worker")
        thread.start()
        try:
            room = _furnish(worker, crowd, speaker)
            speaker.begin(("127.0.0.1", worker.port))
            _wait_for_pictures(worker, room.slots)
            yield Lecture(worker, thread, crowd, load, room)
        finally:
            worker.stop()
            thread.join()


def _run(worker: _fastpath.Worker, cpu: int | None) -> None:
    """The worker's thread; pinning concerns this thread only."""
    if cpu is not None and cpu in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {cpu})
    worker.run()


def _furnish(worker: _fastpath.Worker, crowd: Audience, speaker: Lecturer) -> Furnished:
    """The room: one source, and a slot that shows it for each receiver."""
    room = worker.add_room()
    transport = add_transport(room)
    transport.set_keys(_fastpath.PROFILE_AEAD_AES_128_GCM, speaker.key, os.urandom(28))
    transport.add_remote(speaker.address, selected=True)
    source = transport.add_source(_fastpath.VIDEO, mid=MID, ssrc=SSRC, nack=True)
    slots = []
    for index, key in enumerate(crowd.receivers.keys):
        receiver = add_transport(room)
        receiver.set_keys(_fastpath.PROFILE_AEAD_AES_128_GCM, os.urandom(28), key)
        receiver.add_remote(crowd.receivers.address(index), selected=True)
        types = {_fastpath.CODEC_VP8: (PAYLOAD_TYPE, RTX_PAYLOAD_TYPE)}
        ssrc = SLOT_SSRC + 2 * index
        slot = receiver.add_slot(_fastpath.VIDEO, mid=MID, ssrc=ssrc, rtx_ssrc=ssrc + 1, payload_types=types)
        slot.show(source)
        slots.append(slot)
    return Furnished(room, source, slots)


def add_transport(room: _fastpath.Room) -> _fastpath.Transport:
    """Of somebody who sends or receives VP8."""
    transport = room.add_transport()
    transport.set_extension(_fastpath.EXTENSION_MID, MID_EXTENSION)
    transport.set_payload_type(PAYLOAD_TYPE, _fastpath.CODEC_VP8, CLOCK_RATE)
    transport.set_rtx_payload_type(RTX_PAYLOAD_TYPE, PAYLOAD_TYPE)
    return transport


def _wait_for_pictures(worker: _fastpath.Worker, slots: list[_fastpath.Slot]) -> None:
    """Until every slot shows the lecturer."""
    waiting = {slot.id for slot in slots}
    deadline = time.monotonic() + START_TIMEOUT
    while waiting:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(waiting)} receivers see nothing; the worker counted {worker.counters()}")
        for event in worker.drain():
            if event.kind == _fastpath.EVENT_SLOT_SWITCHED and event.value:
                waiting.discard(event.subject)
        time.sleep(0.01)
