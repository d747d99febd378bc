# SPDX-License-Identifier: Apache-2.0
"""Accepting connections: hypercorn's protocol server behind each, and nothing that one peer sends ends the host.

hypercorn's own loop (hypercorn/trio/run.py) puts every connection into one nursery, so an exception that escapes one of
them ends all: bytes behind a WebSocket handshake are enough. This loop is the same with a guard around each connection.
At the end it closes what is left itself, because hypercorn's sends cannot be canceled.
"""

import logging
from contextvars import ContextVar
from functools import partial

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState, LifespanState

connection: ContextVar[trio.SocketStream] = ContextVar("connection")
"""The one that the request of the moment came by."""

log = logging.getLogger(__name__)


async def accept(
    app: ASGIFramework,
    config: Config,
    listener: trio.SocketListener,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `app` until `stop`; then accept nobody, and give who is here `config.graceful_timeout` seconds."""
    wrapped = ASGIWrapper(app)
    state: LifespanState = {}
    lifespan = Lifespan(wrapped, config, state)
    context = WorkerContext(None)
    streams: set[trio.SocketStream] = set()
    async with trio.open_nursery() as application:
        await application.start(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        async with trio.open_nursery() as connections:
            handler = partial(_serve_guarded, wrapped, config, context, state, streams)
            accepting = partial(trio.serve_listeners, handler, [listener], handler_nursery=connections)
            async with trio.open_nursery() as listening:
                await listening.start(accepting)
                task_status.started()
                await stop.wait()
                listening.cancel_scope.cancel()
            await context.terminated.set()
            connections.cancel_scope.deadline = trio.current_time() + config.graceful_timeout
            application.start_soon(_close_at, connections.cancel_scope.deadline, streams)
        await lifespan.wait_for_shutdown()
        application.cancel_scope.cancel()


async def _serve_guarded(
    app: ASGIWrapper,
    config: Config,
    context: WorkerContext,
    state: LifespanState,
    streams: set[trio.SocketStream],
    stream: trio.SocketStream,
) -> None:
    connection.set(stream)
    streams.add(stream)
    try:
        # Its annotation knows TLS only; it asks the stream itself.
        await TCPServer(app, config, context, ConnectionState(state.copy()), stream)  # type: ignore[arg-type]
    except* Exception as failures:
        # The peer's fault or hypercorn's: this connection is over, the others go on.
        for failure in failures.exceptions:
            log.warning("a connection failed: %s: %s", type(failure).__name__, failure)
    finally:
        streams.discard(stream)


async def _close_at(deadline: float, streams: set[trio.SocketStream]) -> None:
    """End the sends to peers that take nothing."""
    await trio.sleep_until(deadline)
    for stream in streams:
        stream.socket.close()
