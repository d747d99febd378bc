# SPDX-License-Identifier: Apache-2.0
"""Whether somebody would teach two classes at once. One that begins when the other ends is fine."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Busy(NamedTuple):
    """A time at which somebody teaches; `title` and `session_id` say what."""

    starts_at: datetime
    ends_at: datetime
    session_id: str = ""
    title: str = ""


def first_overlap(planned: Iterable[Busy], taken: Iterable[Busy]) -> tuple[Busy, Busy] | None:
    """The first planned class that overlaps one that is there, and that one; in the order of time."""
    others = sorted(taken)
    first = 0
    for one in sorted(planned):
        while first < len(others) and others[first].ends_at <= one.starts_at:
            first += 1
        for other in others[first:]:
            if other.starts_at >= one.ends_at:
                break
            if other.ends_at > one.starts_at:
                return one, other
    return None
