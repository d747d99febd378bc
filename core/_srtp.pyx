# SPDX-License-Identifier: Apache-2.0
"""SRTP (RFC 3711, RFC 7714) by the libsrtp that pylibsrtp's wheel carries, called without the GIL.

cffi tells the addresses of the C functions, so building Podium needs no system library, and the OpenSSL inside the
wheel gives AES-NI and carry-less multiplication. A session is made on the trio thread and used by one worker thread.
"""

from libc.stdint cimport uintptr_t

import pylibsrtp
from pylibsrtp._binding import ffi, lib

from podium.core.errors import PodiumError

ctypedef int (*SrtpFunction)(void* session, void* packet, int* size) noexcept nogil

cdef SrtpFunction srtp_protect = <SrtpFunction><uintptr_t>int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect")))
cdef SrtpFunction srtp_unprotect = <SrtpFunction><uintptr_t>int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_unprotect")))
cdef SrtpFunction srtp_protect_rtcp = <SrtpFunction><uintptr_t>int(
    ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect_rtcp"))
)
cdef SrtpFunction srtp_unprotect_rtcp = <SrtpFunction><uintptr_t>int(
    ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_unprotect_rtcp"))
)

PROFILE_AES128_CM_SHA1_80 = 0x0001
PROFILE_AEAD_AES_128_GCM = 0x0007

_PROFILES = {
    PROFILE_AES128_CM_SHA1_80: pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    PROFILE_AEAD_AES_128_GCM: pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}

# A burst of a key frame with reordering stays inside; libsrtp's default is 128.
_REPLAY_WINDOW = 1024


cdef class SrtpSession:
    """One direction of one transport: every SSRC under one master key."""

    def __init__(self, profile: int, key: bytes, *, inbound: bool) -> None:
        if profile not in _PROFILES:
            raise PodiumError("srtp_profile", f"unknown SRTP profile {profile:#06x}", "profile")
        kind = pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND
        policy = pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=_PROFILES[profile])
        policy.window_size = _REPLAY_WINDOW
        # A receiver without RTX is answered with the same packet once more.
        policy.allow_repeat_tx = not inbound
        self.session = pylibsrtp.Session(policy=policy)
        self.pointer = <void*><uintptr_t>int(ffi.cast("uintptr_t", self.session._srtp[0]))


cdef int protect_rtp(void* session, uint8_t* packet, int size) noexcept nogil:
    if srtp_protect(session, packet, &size) != 0:
        return -1
    return size


cdef int unprotect_rtp_untrusted(void* session, uint8_t* packet, int size) noexcept nogil:
    if srtp_unprotect(session, packet, &size) != 0:
        return -1
    return size


cdef int protect_rtcp(void* session, uint8_t* packet, int size) noexcept nogil:
    if srtp_protect_rtcp(session, packet, &size) != 0:
        return -1
    return size


cdef int unprotect_rtcp_untrusted(void* session, uint8_t* packet, int size) noexcept nogil:
    if srtp_unprotect_rtcp(session, packet, &size) != 0:
        return -1
    return size
