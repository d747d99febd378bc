# SPDX-License-Identifier: Apache-2.0
"""For whom something in a room is: those of its roles that a plugin names, all of them unless it says otherwise."""

from collections.abc import Iterable

from podium.core.plugins.errors import PluginError
from podium.core.rooms.identity import ROLES


def checked_roles(roles: Iterable[str], place: str) -> tuple[str, ...]:
    """Those roles in the order of `ROLES`. Raises PluginError `roles_invalid`, which begins with `place`."""
    if isinstance(roles, str):
        raise PluginError("roles_invalid", f"{place}: roles has to be a tuple of names: ({roles!r},)")
    wanted = frozenset(roles)
    if not wanted or wanted - set(ROLES):
        raise PluginError("roles_invalid", f"{place}: roles are one or more of {', '.join(ROLES)}")
    return tuple(role for role in ROLES if role in wanted)
