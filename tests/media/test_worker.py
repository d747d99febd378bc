# SPDX-License-Identifier: Apache-2.0
"""The trio side of a worker: its thread, where events go, time that passes, and errors that stay where they are."""

import logging
import threading
from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from podium.core import _fastpath
from podium.core.media.connection import Connection
from podium.core.media.sdp import parse_offer
from podium.core.media.settings import MediaSettings
from podium.core.media.worker import Media, MediaWorker, open_media
from tests.rooms.browser import CAMERA, HOME, MICROPHONE, SEES, Browser
from tests.rooms.fake_worker import FakeRoom, FakeTransport, FakeWorker, dtls_event, real, stun_event

SETTINGS = MediaSettings(announced_addresses=("192.0.2.1",))


class Room:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[list[_fastpath.Event]] = []
        self.states: list[str] = []

    def media_events(self, events: list[_fastpath.Event]) -> None:
        self.heard.append(events)

    def connection_changed(self, connection: Connection) -> None:
        self.states.append(connection.state)


class Call:
    """A browser in a room of a worker."""

    def __init__(self, media: MediaWorker) -> None:
        self.media = media
        self.fake: FakeWorker = real(media.worker)
        self.room = Room()
        self.native = media.add_room(self.room)
        self.connection = media.connect(self.native)
        fake_room: FakeRoom = real(self.native)
        self.transport: FakeTransport = fake_room.transports[-1]
        self.browser = Browser()
        offer = parse_offer(self.browser.offer(MICROPHONE, CAMERA, SEES[0]))
        self.browser.accept(media.negotiate(self.connection, offer, {}).answer)

    async def connect(self) -> None:
        self.fake.inject(stun_event(HOME, self.browser.check()))
        await wait_all_tasks_blocked()
        for datagram in self.browser.hello():
            await self.handshake(datagram)

    async def handshake(self, datagram: bytes) -> None:
        """One datagram of the browser, and whatever it leads to."""
        client = self.browser.client
        assert client is not None
        self.fake.sent.clear()
        self.fake.inject(dtls_event(self.transport, HOME, datagram))
        await wait_all_tasks_blocked()
        for _, reply in list(self.fake.sent):
            client.receive(reply)
        for answer in client.take_outgoing():
            await self.handshake(answer)


@pytest.fixture
async def media(monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock) -> AsyncIterator[Media]:
    monkeypatch.setattr(_fastpath, "Worker", FakeWorker)
    async with open_media(SETTINGS) as media:
        yield media


@pytest.fixture
def call(media: Media) -> Call:
    return Call(media.workers[0])


async def test_workers_run_in_threads_of_their_own_and_end_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fastpath, "Worker", FakeWorker)
    async with open_media(MediaSettings(workers=2, announced_addresses=("192.0.2.1",))) as media:
        names = [thread.name for thread in threading.enumerate() if thread.name.startswith("podium-media-")]
        assert len(names) == 2
        fakes: list[FakeWorker] = [real(worker.worker) for worker in media.workers]
    assert [(fake.running, fake.closed) for fake in fakes] == [(False, True)] * 2


async def test_a_worker_that_ends_by_itself_is_an_error_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fastpath, "Worker", FakeWorker)
    with pytest.RaisesGroup(pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="ended by itself"))) as caught:
        async with open_media(SETTINGS) as media:
            fake: FakeWorker = real(media.workers[0].worker)
            fake.crash = MemoryError("too many rooms")
            fake.stop()
            await trio.sleep_forever()
    inner = caught.value.exceptions[0]
    assert isinstance(inner, ExceptionGroup)
    assert isinstance(inner.exceptions[0].__cause__, MemoryError)


async def test_the_least_loaded_worker_is_the_one_with_fewest_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fastpath, "Worker", FakeWorker)
    async with open_media(MediaSettings(workers=2, announced_addresses=("192.0.2.1",))) as media:
        first, second = media.workers
        assert media.least_loaded() is first
        Call(first)
        assert media.least_loaded() is second
        second.add_room(Room())
        assert media.least_loaded() is second


async def test_checks_and_handshakes_reach_their_connection_and_its_room_hears_the_state(call: Call) -> None:
    await call.connect()
    assert call.connection.state == "connected"
    assert call.room.states == ["connected"]
    assert call.transport.selected == HOME


async def test_each_room_hears_of_its_own_streams_once_a_batch(call: Call) -> None:
    other = Call(call.media)
    source, slot = call.transport.sources[0], call.transport.slots[0]
    speaking = _fastpath.Event(_fastpath.EVENT_SPEAKER, call.native.id, source.id, None, b"")
    call.fake.inject(source.started(), other.transport.sources[1].started(), slot.switched(source), speaking)
    await wait_all_tasks_blocked()
    assert call.room.heard == [[source.started(), slot.switched(source), speaking]]
    assert other.room.heard == [[other.transport.sources[1].started()]]


async def test_strangers_and_the_gone_are_not_listened_to(call: Call) -> None:
    source, check = call.transport.sources[0], call.browser.check()
    call.media.disconnect(call.connection)
    call.media.remove_room(call.native)
    call.fake.sent.clear()
    unknown = _fastpath.Event(_fastpath.EVENT_SPEAKER, 999, 0, None, b"")
    garbage = stun_event(HOME, b"\x00\x01")
    call.fake.inject(
        source.started(), stun_event(HOME, check), dtls_event(call.transport, HOME, b"\x16"), unknown, garbage
    )
    await wait_all_tasks_blocked()
    assert (call.fake.sent, call.room.heard, call.room.states) == ([], [], [])
    assert call.media.statistics().connections == call.media.statistics().rooms == 0
    assert call.transport.closed


async def test_a_later_offer_moves_the_routes(call: Call) -> None:
    old_check, old_source = call.browser.check(), call.transport.sources[0]
    call.fake.inject(stun_event(HOME, old_check))
    call.browser.restart()
    offer = parse_offer(call.browser.offer(MICROPHONE, CAMERA, *SEES))
    call.browser.accept(call.media.negotiate(call.connection, offer, {}).answer)
    call.fake.inject(stun_event(HOME, call.browser.check()), old_source.started())
    await wait_all_tasks_blocked()
    assert len(call.room.heard) == 1
    call.fake.sent.clear()
    call.fake.inject(stun_event(HOME, old_check))
    await wait_all_tasks_blocked()
    assert call.fake.sent == []


async def test_a_silent_connection_fails_in_time(call: Call, mock_clock: MockClock) -> None:
    await call.connect()
    for _ in range(4):
        mock_clock.jump(10)
        await wait_all_tasks_blocked()
    assert call.room.states == ["connected", "failed"]
    assert call.connection.failure == "no consent to send for 30 seconds"


async def test_an_error_of_ours_ends_one_connection_only(
    call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = Call(call.media)

    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(call.transport, "add_remote", stumble)
    with caplog.at_level(logging.ERROR):
        call.fake.inject(stun_event(HOME, call.browser.check()), stun_event(HOME, other.browser.check()))
        await wait_all_tasks_blocked()
    assert call.room.states == ["failed"]
    assert call.connection.failure == "internal error: ZeroDivisionError"
    assert other.transport.selected == HOME
    assert "ZeroDivisionError" in caplog.text
