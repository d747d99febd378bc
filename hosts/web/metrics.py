# SPDX-License-Identifier: Apache-2.0
"""Metrics over HTTP: `/metrics`, on a listener of its own, so that it need not be reachable where browsers come in.

The page is made in the trio thread, which owns what is read: about 4 ms for a class of 50 with 9 slots each.
"""

import errno
import logging
import socket

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from podium.core.config import Config, MetricsConfig
from podium.core.errors import PodiumError
from podium.core.metrics import Metrics
from podium.hosts.web.acceptor import accept
from podium.hosts.web.asgi import Safeguards
from podium.hosts.web.listening import hypercorn_config, listen, reachable_url

PATH = "/metrics"

logger = logging.getLogger(__name__)


class MetricsError(PodiumError):
    """Metrics cannot be served as configured."""


class MetricsApp:
    """An ASGI application with one page."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            status, body, content_type = self._answer(scope["method"], scope["path"], _accept_untrusted(scope))
            headers = [(b"content-type", content_type.encode("ascii")), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
            sent = b"" if scope["method"] == "HEAD" else body
            await send({"type": "http.response.body", "body": sent, "more_body": False})
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": None})

    def _answer(self, method: str, path: str, accept_header: str) -> tuple[int, bytes, str]:
        if path != PATH:
            return 404, f"metrics are at {PATH}\n".encode(), "text/plain; charset=utf-8"
        if method not in ("GET", "HEAD"):
            return 405, b"metrics are to be read with GET\n", "text/plain; charset=utf-8"
        return 200, *self._metrics.page(accept_header)


def _accept_untrusted(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name.lower() == b"accept"]  # type: ignore[typeddict-item]  # of HTTP it has them
    return b",".join(values).decode("latin-1")


def port_of(config: Config) -> int:
    """The port to bind. Who lets the kernel choose where browsers come in wants no fixed port here either."""
    default = config.web.port == 0 and config.metrics.port == MetricsConfig().port
    return 0 if default else config.metrics.port


def bind(config: Config, *, dev: bool = False) -> socket.socket:
    """The listening socket. Raises MetricsError `port_taken`; in `dev` another port is taken then."""
    host, port = config.metrics.host or config.web.host, port_of(config)
    try:
        return listen(host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        if dev:
            logger.warning("the port for metrics is taken; they are served on another", extra={"port": port})
            return listen(host, 0)
        raise MetricsError(
            "port_taken",
            f"port {port} for metrics is taken by another program; choose another, for example "
            f"`PODIUM_METRICS__PORT={port + 1} podium serve`, or `port` under [metrics] in podium.toml; "
            "`enabled = false` there serves none",
        ) from error


async def serve_metrics(
    metrics: Metrics, listener: socket.socket, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """Until canceled; scrapes that are being answered then are cut. The task status is the address of the page."""
    host, port = listener.getsockname()[:2]
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        await nursery.start(accept, Safeguards(MetricsApp(metrics)), hypercorn_config(), listening, stop)
        task_status.started(reachable_url(host, port) + PATH)
