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
from typing import TYPE_CHECKING, Protocol

import msgspec
import trio

from podium.core.config import Config, ConfigError, load_config
from podium.core.errors import PodiumError
from podium.hosts.cli._config import complain
from podium.hosts.cli._logging import configure_logging

DEV_DEFAULTS = {
    "log.format": "text",
    "media.announce_loopback": True,
    "plugins.chat.enabled": True,
    "plugins.moderation.enabled": True,
    "plugins.screenshare.enabled": True,
    "rooms.ad_hoc": True,
    "web.host": "127.0.0.1",
}
"""Weaker than the file and the environment: whoever sets one of these keys means it."""

DEV_LIFETIME = 86_400
"""Seconds for which the links of a first run are good."""
FAILED = 1

if TYPE_CHECKING:
    from podium.core.identity import JoinTokens

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
    from podium.core.identity import open_identities
    from podium.hosts.web.server import serve as host

    config = with_secret(config, dev=dev)
    tokens = open_identities(config.auth).tokens if dev else None
    try:
        trio.run(run_until_signal, partial(host, config, dev=dev), partial(announce, dev=dev, tokens=tokens))
    except Exception as error:
        return report(error, config)
    return 0


def with_secret(config: Config, *, dev: bool) -> Config:
    """The same configuration with a secret for tokens, made up for this start if there is none."""
    if config.auth.secret:
        return config
    if not dev:
        logger.warning("auth.secret is not set: links with tokens end when Podium stops")
    auth = msgspec.structs.replace(config.auth, secret=secrets.token_urlsafe(32))
    return msgspec.structs.replace(config, auth=auth)


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


def announce(address: Address, *, dev: bool, tokens: "JoinTokens | None" = None) -> None:
    """Say on standard output where the host is, and in `dev` give links to a new room."""
    if not dev:
        print(f"Podium is ready: {address.url}", flush=True)
        return
    session_id = secrets.token_urlsafe(6)
    print(
        f"\nPodium is ready. Open one link as the instructor and the other,"
        f" in a second tab or browser, as a student:\n\n"
        f"  instructor  {_link(address, session_id, 'instructor', tokens)}\n\n"
        f"  student     {_link(address, session_id, 'student', tokens)}\n\n"
        f"Ctrl+C stops it.\n",
        flush=True,
    )


def _link(address: Address, session_id: str, role: str, tokens: "JoinTokens | None") -> str:
    """A link that several people may use: its token leaves open who they are."""
    proof = f"token={tokens.issue(session_id, role, lifetime=DEV_LIFETIME)}" if tokens else f"role={role}"
    return f"{address.url}/room/{session_id}?name={role.capitalize()}&{proof}"
