# SPDX-License-Identifier: Apache-2.0
"""The trio side of the native workers: starts their threads, carries their events to connections and rooms.

Each worker has one thread that never needs this side to forward packets, one task here that reads its event ring,
and one task that looks at all connections a few times a second: neither grows with the number of participants.
"""

import logging
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import trio

from podium.core import _fastpath
from podium.core.media.addresses import reachable_addresses
from podium.core.media.binding import bind_workers
from podium.core.media.connection import Connection, Negotiation, Outgoing
from podium.core.media.dtls import Certificate
from podium.core.media.ice import username_fragment_untrusted
from podium.core.media.sdp import AnswerSettings, Offer
from podium.core.media.settings import MediaSettings
from podium.core.media.streams import StreamChanges

TICK_SECONDS = 0.1

logger = logging.getLogger(__name__)


class Listener(Protocol):
    """A room, as a worker sees it."""

    def media_events(self, events: list[_fastpath.Event]) -> None:
        """What happened to its sources, slots and speaker, in order."""

    def connection_changed(self, connection: Connection) -> None:
        """A connection has another state."""


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """A worker as it is now; `counters` are the packet path's own."""

    port: int
    rooms: int
    connections: int
    counters: Mapping[str, int]


class MediaWorker:
    """One native worker and the connections on it."""

    def __init__(
        self,
        worker: _fastpath.Worker,
        certificate: Certificate,
        addresses: tuple[str, ...],
        settings: MediaSettings,
    ) -> None:
        self.worker = worker
        self.port = worker.port
        self._certificate = certificate
        self._candidates = tuple((address, self.port) for address in addresses)
        self._answers = AnswerSettings(video_codecs=settings.video_codecs)
        self._rooms: dict[int, Listener] = {}
        self._sources: dict[int, Listener] = {}
        self._slots: dict[int, Listener] = {}
        self._listeners: dict[Connection, Listener] = {}
        self._by_transport: dict[int, Connection] = {}
        self._by_ufrag: dict[str, Connection] = {}

    @property
    def load(self) -> tuple[int, int]:
        """For comparison between workers."""
        return len(self._listeners), len(self._rooms)

    def statistics(self) -> WorkerStatistics:
        return WorkerStatistics(self.port, len(self._rooms), len(self._listeners), self.worker.counters())

    def add_room(self, listener: Listener) -> _fastpath.Room:
        room = self.worker.add_room()
        self._rooms[room.id] = listener
        return room

    def remove_room(self, room: _fastpath.Room) -> None:
        del self._rooms[room.id]
        room.close()

    def connect(self, room: _fastpath.Room) -> Connection:
        """A new connection on a transport of this room."""
        cname = secrets.token_urlsafe(12)  # says nothing about the participant (RFC 7022)
        transport = room.add_transport(cname=cname)
        connection = Connection(transport, self._certificate, self._candidates, self._answers, cname, trio.current_time)
        self._listeners[connection] = self._rooms[room.id]
        self._by_transport[connection.transport_id] = connection
        return connection

    def negotiate(self, connection: Connection, offer: Offer, sources: Mapping[str, str]) -> Negotiation:
        """Hand an offer to a connection, and know its streams and names from then on."""
        before = connection.ufrags
        negotiation = connection.negotiate(offer, sources, trio.current_time())
        self._route_streams(negotiation.changes, self._listeners[connection])
        self._route_ufrags(connection, before)
        return negotiation

    def disconnect(self, connection: Connection) -> None:
        """Close a connection, if it is not closed yet, and forget it."""
        before = connection.ufrags
        self._send(connection.close())
        self._route_ufrags(connection, before)
        changes = StreamChanges(tuple(connection.tracks.values()), tuple(connection.slots.values()))
        self._route_streams(changes, self._listeners[connection])
        del self._listeners[connection]
        del self._by_transport[connection.transport_id]

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled, and the thread has ended."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._run_thread)
            nursery.start_soon(self._pump)
            nursery.start_soon(self._tick)
            task_status.started()

    async def _run_thread(self, task_status: trio.TaskStatus[None]) -> None:
        """Run the native loop in a thread of its own. Its end is an error unless it was told to end."""
        token = trio.lowlevel.current_trio_token()
        ended = trio.Event()
        errors: list[Exception] = []

        def forward() -> None:
            try:
                self.worker.run()
            except Exception as error:
                errors.append(error)
            token.run_sync_soon(ended.set)

        thread = threading.Thread(target=forward, name=f"podium-media-{self.port}", daemon=False)
        thread.start()
        task_status.started()
        try:
            await ended.wait()
        finally:
            self.worker.stop()
            with trio.CancelScope(shield=True):
                await ended.wait()
            thread.join()
            self.worker.close()
        raise RuntimeError(f"the media worker on port {self.port} ended by itself") from next(iter(errors), None)

    async def _pump(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self.worker.event_fd)
            self._dispatch(self.worker.drain())

    async def _tick(self) -> None:
        while True:
            await trio.sleep(TICK_SECONDS)
            now = trio.current_time()
            for connection in list(self._listeners):
                self._drive(connection, partial(connection.tick, now))

    def _dispatch(self, events: list[_fastpath.Event]) -> None:
        now = trio.current_time()
        batches: dict[Listener, list[_fastpath.Event]] = {}
        for event in events:
            if event.kind == _fastpath.EVENT_STUN:
                self._receive_stun_untrusted(event, now)
            elif event.kind == _fastpath.EVENT_DTLS:
                self._receive_dtls_untrusted(event)
            elif (listener := self._listener(event)) is not None:
                batches.setdefault(listener, []).append(event)
        for listener, batch in batches.items():
            listener.media_events(batch)

    def _listener(self, event: _fastpath.Event) -> Listener | None:
        if event.kind == _fastpath.EVENT_SPEAKER:
            return self._rooms.get(event.subject)
        if event.kind == _fastpath.EVENT_SLOT_SWITCHED:
            return self._slots.get(event.subject)
        return self._sources.get(event.subject)

    def _receive_stun_untrusted(self, event: _fastpath.Event, now: float) -> None:
        ufrag = username_fragment_untrusted(event.data)
        connection = self._by_ufrag.get(ufrag) if ufrag is not None else None
        address = event.address
        if connection is not None and address is not None:
            self._drive(connection, partial(connection.receive_stun_untrusted, event.data, address, now))

    def _receive_dtls_untrusted(self, event: _fastpath.Event) -> None:
        connection = self._by_transport.get(event.subject)
        address = event.address
        if connection is not None and address is not None:
            self._drive(connection, partial(connection.receive_dtls_untrusted, event.data, address))

    def _drive(self, connection: Connection, step: Callable[[], list[Outgoing]]) -> None:
        """Let a connection take a step, send what it says, and tell its room when its state changed."""
        state, ufrags = connection.state, connection.ufrags
        try:
            self._send(step())
        except Exception as error:  # one browser's datagram must not end the calls of all others on this worker
            logger.exception("a connection failed by an error of ours")
            self._send(connection.fail(f"internal error: {type(error).__name__}"))
        if connection.ufrags != ufrags:
            self._route_ufrags(connection, ufrags)
        if connection.state != state:
            self._listeners[connection].connection_changed(connection)

    def _send(self, outgoing: list[Outgoing]) -> None:
        for address, datagram in outgoing:
            self.worker.send(address, datagram)

    def _route_ufrags(self, connection: Connection, before: frozenset[str]) -> None:
        for ufrag in before - connection.ufrags:
            self._by_ufrag.pop(ufrag, None)
        self._by_ufrag.update(dict.fromkeys(connection.ufrags - before, connection))

    def _route_streams(self, changes: StreamChanges, listener: Listener) -> None:
        for track in changes.closed_tracks:
            for source in track.layers:
                self._sources.pop(source.id, None)
        for slot in changes.closed_slots:
            self._slots.pop(slot.slot.id, None)
        for track in changes.opened_tracks:
            self._sources.update({source.id: listener for source in track.layers})
        self._slots.update({slot.slot.id: listener for slot in changes.opened_slots})


class Media:
    """All workers of this process."""

    def __init__(self, workers: tuple[MediaWorker, ...], certificate: Certificate, addresses: tuple[str, ...]) -> None:
        self.workers = workers
        self.certificate = certificate
        self.addresses = addresses

    def least_loaded(self) -> MediaWorker:
        return min(self.workers, key=lambda worker: worker.load)


@asynccontextmanager
async def open_media(settings: MediaSettings) -> AsyncIterator[Media]:
    """Bind and run the workers; they stop on leaving. Raises MediaError where no port can be had."""
    bound, natives = bind_workers(settings)
    addresses = settings.announced_addresses or reachable_addresses(bound, loopback=settings.announce_loopback)
    certificate = Certificate.generate()
    workers = tuple(MediaWorker(native, certificate, addresses, settings) for native in natives)
    media = Media(workers, certificate, addresses)
    async with trio.open_nursery() as nursery:
        for worker in media.workers:
            await nursery.start(worker.run)
        try:
            yield media
        finally:
            nursery.cancel_scope.cancel()
