# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the server in tests of the peers themselves.

It speaks the signaling protocol in front of an aiortc peer that sends back what it receives.
"""

import asyncio
import json
import threading
from types import TracebackType
from typing import Any, Self

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from websockets.sync.server import Server, ServerConnection, serve


class EchoServer:
    """One WebSocket server and one aiortc connection per client, all ended with the context."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._server: Server = serve(self._talk, "127.0.0.1", 0, compression=None)
        self._threads = [
            threading.Thread(target=self._loop.run_forever, name="echo media"),
            threading.Thread(target=self._server.serve_forever, name="echo signalling"),
        ]
        self.connections: list[RTCPeerConnection] = []
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/signal"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        for thread in self._threads:
            thread.join()
        self._loop.close()

    def statistics(self) -> dict[str, Any]:
        """getStats() of the first client's connection."""
        return dict(asyncio.run_coroutine_threadsafe(self.connections[0].getStats(), self._loop).result(10))

    def _talk(self, client: ServerConnection) -> None:
        for text in client:
            reply = self._reply(json.loads(text))
            if reply is not None:
                client.send(json.dumps(reply))

    def _reply(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if message["type"] == "Join":
            return {"type": "Joined", "participant_id": "p1", "session_id": message["session_id"]}
        if message["type"] == "Offer":
            sdp = asyncio.run_coroutine_threadsafe(self._answer(message["sdp"]), self._loop).result(10)
            return {"type": "Answer", "sdp": sdp, "slots": []}
        if message["type"] == "Leave":
            return None
        return {"type": "Error", "code": "unknown_type", "message": "unknown type", "field": "type"}

    async def _answer(self, sdp: str) -> str:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connections.append(connection)

        def send_back(track: MediaStreamTrack) -> None:
            transceiver = next(each for each in connection.getTransceivers() if each.receiver.track is track)
            if "a=sendonly" not in sdp:
                transceiver.direction = "sendrecv"
                transceiver.sender.replaceTrack(track)

        connection.on("track", send_back)
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    async def _close(self) -> None:
        for connection in self.connections:
            await connection.close()
        await self._loop.shutdown_default_executor()
