# SPDX-License-Identifier: Apache-2.0
"""What can be set under `[plugins.scheduling]`."""

from typing import Annotated

import msgspec
from msgspec import Meta


class SchedulingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Scheduled classes."""

    join_window_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=1440,
            description="How many minutes before its start a class opens for everybody.",
            extra={"variable": "JOIN_WINDOW_MINUTES"},
        ),
    ] = 10
    instructor_window_minutes: Annotated[
        int,
        Meta(ge=0, le=1440, description="How many minutes before the start instructors may enter."),
    ] = 30
    capacity: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="People in a class at most, where the session does not say otherwise; instructors come on top.",
            extra={"variable": "MAX_PARTICIPANTS"},
        ),
    ] = 50
    grace_minutes: Annotated[
        int, Meta(ge=0, le=720, description="How many minutes after its planned end a class is closed.")
    ] = 15
    warning_minutes: Annotated[
        int, Meta(ge=0, le=720, description="How many minutes before it is closed the class is told so.")
    ] = 5
    ice_servers: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^(stun|stuns|turn|turns):[^\s]+$")], ...],
        Meta(
            description="STUN and TURN servers that browsers are told of.",
            extra={"expected": "a list of URLs such as `stun:stun.example.org:3478`"},
        ),
    ] = ()
    invitation_key: Annotated[
        str,
        Meta(
            pattern=r"^(.{32,})?$",
            description="Makes the secrets in invitation links; a new key ends all links. Empty: one is made up and "
            "kept in the database.",
            extra={"secret": True, "expected": "a random text of at least 32 characters, or an empty one"},
        ),
    ] = ""

    def __repr__(self) -> str:
        return f"SchedulingConfig(join_window_minutes={self.join_window_minutes}, ...)"
