# SPDX-License-Identifier: Apache-2.0
"""API keys: long random words for services and administrators, of which the configuration holds hashes only.

A key has 256 random bits, so a plain SHA-256 is as good as a slow hash. An entry of `auth.api_keys` reads
`name:role:hash`; `podium key NAME` makes a key and its entry.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import NamedTuple, final

import msgspec

from podium.core.identity.caller import AuthenticationError, Caller, CallerRole

PREFIX = "podium_"
KEY_ROLES: tuple[CallerRole, ...] = ("service", "administrator")


class NewKey(NamedTuple):
    """A key, which nobody can find out again, and its entry in the configuration."""

    key: str
    entry: str


def new_key(name: str, role: CallerRole = "service") -> NewKey:
    """Make a key."""
    key = PREFIX + secrets.token_urlsafe(32)
    return NewKey(key, f"{name}:{role}:{_digest(key)}")


@final
class ApiKeys:
    """The keys of the configuration."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._callers: list[tuple[str, Caller]] = []
        for entry in entries:
            name, role, digest = entry.split(":")
            self._callers.append((digest, Caller(role=msgspec.convert(role, CallerRole), subject=name)))

    def check_untrusted(self, key: str) -> Caller | None:
        """The caller that a key makes; None for what is no API key. Raises AuthenticationError `key_invalid`.

        Every entry is compared in constant time, so that the time taken tells nothing about any of them.
        """
        if not key.startswith(PREFIX):
            return None
        digest = _digest(key)
        found: Caller | None = None
        for known, caller in self._callers:
            if hmac.compare_digest(known, digest):
                found = caller
        if found is None:
            raise AuthenticationError("key_invalid", "this API key is not known")
        return found

    async def authenticate(self, credential: str) -> Caller | None:
        """As podium.core.identity.Authenticator wants it."""
        return self.check_untrusted(credential)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
