# SPDX-License-Identifier: Apache-2.0
"""Local times and instants. A class at 09:00 in Berlin stays at 09:00 in Berlin when the clocks change.

A local time that does not exist is read with the offset before the gap, and of one that occurs twice the first is meant
(RFC 5545 section 3.3.5). Python's `fold=0` says exactly that.
"""

import difflib
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from podium.plugins.scheduling.errors import invalid


@cache
def known_zones() -> frozenset[str]:
    """All IANA names; the first call reads the directory of zones."""
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}


def checked_zone(name: str, field: str = "time_zone") -> ZoneInfo:
    """The zone of this name. Raises OperationError."""
    if name in known_zones():
        return ZoneInfo(name)
    close = difflib.get_close_matches(name[:64], known_zones(), 1, 0.6)
    hint = f"; did you mean {close[0]}?" if close else ", such as Europe/Berlin"
    raise invalid(field, f"{name[:64]!r} is no time zone of the IANA database{hint}", "time_zone_unknown")


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a time of day, aware and UTC."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def local_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """The time of day at an instant, naive."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def written(local: datetime) -> str:
    """`2026-11-23T09:00`"""
    return local.isoformat(timespec="minutes")
