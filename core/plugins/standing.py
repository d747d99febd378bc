# SPDX-License-Identifier: Apache-2.0
"""What plugins know of people whose credentials are good: who is not welcome any more, who has another role by now.

A join token cannot be called back, so whoever removes somebody for good, or gives them another role for the rest of a
class, is asked whenever their token is shown: the hooks `token_shown` and `participant_role`.
"""

from typing import final

import msgspec

from podium.core.identity.caller import AuthenticationError, Caller, CallerRole
from podium.core.plugins.facade import Hooks
from podium.core.rooms.observer import ParticipantView, RoomView


@final
class PluginStanding:
    """Fits podium.core.identity's Standing. Callers have a room's role, a session and a subject."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def check(self, caller: Caller) -> None:
        """Raises AuthenticationError when a plugin voids the credential, or could not say."""
        veto = await self._hooks.token_shown(caller=caller)
        if veto is not None:
            raise AuthenticationError(veto.code, veto.message)

    async def in_role(self, caller: Caller) -> Caller:
        """The caller in the role that plugins know them in."""
        assert caller.session_id is not None
        assert caller.subject is not None
        participant = ParticipantView(
            participant_id=caller.subject, display_name=caller.display_name or caller.subject, role=caller.role
        )
        role = await self._hooks.participant_role(
            role=caller.role, room=RoomView(session_id=caller.session_id), participant=participant
        )
        return msgspec.structs.replace(caller, role=msgspec.convert(role, CallerRole))
