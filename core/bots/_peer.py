# SPDX-License-Identifier: Apache-2.0
"""The asyncio side of a bot: an aiortc connection to a worker of this process, over loopback.

It plays a file into its sending sections and hands over every decoded frame of its receiving ones. Importing this
module imports aiortc, which takes a second, so only a running bot does.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import aioice.ice
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

Deliver = Callable[[str, AudioFrame | VideoFrame], None]

_CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+) \S+ (\d+) ", re.IGNORECASE | re.MULTILINE)


class BotPeer:
    """`deliver` gets the MID of a receiving section and a frame, `played` is called at the end of the file."""

    def __init__(
        self,
        address: str,
        deliver: Deliver,
        played: Callable[[], None],
        *,
        play: Path | None,
        repeat: bool,
        audio_slots: int,
        video_slots: int,
    ) -> None:
        # aioice gathers the machine's addresses and leaves out loopback, the only one a bot needs.
        aioice.ice.get_host_addresses = lambda *_families, **_more: [address]
        self._address = address
        self._deliver = deliver
        self._tasks: set[asyncio.Task[None]] = set()
        self._sources: list[str] = []
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        if play is not None:
            self._play(MediaPlayer(str(play), loop=repeat), played)
        for kind, count in (("audio", audio_slots), ("video", video_slots)):
            for _ in range(count):
                self._connection.addTransceiver(kind, direction="recvonly")

    def _play(self, player: MediaPlayer, played: Callable[[], None]) -> None:
        tracks = [(player.audio, "microphone"), (player.video, "camera")]
        for track, source in tracks:
            if track is not None:
                track.on("ended", played)
                self._connection.addTransceiver(track, direction="sendonly")
                self._sources.append(source)

    async def offer(self) -> tuple[str, dict[str, str]]:
        """The SDP, and what each sending section is."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        sending = [mid for mid, transceiver in self._sections() if transceiver.direction == "sendonly"]
        return self._connection.localDescription.sdp, dict(zip(sending, self._sources, strict=True))

    def _sections(self) -> list[tuple[str, RTCRtpTransceiver]]:
        """By MID, which every transceiver has once it was offered."""
        transceivers = self._connection.getTransceivers()
        return [(transceiver.mid, transceiver) for transceiver in transceivers if transceiver.mid is not None]

    async def accept(self, sdp: str) -> None:
        """Take the answer, with the worker's port at the address that this process reaches it by."""
        local = _CANDIDATE.sub(rf"\1 {self._address} \2 ", sdp)
        await self._connection.setRemoteDescription(RTCSessionDescription(local, "answer"))
        for mid, transceiver in self._sections():
            if transceiver.direction == "recvonly":
                task = asyncio.get_running_loop().create_task(self._read(mid, transceiver.receiver.track))
                self._tasks.add(task)

    async def _read(self, mid: str, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, AudioFrame | VideoFrame):
                self._deliver(mid, frame)

    async def close(self) -> None:
        await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
