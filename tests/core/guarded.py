# SPDX-License-Identifier: Apache-2.0
"""Bytes whose end is the end of readable memory: code that reads one byte too many dies on the spot."""

import ctypes
import mmap

_ROOM = 1 << 17
_memory = mmap.mmap(-1, _ROOM + mmap.PAGESIZE)
_address = ctypes.addressof(ctypes.c_char.from_buffer(_memory))
_libc = ctypes.CDLL(None, use_errno=True)
_PROT_NONE = 0

if _libc.mprotect(ctypes.c_void_p(_address + _ROOM), ctypes.c_size_t(mmap.PAGESIZE), _PROT_NONE):
    raise OSError(ctypes.get_errno(), "mprotect")


def guarded(data: bytes) -> memoryview:
    """A view of `data` in front of memory that may not be read; valid until the next call."""
    start = _ROOM - len(data)
    _memory[start:_ROOM] = data
    return memoryview(_memory)[start:_ROOM]
