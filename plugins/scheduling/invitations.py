# SPDX-License-Identifier: Apache-2.0
"""Invitations: the personal secret in a link, which proves who somebody is before they have a join token.

`<participant_id>.<code>`, where the code is an HMAC over session, person and a salt of that person's row. So a link can
be made again for a later mail, nothing that opens a door is stored beside the key, and a new salt ends one link. With
128 bits a code cannot be guessed, whatever the rate.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import final

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CODE_LENGTH = 22
"""Characters of base64url, 132 bits."""


@final
class Invitations:
    """Makes and checks the invitations of one installation."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def write(self, session_id: str, participant_id: str, salt: str) -> str:
        """The secret of one person for one session."""
        message = "\0".join(("podium invitation", session_id, participant_id, salt)).encode()
        digest = hmac.new(self._key, message, hashlib.sha256).digest()
        return f"{participant_id}.{base64.urlsafe_b64encode(digest).decode()[:CODE_LENGTH]}"

    def fits_untrusted(self, invitation: str, session_id: str, participant_id: str, salt: str) -> bool:
        expected = self.write(session_id, participant_id, salt)
        return hmac.compare_digest(invitation.encode("utf-8", "surrogatepass"), expected.encode())


def claimed_id_untrusted(invitation: str) -> str:
    """Whose invitation it says to be; empty where that cannot be an id."""
    participant_id = invitation.rpartition(".")[0]
    return participant_id if _ID.fullmatch(participant_id) else ""


def new_salt() -> str:
    return secrets.token_urlsafe(12)


def new_key() -> str:
    return secrets.token_urlsafe(32)


def join_path(session_id: str, invitation: str) -> str:
    """The page behind the link, on this host; it is the same for all classes of a series."""
    return f"/plugins/scheduling/join/{session_id}?invitation={invitation}"
