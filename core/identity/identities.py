# SPDX-License-Identifier: Apache-2.0
"""From a credential to a caller: join tokens and API keys first, then whatever logins plugins bring.

A credential with a room's role that names a participant is good only as long as nobody has voided it since, and its
holder may have another role by now; `Standing` says both.
"""

import secrets
from typing import Protocol, final

from podium.core.config import AuthConfig
from podium.core.identity.caller import AuthenticationError, Caller
from podium.core.identity.keys import ApiKeys
from podium.core.identity.tokens import JoinTokens


class Authenticator(Protocol):
    """A way to log in."""

    async def authenticate(self, credential: str) -> Caller | None:
        """The caller, or None when the credential is not of this kind. Raises AuthenticationError when it is wrong."""


class Standing(Protocol):
    """What else is known of the holder of a credential that is good."""

    async def check(self, caller: Caller) -> None:
        """Raises AuthenticationError when the credential counts no more."""

    async def in_role(self, caller: Caller) -> Caller:
        """The caller in the role that they have by now."""


@final
class Identities:
    """All ways to log in, asked in turn. `tokens` issues the join tokens of this installation."""

    def __init__(self, tokens: JoinTokens, keys: ApiKeys) -> None:
        self.tokens = tokens
        self._authenticators: list[Authenticator] = [keys, tokens]
        self._standing: Standing | None = None

    def add(self, authenticator: Authenticator) -> None:
        """Ask one more, after all others."""
        self._authenticators.append(authenticator)

    def remove(self, authenticator: Authenticator) -> None:
        """Ask it no longer."""
        self._authenticators.remove(authenticator)

    def ask(self, standing: Standing) -> None:
        """Have `standing` judge whoever has a room's role and a name in it. Only one can."""
        self._standing = standing

    async def authenticate(self, credential: str, *, joining: bool = False) -> Caller:
        """The caller. Raises AuthenticationError; the credential is never part of its message.

        Who is `joining` comes in the role of the credential: the room decides in what role they enter.
        """
        caller = await self._known(credential)
        if self._standing is not None and caller.in_room and caller.subject is not None:
            await self._standing.check(caller)
            return caller if joining else await self._standing.in_role(caller)
        return caller

    async def _known(self, credential: str) -> Caller:
        for authenticator in tuple(self._authenticators):
            if (caller := await authenticator.authenticate(credential)) is not None:
                return caller
        raise AuthenticationError("token_invalid", "this token is not known here", "token")


def open_identities(config: AuthConfig) -> Identities:
    """What `[auth]` says. Without a secret there is one for as long as the process lives."""
    previous = (config.previous_secret,) if config.previous_secret else ()
    tokens = JoinTokens(config.secret or secrets.token_urlsafe(32), previous)
    return Identities(tokens, ApiKeys(config.api_keys))
