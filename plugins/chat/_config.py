# SPDX-License-Identifier: Apache-2.0
"""What can be set under `[plugins.chat]`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Burst = Annotated[int, Meta(ge=1, le=1000)]
Pace = Annotated[float, Meta(ge=0.05, le=3600)]


class ChatConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The chat of classes. The first three hold where nobody has set anything else for a session."""

    on_by_default: Annotated[bool, Meta(description="Whether the chat is switched on.")] = True
    public: Annotated[
        Literal["everybody", "leaders"],
        Meta(description="Who may write to everybody: everybody, or instructors and assistants."),
    ] = "everybody"
    private: Annotated[bool, Meta(description="Whether students may write to the instructors alone.")] = True
    burst: Annotated[Burst, Meta(description="Messages that somebody may send at once.")] = 5
    pace: Annotated[Pace, Meta(description="Seconds after which one more may be sent.")] = 2.0
    leader_burst: Annotated[Burst, Meta(description="`burst` of instructors and assistants.")] = 20
    leader_pace: Annotated[Pace, Meta(description="`pace` of instructors and assistants.")] = 0.5
    max_messages: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Messages of one class; further ones are refused.")
    ] = 10_000
    keep_days: Annotated[int, Meta(ge=1, le=36500, description="Days after which a message is deleted.")] = 90
