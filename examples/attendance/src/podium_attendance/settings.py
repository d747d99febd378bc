# SPDX-License-Identifier: Apache-2.0
"""Keys of the table `[plugins.attendance]` in podium.toml; wrong values are refused by name."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every key has a type, bounds, a description and a default."""

    rejoin_seconds: Annotated[int, Meta(ge=0, le=3600, description="Who is back within this time was not away.")] = 60
    heartbeat_seconds: Annotated[
        int, Meta(ge=1, le=600, description="How often it is written down who is there, for when the host is killed.")
    ] = 30
    observers: Annotated[bool, Meta(description="Whether observers are listed.")] = False
    keep_days: Annotated[int, Meta(ge=1, le=36500, description="Days after which a stay is forgotten.")] = 400

    @property
    def rejoin(self) -> timedelta:
        """`rejoin_seconds` as a duration."""
        return timedelta(seconds=self.rejoin_seconds)

    @property
    def keep(self) -> timedelta:
        """`keep_days` as a duration."""
        return timedelta(days=self.keep_days)
