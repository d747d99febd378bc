# SPDX-License-Identifier: Apache-2.0
"""Links that expire, for objects that the host serves itself: who has the link may read, until it is over.

A signature covers name and time, so neither can be changed (HMAC-SHA-256, RFC 2104). Pure: the time is an argument. It
cannot take back a single link; another key takes back all.
"""

import base64
import hmac

from podium.core import OperationError

LONGEST_SIGNATURE = 100
SHORTEST_KEY = 32


def sign(key: bytes, name: str, expires: int) -> str:
    """What goes into the link beside the name; `expires` in seconds since 1970."""
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a key has at least {SHORTEST_KEY} bytes")
    if expires < 0:
        raise ValueError("links expire after 1970")
    return f"{expires:x}.{_mac(key, name, expires)}"


def check_untrusted(key: bytes, name: str, signature: str, now: float) -> None:
    """Raises OperationError `link_invalid` for what was not signed here, and `link_over`."""
    shown, _, mac = signature.partition(".")
    try:
        if len(signature) > LONGEST_SIGNATURE or not signature.isascii():
            raise ValueError("not a signature")
        expires = int(shown, 16)
    except ValueError:
        expires, shown, mac = 0, "", ""
    if not hmac.compare_digest(f"{shown}.{mac}".encode(), f"{expires:x}.{_mac(key, name, expires)}".encode()):
        raise OperationError("forbidden", "link_invalid", "this link is not one that was given out here")
    if now >= expires:
        raise OperationError("forbidden", "link_over", "this link is not valid any more: ask for another one")


def _mac(key: bytes, name: str, expires: int) -> str:
    digest = hmac.digest(key, f"podium recording\n{expires:x}\n{name}".encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
