# SPDX-License-Identifier: Apache-2.0
"""Asking a running host about its plugins, over HTTP and within two seconds.

What stands in a control file may be stale: the host killed, its port taken by something else that answers nonsense, or
slowly. http.client follows no redirects, so the key goes nowhere else.
"""

import ssl
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import trio

from podium.core.errors import PodiumError
from podium.core.plugins.administration import PluginList
from podium.hosts.web.control import read_control

PATH = "/api/plugins"
PATIENCE = 1.5
"""Seconds for the whole of it."""
LONGEST = 16 * 1024 * 1024


class HostError(PodiumError):
    """A host cannot be asked, or did not answer."""


class Host(NamedTuple):
    """A running host; `pid` is known of one on this machine."""

    url: str
    key: str
    pid: int | None = None
    metrics_url: str | None = None

    def __repr__(self) -> str:
        return f"Host({self.url!r})"

    def facts(self) -> dict[str, object]:
        """All that may be shown."""
        return {"url": self.url, "pid": self.pid, "metrics_url": self.metrics_url}


def ask_present(control_file: str) -> tuple[Host, PluginList] | None:
    """The host that left this file, if it still runs."""
    control = read_control(control_file)
    if control is None:
        return None
    host = Host(control.url, control.key, control.pid, control.metrics_url)
    try:
        return host, ask(host)
    except HostError:
        return None


def ask(host: Host) -> PluginList:
    """What the host says of its plugins. Raises HostError."""
    if not host.key:
        raise HostError("key_missing", "set PODIUM_KEY to an administrator's API key of that host", "PODIUM_KEY")
    return trio.run(_ask_in_time, host)


async def _ask_in_time(host: Host) -> PluginList:
    """In a thread that is left to itself when it takes too long: a peer may send a byte a second for ever."""
    with trio.move_on_after(PATIENCE):
        return await trio.to_thread.run_sync(partial(_ask_untrusted, host), abandon_on_cancel=True)
    raise HostError("host_silent", f"{host.url} does not answer within {PATIENCE:g} s")


def _ask_untrusted(host: Host) -> PluginList:
    try:
        connection = _connect(host.url)
        try:
            connection.request("GET", PATH, headers={"Authorization": f"Bearer {host.key}"})
            with connection.getresponse() as response:
                return _read_untrusted(host, response)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise HostError("host_silent", f"{host.url} does not answer: {error}") from error


def _connect(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HostError("url_invalid", f"{url!r} is no address of a host such as https://class.example:8082", "host")
    if parts.scheme == "https":
        return HTTPSConnection(parts.hostname, parts.port, timeout=PATIENCE, context=ssl.create_default_context())
    return HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)


def _read_untrusted(host: Host, response: HTTPResponse) -> PluginList:
    if response.status in (401, 403):
        raise HostError("key_refused", f"{host.url} does not take this key as an administrator's")
    if response.status != 200:
        raise HostError("host_unknown", f"{host.url} answers {response.status}; is it a Podium host?")
    try:
        return msgspec.json.decode(response.read(LONGEST), type=PluginList)
    except msgspec.DecodeError as error:
        raise HostError("host_unknown", f"{host.url} answers what this version cannot read: {error}") from None
