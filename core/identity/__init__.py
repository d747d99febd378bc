# SPDX-License-Identifier: Apache-2.0
"""Who is calling: a `Caller` with a role and grants, made from a join token, an API key or a plugin's own login.

`Identities` turns the one credential that a request carries into a caller. Nothing here knows HTTP or sockets, and
what a caller may do is decided in podium.core.operations.
"""

from .caller import ANONYMOUS, CALLER_ROLES, AuthenticationError, Caller, CallerRole
from .identities import Authenticator, Identities, open_identities
from .keys import ApiKeys, NewKey, new_key
from .tokens import JoinTokens

__all__ = [
    "ANONYMOUS",
    "CALLER_ROLES",
    "ApiKeys",
    "AuthenticationError",
    "Authenticator",
    "Caller",
    "CallerRole",
    "Identities",
    "JoinTokens",
    "NewKey",
    "new_key",
    "open_identities",
]
