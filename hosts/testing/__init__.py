# SPDX-License-Identifier: Apache-2.0
"""What plugin authors test with: a running host, a room with people who have no camera, and a client.

pytest finds the fixtures by itself (`podium.hosts.testing.pytest_plugin`); this module has their types, and
`open_host` for tests that are written in another way. Everything here is synchronous and belongs to no event loop: the
host runs in a thread of its own. Needs `pip install "podium[testing]"`.

Names are imported when they are first asked for, because this package is loaded by every run of pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.hosts.testing._client import CallError, Client, Response
    from podium.hosts.testing._host import Host, HostError, open_host
    from podium.hosts.testing._log import Log, LogLine
    from podium.hosts.testing._participant import FakeParticipant
    from podium.hosts.testing._room import Room

_HOMES = {
    "_client": ("CallError", "Client", "Response"),
    "_host": ("Host", "HostError", "open_host"),
    "_log": ("Log", "LogLine"),
    "_participant": ("FakeParticipant",),
    "_room": ("Room",),
}
_MODULES = {name: f"podium.hosts.testing.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [
    "CallError",
    "Client",
    "FakeParticipant",
    "Host",
    "HostError",
    "Log",
    "LogLine",
    "Response",
    "Room",
    "open_host",
]

if not TYPE_CHECKING:  # type checkers see the imports above

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value
