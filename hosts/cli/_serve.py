# SPDX-License-Identifier: Apache-2.0
"""`podium serve`: configuration, logging, the web host, signals, and one clean end.

SIGINT and SIGTERM end the host in order, with exit status 0; a second one finds the signals' usual effect restored.
What cannot be had, such as a port, is said in one sentence with the setting to change, without a traceback.
"""

import errno
import logging
import os
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from podium.core.config import Config, ConfigError, load_config
from podium.core.errors import PodiumError
from podium.hosts.cli._config import complain
from podium.hosts.cli._logging import configure_logging

DEV_DEFAULTS = {
    "log.format": "text",
    "media.announce_loopback": True,
    "rooms.ad_hoc": True,
    "web.host": "127.0.0.1",
}
"""Weaker than the file and the environment: whoever sets one of these keys means it."""

FAILED = 1

logger = logging.getLogger(__name__)

Host = Callable[..., Awaitable[None]]


class Address(Protocol):
    """Where a host can be reached, as it reports once it can."""

    @property
    def url(self) -> str: ...


def serve(file: Path | None, *, dev: bool) -> int:
    """Serve until a signal comes; the exit status."""
    try:
        config = load_config(file, os.environ, DEV_DEFAULTS if dev else None)
    except ConfigError as error:
        return complain(error)
    configure_logging(config.log)
    from podium.hosts.web.server import serve as host

    try:
        trio.run(run_until_signal, partial(host, config, dev=dev), partial(announce, dev=dev))
    except Exception as error:
        return report(error, config)
    return 0


def report(error: Exception, config: Config) -> int:
    """Say why the host ended: expected reasons in a sentence each, anything else as one event with its traceback."""
    expected, unexpected = (
        error.split(_is_expected)
        if isinstance(error, ExceptionGroup)
        else ((error, None) if _is_expected(error) else (None, error))
    )
    if unexpected is not None:
        logger.critical("crashed", exc_info=unexpected)
    if expected is not None:
        for reason in sentences(expected, config):
            print(f"podium: {reason}", file=sys.stderr)
    return FAILED


def sentences(error: BaseException, config: Config) -> Iterator[str]:
    """One sentence for each expected error, those inside groups included."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from sentences(inner, config)
    elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        yield (
            f"port {config.web.port} is taken by another program; choose another, for example "
            f"`PODIUM_WEB__PORT={config.web.port + 1} podium serve`, or `port` under [web] in podium.toml"
        )
    elif isinstance(error, PodiumError):
        yield error.message
    else:
        yield str(error)


def _is_expected(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)
    return isinstance(error, PodiumError)


async def run_until_signal(host: Host, ready: Callable[[Address], None]) -> None:
    """Run `host`, whose task status is its address, until SIGINT or SIGTERM; then cancel it and wait for its end."""
    async with trio.open_nursery() as nursery:
        await nursery.start(_cancel_on_signal, nursery.cancel_scope)
        ready(await nursery.start(host))


async def _cancel_on_signal(scope: trio.CancelScope, *, task_status: trio.TaskStatus[None]) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for number in signals:
            logger.info("stopping", extra={"signal": signal.Signals(number).name})
            break
    scope.cancel()


def announce(address: Address, *, dev: bool) -> None:
    """Say on standard output where the host is, and in `dev` give links to an ad-hoc room."""
    if not dev:
        print(f"Podium is ready: {address.url}", flush=True)
        return
    room = f"{address.url}/room/{secrets.token_urlsafe(6)}"
    print(
        f"\nPodium is ready. Open one link as the instructor and the other,"
        f" in a second tab or browser, as a student:\n\n"
        f"  instructor  {room}?name=Instructor&role=instructor\n"
        f"  student     {room}?name=Student&role=student\n\n"
        f"Ctrl+C stops it.\n",
        flush=True,
    )
