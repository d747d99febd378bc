# SPDX-License-Identifier: Apache-2.0
"""A whole Podium host in a thread of its own, on free ports, with its data in a directory of the test.

It is the host of `podium serve` without the signals. The configuration is that of the test over defaults that keep
tests apart; the environment is not read. What the test asks of the host goes over the network as everybody's requests.
"""

import logging
import os
import secrets
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import final

import msgspec
import trio

from podium.core.config import Config, ConfigError, load_config
from podium.core.identity import NewKey, new_key
from podium.core.plugins.report import PluginReport
from podium.core.plugins.runner import PluginState
from podium.core.rooms.identity import ROLES
from podium.hosts.testing._client import Client
from podium.hosts.testing._log import Log, captured_log
from podium.hosts.testing._room import Room
from podium.hosts.web.server import ServerInfo, serve

START_WITHIN = 60.0
"""Seconds for all plugins to start and the socket to listen."""
STOP_WITHIN = 60.0


class HostError(Exception):
    """The host cannot start, ended by itself, or does not end; the message has its log."""


@final
class Host:
    """A running host. Made by `open_host` and the fixture `podium_host`."""

    def __init__(self, config: Config, keys: dict[str, NewKey], log: Log, *, allow_failed: bool = False) -> None:
        self.log = log
        """What was logged since it began to start, over restarts."""
        self.config = config
        self._keys = keys
        self._allow_failed = allow_failed
        self._rooms: list[Room] = []
        self._running = _Running(config, log)

    @property
    def url(self) -> str:
        """`http://localhost:PORT`; another one after `restart`."""
        return self._running.info.url

    def client(
        self, role: str = "administrator", session_id: str | None = None, *, grants: Collection[str] = ()
    ) -> Client:
        """A client with the rights of `administrator` or `service`, of a role of one session, or of `anonymous`."""
        if role == "anonymous":
            return Client(self._current_url, None)
        if role in self._keys:
            return Client(self._current_url, self._keys[role].key)
        if role not in ROLES or session_id is None:
            what = ", ".join(("anonymous", *self._keys, *ROLES))
            raise ValueError(f"role {role!r}: there are {what}; those of a room need a session_id")
        token = self.client().call("CreateJoinToken", session_id=session_id, role=role, grants=list(grants))
        return Client(self._current_url, token["token"])

    def room(self, session_id: str | None = None) -> Room:
        """A session to join; one of a new name unless named. Its people leave when the host ends."""
        room = Room(session_id or f"room-{secrets.token_hex(4)}", self._current_url, self.client())
        self._rooms.append(room)
        return room

    def plugins(self) -> dict[str, PluginReport]:
        """Every plugin installed or enabled, by name, with its state, last error and counters."""
        told = self.client().call("ListPlugins")["plugins"]
        return {each.name: each for each in msgspec.convert(told, list[PluginReport], strict=False)}

    def enable(self, plugin: str) -> None:
        """Start an installed plugin. Raises CallError."""
        self.client().call("EnablePlugin", name=plugin)

    def disable(self, plugin: str) -> None:
        """Stop a plugin. Raises CallError."""
        self.client().call("DisablePlugin", name=plugin)

    def restart(self) -> None:
        """Stop and start again, as after an update: the database and the keys stay, rooms and the port do not.

        Who was in a room is told to come back (close code 1012); a fake participant does not by itself.
        """
        self.stop()
        self._running = _Running(self.config, self.log)
        self.start()

    def start(self) -> None:
        """Raises HostError, also when a plugin that is enabled cannot run and failures are not allowed."""
        self._running.start()
        try:
            if not self._allow_failed:
                self._check_plugins()
        except BaseException:
            self._running.stop()
            raise

    def stop(self) -> None:
        """Stop it in order. Raises HostError when it had ended by itself or does not end."""
        self._running.stop()

    def leave_rooms(self) -> None:
        """Have everybody leave who has joined by `room`."""
        for room in self._rooms:
            room.leave_all()

    def _check_plugins(self) -> None:
        failed = [each for each in self.plugins().values() if each.state is PluginState.FAILED]
        if failed:
            problems = "".join(
                f"\n  {each.name}: {'; '.join(each.problems) or each.last_error or 'see the log'}" for each in failed
            )
            raise HostError(_with_log(f"plugins cannot run:{problems}", self.log))

    def _current_url(self) -> str:
        return self.url


class _Running:
    """One run of the host, from a thread's start to its end."""

    info: ServerInfo

    def __init__(self, config: Config, log: Log) -> None:
        self._config = config
        self._log = log
        self._settled = threading.Event()
        self._error: BaseException | None = None
        self._scope = trio.CancelScope()
        self._token: trio.lowlevel.TrioToken | None = None
        self._thread = threading.Thread(target=self._run, name="podium host", daemon=True)

    def start(self) -> None:
        """Return when the host can be reached. Raises HostError."""
        self._thread.start()
        if not self._settled.wait(START_WITHIN):
            self._cancel()
            raise HostError(_with_log(f"the host did not start within {START_WITHIN:g} s", self._log))
        if self._error is not None:
            raise HostError(_with_log("the host cannot start", self._log)) from self._error

    def stop(self) -> None:
        self._cancel()
        self._thread.join(STOP_WITHIN)
        if self._thread.is_alive():
            what = f"the host did not stop within {STOP_WITHIN:g} s; does a plugin block its thread?"
            raise HostError(_with_log(what, self._log))
        if self._error is not None:
            raise HostError(_with_log("the host ended by itself", self._log)) from self._error

    def _cancel(self) -> None:
        """Have it end, if it has not; safe while it does."""
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._scope.cancel)

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            self._error = error
        finally:
            self._settled.set()

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with self._scope:
            async with trio.open_nursery() as nursery:
                self.info = await nursery.start(serve, self._config)
                self._settled.set()


@contextmanager
def open_host(config: str, directory: Path, *, allow_failed: bool = False) -> Iterator[Host]:
    """A host with the text of a podium.toml, its files in `directory`; stopped at the end of the block.

    Raises HostError; unless `allow_failed`, also when a plugin that `config` enables cannot run.
    """
    keys = {"administrator": new_key("tests", "administrator"), "service": new_key("test-service", "service")}
    loaded = _loaded(config, directory, [each.entry for each in keys.values()])
    log = Log()
    with captured_log(log, logging.getLevelNamesMapping()[loaded.log.level.upper()]):
        host = Host(loaded, keys, log, allow_failed=allow_failed)
        host.start()
        try:
            yield host
        finally:
            try:
                host.leave_rooms()
            finally:
                host.stop()


def _loaded(text: str, directory: Path, key_entries: Collection[str]) -> Config:
    """What the text says, and otherwise what keeps tests apart."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "podium.toml"
    file.write_text(text)
    defaults = {
        "auth.secret": secrets.token_urlsafe(32),
        "database.url": f"sqlite:///{directory}/podium.db",
        "grpc.port": 0,
        "media.announce_loopback": True,
        "media.ports": "0",
        "media.workers": 1,
        "metrics.port": 0,
        "storage.directory": str(directory / "storage"),
        "web.control_file": "",
        "web.host": "127.0.0.1",
        "web.port": 0,
    }
    try:
        config = load_config(file, {}, defaults)
    except ConfigError as error:
        raise HostError(f"the configuration is wrong:\n{error.message}") from error
    auth = msgspec.structs.replace(config.auth, api_keys=(*config.auth.api_keys, *key_entries))
    return msgspec.structs.replace(config, auth=auth)


def _with_log(what: str, log: Log) -> str:
    return f"{what}; the log:{os.linesep}{log}"
