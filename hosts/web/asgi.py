# SPDX-License-Identifier: Apache-2.0
"""Three measures between hypercorn and Quart, each for a fault that a public server cannot live with.

Sends of HTTP responses are shielded: Quart cancels a handler on `http.disconnect`, and a cancellation inside
hypercorn's send leaves the connection open for ever. Compression of WebSocket messages is declined: wsproto inflates
without a limit, so 64 KiB on the wire could become 64 MiB in memory before the limit on message size is looked at.
A file that cannot be sent to its end, which was logged already, ends the connection and is no fault of the application.
"""

from typing import Any

import trio
from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope

from podium.hosts.web.downloads import CutShortError


class Safeguards:
    """Wraps an ASGI application with these measures."""

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http":
            send = shielded(send)
        elif scope["type"] == "websocket":
            decline_compression(send)
        try:
            await self.app(scope, receive, send)
        except* CutShortError:
            pass  # without an end of the body hypercorn closes the connection


def shielded(send: ASGISendCallable) -> ASGISendCallable:
    """The same send, which no cancellation interrupts half way."""

    async def send_shielded(event: ASGISendEvent) -> None:
        with trio.CancelScope(shield=True):
            await send(event)

    return send_shielded


def decline_compression(send: ASGISendCallable) -> None:
    """Make hypercorn forget the extensions that the client offered; it has no setting for this.

    `send` is a method of hypercorn's stream object, which keeps the client's handshake until it is accepted.
    """
    handshake: Any = getattr(getattr(send, "__self__", None), "handshake", None)
    if handshake is not None:
        handshake.extensions = None
