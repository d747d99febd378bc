# SPDX-License-Identifier: Apache-2.0
"""From a credential to a caller: join tokens and API keys first, then whatever logins plugins bring."""

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


@final
class Identities:
    """All ways to log in, asked in turn. `tokens` issues the join tokens of this installation."""

    def __init__(self, tokens: JoinTokens, keys: ApiKeys) -> None:
        self.tokens = tokens
        self._authenticators: list[Authenticator] = [keys, tokens]

    def add(self, authenticator: Authenticator) -> None:
        """Ask one more, after all others."""
        self._authenticators.append(authenticator)

    def remove(self, authenticator: Authenticator) -> None:
        """Ask it no longer."""
        self._authenticators.remove(authenticator)

    async def authenticate(self, credential: str) -> Caller:
        """The caller. Raises AuthenticationError; the credential is never part of its message."""
        for authenticator in tuple(self._authenticators):
            if (caller := await authenticator.authenticate(credential)) is not None:
                return caller
        raise AuthenticationError("token_invalid", "this token is not known here", "token")


def open_identities(config: AuthConfig) -> Identities:
    """What `[auth]` says. Without a secret there is one for as long as the process lives."""
    previous = (config.previous_secret,) if config.previous_secret else ()
    tokens = JoinTokens(config.secret or secrets.token_urlsafe(32), previous)
    return Identities(tokens, ApiKeys(config.api_keys))
