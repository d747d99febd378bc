# SPDX-License-Identifier: Apache-2.0
"""Whose STUN request this is, for tests; see `_stun.pyx`."""

def local_ufrag(data: bytes | bytearray | memoryview) -> bytes | None:
    """The ufrag before the colon in a binding request's USERNAME; None for anything else."""
