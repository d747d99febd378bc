# SPDX-License-Identifier: Apache-2.0
"""An independent WebRTC peer: aiortc on a thread and event loop of its own, behind a synchronous interface.

aiortc answers NACK with RTX and sends NACK and PLI itself. Some of its habits need help: it never gathers loopback
addresses, looks for a STUN server unless told not to, leaves a second video section on a dead transport unless its
bundle policy is max-bundle, and does not route RTX by SSRC once two
sections share a payload type.
"""

import asyncio
import concurrent.futures
import re
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import aioice.ice
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from tests.peers.aiortc_tracks import MovingPicture, Tone, Watched, Watcher
from tests.peers.offers import read_answer
from tests.peers.relay import Relay
from tests.peers.signalling import Message, Signalling

T = TypeVar("T")
CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+) \S+ \d+ ", re.IGNORECASE | re.MULTILINE)

CONFIGURATION = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)

# The only addresses that tests use; gathering the machine's own would make them depend on its network.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class AiortcPeer:
    """One participant. Publishes a tone and a moving picture; everything it receives is decoded and counted."""

    def __init__(
        self,
        url: str,
        session_id: str,
        name: str,
        *,
        background: int = 60,
        amplitude: float = 0.5,
        audio: bool = True,
        video: bool = True,
        more_audio_slots: int = 0,
        more_video_slots: int = 0,
        through: Relay | None = None,
    ) -> None:
        self.url, self.session_id, self.name = url, session_id, name
        self.through = through
        self.tone = Tone(amplitude=amplitude)
        self.picture = MovingPicture(background)
        self._wishes = (audio, video, more_audio_slots, more_video_slots)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"aiortc {name}")
        self._watchers: dict[str, Watcher] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.connection: RTCPeerConnection | None = None
        self.signalling: Signalling | None = None
        self.participant_id = ""
        self.answer = ""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Join, negotiate and connect, to the relay where there is one."""
        self._thread.start()
        self.signalling = Signalling(self.url)
        joined = self.calls.request("Join", answers="Joined", session_id=self.session_id, display_name=self.name)
        self.participant_id = joined["participant_id"]
        sdp, sources = self.call(self._offer())
        answer = self.calls.request("Offer", answers="Answer", sdp=sdp, sources=sources)
        self.answer = answer["sdp"]
        self.call(self._accept(_redirected(answer["sdp"], self.through)))
        self.wait_for(lambda: self.state == "connected", what="the media connection")

    def stop(self) -> None:
        """Close everything and end the thread."""
        if self.signalling is not None:
            self.signalling.close()
        if self._thread.is_alive():
            self.call(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    @property
    def calls(self) -> Signalling:
        assert self.signalling is not None, "not started"
        return self.signalling

    @property
    def state(self) -> str:
        return self.connection.connectionState if self.connection else "new"

    @property
    def video(self) -> Watched:
        """The first video section that receives."""
        return self._first("video")

    @property
    def audio(self) -> Watched:
        return self._first("audio")

    def seen(self, mid: str) -> Watched:
        """What was decoded in one section."""
        return self._watchers[mid].seen

    def mids(self, kind: str) -> list[str]:
        return [mid for mid, watcher in self._watchers.items() if watcher.track.kind == kind]

    def show(self, mid: str, participant_id: str | None, source: str = "camera") -> None:
        slot: Message = {"mid": mid, "participant_id": participant_id, "source": source}
        self.calls.send("Show", slots=[slot])

    def wait_for(self, holds: Callable[[], bool], *, timeout: float = 20, what: str = "a condition") -> None:
        """Return when a condition holds; TimeoutError if it never does."""
        deadline = time.monotonic() + timeout
        tick = threading.Event()
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} waited {timeout} s for {what}; state {self.state}, {self._summary()}")
            tick.wait(0.02)

    def wait_for_frames(self, more: int, *, kind: str = "video", timeout: float = 20) -> None:
        """Return when that many more frames have been decoded."""
        goal = self._first(kind).frames + more
        self.wait_for(lambda: self._first(kind).frames >= goal, timeout=timeout, what=f"{more} more {kind} frames")

    def statistics(self) -> dict[str, Any]:
        """aiortc's getStats()."""
        assert self.connection is not None
        return dict(self.call(self.connection.getStats()))

    def call(self, work: Coroutine[Any, Any, T], timeout: float = 20) -> T:
        """Run a coroutine on the peer's loop and return its result."""
        future: concurrent.futures.Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(timeout)

    def _first(self, kind: str) -> Watched:
        seen = [self._watchers[mid].seen for mid in self.mids(kind)]
        return max(seen, key=lambda each: each.frames, default=Watched())

    def _summary(self) -> dict[str, Watched]:
        return {mid: watcher.seen for mid, watcher in self._watchers.items()}

    async def _offer(self) -> tuple[str, dict[str, str]]:
        connection = self.connection = RTCPeerConnection(CONFIGURATION)
        audio, video, more_audio, more_video = self._wishes
        published: dict[str, RTCRtpTransceiver] = {}
        if audio:
            published["microphone"] = connection.addTransceiver(self.tone, direction="sendrecv")
        if video:
            published["camera"] = connection.addTransceiver(self.picture, direction="sendrecv")
        for kind, more in (("audio", more_audio), ("video", more_video)):
            for _ in range(more):
                connection.addTransceiver(kind, direction="recvonly")
        connection.on("track", self._on_track)
        await connection.setLocalDescription(await connection.createOffer())
        sources = {transceiver.mid: source for source, transceiver in published.items() if transceiver.mid}
        return connection.localDescription.sdp, sources

    async def _accept(self, sdp: str) -> None:
        assert self.connection is not None
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self._route_retransmissions(sdp)

    def _route_retransmissions(self, sdp: str) -> None:
        """Tell aiortc's router the RTX SSRCs of the answer; it registers only the primary ones."""
        assert self.connection is not None
        sections = read_answer(sdp).sections
        for transceiver in self.connection.getTransceivers():
            section = sections.get(transceiver.mid or "")
            if section and section.rtx_ssrc is not None:
                receiver = transceiver.receiver
                receiver.transport._rtp_router.ssrc_table[section.rtx_ssrc] = receiver

    def _on_track(self, track: MediaStreamTrack) -> None:
        assert self.connection is not None
        for transceiver in self.connection.getTransceivers():
            if transceiver.receiver.track is track and transceiver.mid is not None:
                watcher = self._watchers[transceiver.mid] = Watcher(track)
                task = self._loop.create_task(watcher.run())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _close(self) -> None:
        if self.connection is not None:
            await self.connection.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()


def _redirected(sdp: str, relay: Relay | None) -> str:
    """The answer with the server's candidates replaced by the relay's address."""
    if relay is None:
        return sdp
    host, port = relay.toward(read_answer(sdp).candidates)
    return CANDIDATE.sub(rf"\1 {host} {port} ", sdp)
