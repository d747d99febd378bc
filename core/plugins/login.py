# SPDX-License-Identifier: Apache-2.0
"""Logins that plugins bring: the hook `authenticate` as one more way from a credential to a caller.

What a plugin answers is checked like anything that decides on rights: a caller that is not well-formed counts for
nothing, and is logged with the plugin's name.
"""

import logging
from typing import final

import msgspec

from podium.core.identity.caller import AuthenticationError, Caller
from podium.core.plugins.facade import Hooks
from podium.core.rooms.identity import RoomError, checked_display_name, checked_identifier
from podium.core.rooms.observer import Veto

logger = logging.getLogger(__name__)


@final
class PluginLogin:
    """An Authenticator over the plugins that run; the first in their order that knows the credential decides."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def authenticate(self, credential: str) -> Caller | None:
        """As podium.core.identity.Authenticator wants it. Raises AuthenticationError when a plugin refuses."""
        for plugin, answer in (await self._hooks.authenticate(credential=credential)).items():
            if isinstance(answer, Veto):
                raise AuthenticationError(answer.code, answer.message)
            if problem := _problem(answer):
                logger.error("login is not well-formed", extra={"plugin": plugin, "problem": problem})
            else:
                return answer
        return None


def _problem(caller: Caller) -> str | None:
    """Why a plugin's caller cannot be used."""
    try:
        msgspec.convert(msgspec.structs.asdict(caller), Caller, strict=True)
        if caller.role == "anonymous":
            return "a caller who is known is not anonymous"
        if caller.in_room:
            return _problem_in_room(caller)
    except (msgspec.ValidationError, RoomError) as error:
        return str(error)
    return None


def _problem_in_room(caller: Caller) -> str | None:
    if caller.session_id is None:
        return f"role {caller.role} needs a session_id"
    checked_identifier(caller.session_id, "session_id")
    if caller.subject is not None:
        checked_identifier(caller.subject, "subject")
    if caller.display_name is not None:
        checked_display_name(caller.display_name)
    return None
