# SPDX-License-Identifier: Apache-2.0
"""What can be set under `[plugins.screenshare]`: above all the rules of sessions that have none of their own."""

from typing import Annotated

import msgspec
from msgspec import Meta

from podium.plugins.screenshare.rules import Mode, Rules, Takeover, Who


class ScreenshareConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Shared screens."""

    who: Annotated[
        Who, Meta(description="Who may share: `leaders`, on `request` others whom they allow, or `everybody`.")
    ] = "leaders"
    mode: Annotated[Mode, Meta(description="`one` screen at a time or `several`.")] = "one"
    takeover: Annotated[
        Takeover, Meta(description="Who may replace the screen of somebody else in mode `one`: `leaders`, `everybody`.")
    ] = "leaders"
    max_shares: Annotated[int, Meta(ge=2, le=16, description="Screens at the same time in mode `several`.")] = 4
    resume_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=600,
            description="For how long after a restart of the host a share waits for its presenter to come back.",
        ),
    ] = 60

    @property
    def rules(self) -> Rules:
        """Those of a session that has none of its own."""
        return Rules(who=self.who, mode=self.mode, takeover=self.takeover)
