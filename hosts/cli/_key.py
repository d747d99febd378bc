# SPDX-License-Identifier: Apache-2.0
"""`podium key`: make an API key, whose hash goes into the configuration."""

import re
import sys

from podium.core.identity import CallerRole, new_key

INVALID = 2


def run(name: str, role: CallerRole) -> int:
    """Print a new key and the entry for it; the exit status."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        print("podium: a key's name is 1 to 64 characters out of A-Z, a-z, 0-9, _ and -", file=sys.stderr)
        return INVALID
    key, entry = new_key(name, role)
    print(
        f"The key, which is shown this once:\n\n  {key}\n\n"
        f'Its entry in podium.toml, in the list `api_keys` under [auth]:\n\n  "{entry}"'
    )
    return 0
