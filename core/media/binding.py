# SPDX-License-Identifier: Apache-2.0
"""Give each worker a UDP port: the next free one of those configured, on IPv6 and IPv4 where the machine has both."""

import errno
from collections.abc import Iterator

from podium.core import _fastpath
from podium.core.errors import PodiumError
from podium.core.media.settings import MediaSettings

_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class MediaError(PodiumError):
    """The media side cannot start with these settings on this machine."""


def bind_workers(settings: MediaSettings) -> tuple[str, list[_fastpath.Worker]]:
    """The address that could be bound, and the workers. Raises MediaError."""
    address = settings.bind_address
    try:
        return address, _bind_all(settings, address)
    except OSError as error:
        if address != "::" or error.errno not in _NO_IPV6:
            raise _refusal(address, error) from error
    try:
        return "0.0.0.0", _bind_all(settings, "0.0.0.0")
    except OSError as error:
        raise _refusal("0.0.0.0", error) from error


def _bind_all(settings: MediaSettings, address: str) -> list[_fastpath.Worker]:
    """All workers or none."""
    ports = iter(settings.ports)
    workers: list[_fastpath.Worker] = []
    try:
        while len(workers) < settings.workers:
            workers.append(_bind_next(address, ports, settings))
    except BaseException:
        for worker in workers:
            worker.close()
        raise
    return workers


def _bind_next(address: str, ports: Iterator[int], settings: MediaSettings) -> _fastpath.Worker:
    for port in ports:
        try:
            return _fastpath.Worker(address, port, audio_slots=settings.audio_slots)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    span = f"{settings.ports[0]} to {settings.ports[-1]}"
    wanted = f"{settings.workers} media worker{'s' if settings.workers > 1 else ''}"
    raise MediaError("media_ports_exhausted", f"no free UDP port left in {span} for {wanted}", "media.ports")


def _refusal(address: str, error: OSError) -> MediaError:
    why = error.strerror or str(error)
    return MediaError("media_bind_failed", f"cannot bind UDP on {address}: {why}", "media.address")
