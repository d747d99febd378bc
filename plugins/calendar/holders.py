# SPDX-License-Identifier: Apache-2.0
"""Whose a claimed mail is: a name for this process, of which others on the same machine can tell whether it is gone.

So a host that is started again after a kill need not wait until the lease of its predecessor is over. Certain is that
only where both see the same processes (machine, boot and process namespace, proc(5)); of anybody else it is said that
they are there, and the lease decides.
"""

import hashlib
import os
import secrets
import socket
from pathlib import Path

PROC = Path("/proc")


def new_holder() -> str:
    """A name that nobody else has, at most 64 characters."""
    pid = os.getpid()
    return f"{_machine()}-{pid}-{_started(pid) or '0'}-{secrets.token_hex(4)}"


def is_gone(holder: str) -> bool:
    """Whether the process of this name is known to have ended."""
    machine, _, rest = holder.partition("-")
    pid, _, rest = rest.partition("-")
    started = rest.partition("-")[0]
    if machine != _machine() or not pid.isdecimal() or started == "0":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # it is there, and not ours
        return False
    now = _started(int(pid))
    return now is not None and now != started


def _machine() -> str:
    """The same for all processes that see each other; something new each time where that cannot be told."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (PROC / "self/ns/pid").readlink()
    except OSError:
        return secrets.token_hex(8)
    return hashlib.sha256(f"{socket.gethostname()} {boot} {namespace}".encode()).hexdigest()[:16]


def _started(pid: int) -> str | None:
    """When a process began, in ticks since the boot, since ids are used again; None where that cannot be told."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # its name, in parentheses, may have anything in it
    return fields[19] if len(fields) > 19 else None
