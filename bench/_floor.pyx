# SPDX-License-Identifier: Apache-2.0
"""The least that sending can cost: encrypt each packet for each receiver and hand runs to the kernel, nothing else.

The same libsrtp, the same UDP_SEGMENT runs and the same pace as the worker, but no receiving, no sources, no slots.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from podium.core._srtp cimport SRTP_OVERHEAD, SrtpSession, protect_rtp
from podium.core._udp cimport (
    Address, Sender, monotonic_us, parse_address, send_commit, send_flush, send_reserve, sender_close, sender_open,
)

cdef extern from "<unistd.h>" nogil:
    int usleep(unsigned microseconds)

cdef enum:
    MAX_RECEIVERS = 1024


def run(fd: int, ipv6: bool, profile: int, keys: list, addresses: list, packet: bytes, per_frame: int, frames: int, interval_us: int) -> None:
    """Send `frames` frames of `per_frame` copies of an RTP packet to everybody, one frame each interval."""
    cdef Sender sender
    cdef Address[MAX_RECEIVERS] targets
    cdef void* sessions[MAX_RECEIVERS]
    cdef int count = len(keys), i
    cdef uint8_t* plain = <uint8_t*><const char*>packet
    cdef int size = len(packet), each = per_frame
    cdef int total = frames
    cdef int64_t pause = interval_us
    held = [SrtpSession(profile, key, inbound=False) for key in keys]
    for i in range(count):
        sessions[i] = (<SrtpSession>held[i]).pointer
        parse_address(addresses[i], &targets[i])
    if sender_open(&sender, fd, ipv6, True) < 0:
        raise MemoryError
    with nogil:
        loop(&sender, sessions, targets, count, plain, size, each, total, pause)
    sender_close(&sender)


cdef void loop(
    Sender* sender, void** sessions, Address* targets, int count, const uint8_t* plain, int size, int per_frame, int frames,
    int64_t interval_us,
) noexcept nogil:
    cdef int frame, receiver, index, protected
    cdef int sequence = 1
    cdef uint8_t* out
    cdef int64_t due = monotonic_us(), now
    for frame in range(frames):
        for receiver in range(count):
            for index in range(per_frame):
                out = send_reserve(sender, size + SRTP_OVERHEAD)
                memcpy(out, plain, size)
                out[2] = ((sequence + index) >> 8) & 0xFF
                out[3] = (sequence + index) & 0xFF
                protected = protect_rtp(sessions[receiver], out, size)
                send_commit(sender, &targets[receiver], protected)
        send_flush(sender)
        sequence += per_frame
        due += interval_us
        now = monotonic_us()
        if due > now:
            usleep(<unsigned>(due - now))
