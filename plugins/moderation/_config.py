# SPDX-License-Identifier: Apache-2.0
"""What can be set under `[plugins.moderation]`."""

from typing import Annotated

import msgspec
from msgspec import Meta

from podium.plugins.moderation.rules import ACTIONS, ASSISTANTS_MAY, Action, Allowed

REACTIONS = ("👍", "👏", "❤️", "😂", "🎉", "😮", "🤔", "👎")


class ModerationConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do what in a class, and how its door is at first."""

    instructors_may: Annotated[tuple[Action, ...], Meta(description="What instructors may do.")] = ACTIONS
    assistants_may: Annotated[
        tuple[Action, ...], Meta(description="What assistants may do, to students and observers only.")
    ] = ASSISTANTS_MAY
    waiting_room: Annotated[
        bool, Meta(description="Whether people wait until they are admitted, where a session does not say otherwise.")
    ] = False
    reactions: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=16)], ...],
        Meta(max_length=64, description="The reactions that there are; none switches them off."),
    ] = REACTIONS
    reactions_per_minute: Annotated[
        int, Meta(ge=1, le=600, description="How many reactions one person may send in a minute.")
    ] = 30
    reactions_at_once: Annotated[
        int, Meta(ge=1, le=100, description="How many of them may come one right after the other.")
    ] = 5
    keep_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days after which what is kept of a class is deleted if it never ended.")
    ] = 30
    keep_bans_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days after the last class of a session after which its bans are deleted.")
    ] = 400

    @property
    def allowed(self) -> Allowed:
        """The actions of each leading role."""
        return {"instructor": self.instructors_may, "assistant": self.assistants_may}
