# SPDX-License-Identifier: Apache-2.0
"""What a room decides: values that the shell around it carries out, in order."""

from typing import NamedTuple

from podium.core.events import AnyEvent


class Tell(NamedTuple):
    """Send an event to one participant."""

    participant_id: str
    event: AnyEvent


class Switch(NamedTuple):
    """Let a video slot show this source, or nothing."""

    slot_id: int
    source_id: int | None


class Silence(NamedTuple):
    """Forward nothing of a source, or forward it again."""

    source_id: int
    silent: bool


Decision = Tell | Switch | Silence
