# SPDX-License-Identifier: Apache-2.0
"""The UDP socket of a worker: bound, with large buffers, and with what this kernel can do for many packets at once."""

import socket
from contextlib import suppress

BUFFER = 8 << 20
"""Bytes each way; the kernel gives what its limits allow."""
SO_RCVBUFFORCE, SO_SNDBUFFORCE = 33, 32
SO_TIMESTAMPNS = 35
UDP_SEGMENT = 103
UDP_GRO = 104


def open_socket(address: str, port: int) -> socket.socket:
    """A bound UDP socket with large buffers, receive coalescing and kernel time stamps. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for forced, plain in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
            try:
                # These pass the limits of net.core, with the privilege to do so.
                bound.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
            except PermissionError:
                bound.setsockopt(socket.SOL_SOCKET, plain, BUFFER)
        bound.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        with suppress(OSError):  # kernels before 5.0 hand over every datagram alone
            bound.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        bound.bind((address, port))
    except BaseException:
        bound.close()
        raise
    return bound


def supports_segmentation(bound: socket.socket) -> bool:
    """Whether the kernel knows UDP_SEGMENT (4.18); one that does not would send a whole run as one datagram."""
    try:
        bound.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT)
    except OSError:
        return False
    return True
