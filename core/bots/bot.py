# SPDX-License-Identifier: Apache-2.0
"""A participant inside the server: it plays a file into a room, or receives decoded frames from it.

To the room a bot is a participant like any other, counted and announced. Its media runs on a thread of its own
(aiortc is asyncio) and through the same worker as everybody's. Decoding in Python is for a few streams, not a class.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, final

import trio

from podium.core.bots._asyncio_thread import open_asyncio_thread
from podium.core.errors import PodiumError
from podium.core.events import ConnectionState, Showing, TrackSource
from podium.core.rooms.presence import LocalParticipant
from podium.core.rooms.rooms import Rooms

if TYPE_CHECKING:
    from av import AudioFrame, VideoFrame

    from podium.core.bots._peer import BotPeer

FRAME_BUFFER = 64
CONNECT_SECONDS = 15.0


class BotError(PodiumError):
    """A bot cannot do what was asked: code `file_unreadable`, `nothing_to_do` or `not_connected`."""


@dataclass(frozen=True, slots=True)
class BotFrame:
    """One decoded frame: `frame` is an av.VideoFrame or an av.AudioFrame."""

    participant_id: str
    source: TrackSource
    frame: "AudioFrame | VideoFrame"


@final
class Bot:
    """Made by `open_bot`. `frames` is bounded: what a slow reader does not take is dropped and counted."""

    def __init__(self, participant: LocalParticipant) -> None:
        self.participant = participant
        self.dropped_frames = 0
        self.played = trio.Event()
        """Set when the file has been played."""
        self.ended = trio.Event()
        """Set when the room has ended for the bot; `participant.left_reason` says why."""
        self._connected = trio.Event()
        self._showing: dict[str, tuple[str, TrackSource]] = {}
        self._send: trio.MemorySendChannel[BotFrame]
        self.frames: trio.MemoryReceiveChannel[BotFrame]
        self._send, self.frames = trio.open_memory_channel[BotFrame](FRAME_BUFFER)

    async def follow(self) -> None:
        """Take in the room's events until it ends."""
        async for event in self.participant.events:
            if isinstance(event, Showing):
                self._showing = {
                    slot.mid: (slot.participant_id, slot.source)
                    for slot in event.slots
                    if slot.participant_id is not None and slot.source is not None
                }
            elif isinstance(event, ConnectionState) and event.state == "connected":
                self._connected.set()
        self.ended.set()
        self._send.close()

    def receive(self, mid: str, frame: "AudioFrame | VideoFrame") -> None:
        """A frame was decoded in this slot; of an empty slot it is a left-over."""
        shown = self._showing.get(mid)
        if shown is None or self.ended.is_set():
            return
        try:
            self._send.send_nowait(BotFrame(*shown, frame))
        except trio.WouldBlock:
            self.dropped_frames += 1

    async def wait_connected(self) -> None:
        """Raises BotError after 15 seconds without a media connection."""
        with trio.move_on_after(CONNECT_SECONDS) as scope:
            await self._connected.wait()
        if scope.cancelled_caught:
            raise BotError("not_connected", f"no media connection within {CONNECT_SECONDS:g} seconds")


@asynccontextmanager
async def open_bot(
    rooms: Rooms,
    session_id: str,
    display_name: str,
    *,
    role: str = "observer",
    participant_id: str | None = None,
    play: Path | None = None,
    repeat: bool = False,
    audio_slots: int = 0,
    video_slots: int = 0,
) -> AsyncIterator[Bot]:
    """A bot in a room, its media connected; it leaves at the end of the block.

    `play`: a media file, sent as microphone and camera, over and over when `repeat`. `audio_slots`, `video_slots`: how
    many streams to receive and decode. Raises RoomError when the room does not let it in, BotError otherwise.
    """
    from podium.core.bots._peer import BotPeer

    if play is not None and not play.is_file():
        raise BotError("file_unreadable", f"there is no file {play}", "play")
    if play is None and not audio_slots and not video_slots:
        raise BotError("nothing_to_do", "a bot plays a file or has slots to receive in", "play")
    bot = Bot(await rooms.join(session_id, participant_id, display_name, role))
    soon = trio.lowlevel.current_trio_token().run_sync_soon
    make = partial(
        BotPeer,
        rooms.local_address,
        lambda mid, frame: soon(bot.receive, mid, frame),
        lambda: soon(bot.played.set),
        play=play,
        repeat=repeat,
        audio_slots=audio_slots,
        video_slots=video_slots,
    )
    try:
        async with open_asyncio_thread() as thread, _follow(bot):
            peer = await thread.run(partial(_make, make))
            try:
                sdp, sources = await thread.run(peer.offer)
                answer = await bot.participant.negotiate(sdp, sources)
                await thread.run(partial(peer.accept, answer.sdp))
                await bot.wait_connected()
                yield bot
            finally:
                bot.participant.leave()
                with trio.CancelScope(shield=True):
                    await thread.run(peer.close)
    finally:
        bot.participant.leave()


@asynccontextmanager
async def _follow(bot: Bot) -> AsyncIterator[None]:
    """Take in the room's events meanwhile; what is raised inside comes out as it is, in no group."""
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bot.follow)
            yield
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from group.exceptions[0].__cause__


async def _make(make: "partial[BotPeer]") -> "BotPeer":
    """aiortc wants its objects made where its loop runs."""
    from av import FFmpegError

    try:
        return make()
    except (OSError, FFmpegError) as error:
        raise BotError("file_unreadable", f"the file cannot be played: {error}", "play") from error
