# SPDX-License-Identifier: Apache-2.0
"""Join tokens: who may be in which session in which role, signed by this installation, for a limited time.

JSON Web Tokens (RFC 7519) with HS256 and nothing else. The header's `kid` is derived from the secret, so that a second
secret can be accepted while tokens made with it live, and so that foreign tokens are left to other authenticators.
A token cannot be called back: keep lifetimes short, and change the secret to end all of them. Plugins may refuse some.
"""

import hashlib
import time
from collections.abc import Iterable
from typing import Literal, final

import jwt
import msgspec

from podium.core.identity.caller import AuthenticationError, Caller
from podium.core.rooms.identity import checked_display_name, checked_identifier, checked_role

ALGORITHM = "HS256"
AUDIENCE = "podium.join"
LEEWAY = 10
"""Seconds by which clocks of machines that share a secret may differ."""
MAX_LENGTH = 8192


class _Claims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is in a token."""

    aud: str
    iat: int
    exp: int
    session: str
    role: Literal["instructor", "assistant", "student", "observer"]
    participant: str | None = None
    name: str | None = None
    grants: frozenset[str] = frozenset()


@final
class JoinTokens:
    """Issues and checks tokens with `secret`; those of `previous` secrets are still accepted."""

    def __init__(self, secret: str, previous: Iterable[str] = ()) -> None:
        self._key_id = key_id(secret)
        self._secrets = {key_id(old): old for old in previous} | {self._key_id: secret}

    def issue(
        self,
        session_id: str,
        role: str,
        *,
        lifetime: int,
        participant_id: str | None = None,
        display_name: str | None = None,
        grants: Iterable[str] = (),
        now: float | None = None,
    ) -> str:
        """A token good for `lifetime` seconds. Raises RoomError when a name or id does not fit."""
        issued = int(time.time() if now is None else now)
        claims: dict[str, object] = {
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + lifetime,
            "session": checked_identifier(session_id, "session_id"),
            "role": checked_role(role),
        }
        if participant_id is not None:
            claims["participant"] = checked_identifier(participant_id, "participant_id")
        if display_name is not None:
            claims["name"] = checked_display_name(display_name)
        if granted := sorted(set(grants)):
            claims["grants"] = granted
        return jwt.encode(claims, self._secrets[self._key_id], algorithm=ALGORITHM, headers={"kid": self._key_id})

    def check_untrusted(self, token: str, now: float | None = None) -> Caller | None:
        """The caller that a token makes; None for what no secret of ours has signed by its key id.

        Raises AuthenticationError `token_invalid` or `token_expired`, and nothing else.
        """
        try:
            secret = self._secret_untrusted(token)
            if secret is None:
                return None
            claims = msgspec.convert(_verified_untrusted(token, secret), _Claims)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise AuthenticationError("token_invalid", "this join token is not valid", "token") from None
        moment = time.time() if now is None else now
        if claims.iat > moment + LEEWAY:
            raise AuthenticationError("token_invalid", "this join token is not valid yet", "token")
        if claims.exp <= moment:
            raise AuthenticationError("token_expired", "this join token has expired; ask for a new link", "token")
        return Caller(
            role=claims.role,
            subject=claims.participant,
            session_id=claims.session,
            grants=claims.grants,
            display_name=claims.name,
        )

    async def authenticate(self, credential: str) -> Caller | None:
        """As podium.core.identity.Authenticator wants it."""
        return self.check_untrusted(credential)

    def _secret_untrusted(self, token: str) -> str | None:
        if token.count(".") != 2 or len(token) > MAX_LENGTH:
            return None
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return None
        return self._secrets.get(kid) if isinstance(kid, str) else None


def key_id(secret: str) -> str:
    """A name for a secret that does not give it away."""
    return hashlib.sha256(b"podium key id\0" + secret.encode()).hexdigest()[:16]


def _verified_untrusted(token: str, secret: str) -> dict[str, object]:
    """The claims of a token whose signature is right. Times are judged by the caller, who is told the time."""
    claims: dict[str, object] = jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat"]},
    )
    return claims
