# SPDX-License-Identifier: Apache-2.0
"""Ports for workers."""

import errno
from typing import ClassVar

import pytest

from podium.core import _fastpath
from podium.core.media.binding import MediaError, bind_workers
from podium.core.media.settings import MediaSettings
from tests.rooms.fake_worker import FakeWorker, real


class Worker(FakeWorker):
    """Finds two ports taken."""

    taken: ClassVar[set[int]] = {50000, 50002}
    made: ClassVar[list[FakeWorker]]

    def __init__(self, address: str, port: int, *, audio_slots: int) -> None:
        super().__init__(address, port, audio_slots=audio_slots)
        self.made.append(self)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> type[Worker]:
    Worker.made = []
    monkeypatch.setattr(_fastpath, "Worker", Worker)
    return Worker


def refuse(number: int, address: str) -> type[FakeWorker]:
    class Refusing(FakeWorker):
        def __init__(self, bound: str, port: int, *, audio_slots: int) -> None:
            super().__init__(bound, port, audio_slots=audio_slots)
            if bound == address:
                raise OSError(number, "refused")

    return Refusing


@pytest.mark.usefixtures("worker")
def test_each_worker_takes_the_next_free_port() -> None:
    address, workers = bind_workers(MediaSettings(workers=2, audio_slots=5))
    assert address == "::"
    assert [worker.port for worker in workers] == [50001, 50003]
    assert [real(worker).audio_slots for worker in workers] == [5, 5]


@pytest.mark.usefixtures("worker")
def test_the_kernel_may_choose_all_ports() -> None:
    _, workers = bind_workers(MediaSettings(workers=2, first_port=0, last_port=0))
    assert len(workers) == 2


def test_too_few_ports_are_refused_with_the_setting_to_change(worker: type[Worker]) -> None:
    with pytest.raises(MediaError, match="50000 to 50002 for 2 media workers") as caught:
        bind_workers(MediaSettings(workers=2, last_port=50002))
    assert (caught.value.code, caught.value.field) == ("media_ports_exhausted", "media.ports")
    assert [(made.port, made.closed) for made in worker.made] == [(50001, True)]


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_without_ipv6_workers_bind_to_ipv4(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(_fastpath, "Worker", refuse(number, "::"))
    assert bind_workers(MediaSettings())[0] == "0.0.0.0"


@pytest.mark.parametrize(("number", "address"), [(errno.EACCES, "::"), (errno.EADDRNOTAVAIL, "192.0.2.1")])
def test_an_address_that_cannot_be_bound_is_refused(monkeypatch: pytest.MonkeyPatch, number: int, address: str) -> None:
    monkeypatch.setattr(_fastpath, "Worker", refuse(number, address))
    with pytest.raises(MediaError, match="cannot bind UDP on") as caught:
        bind_workers(MediaSettings(bind_address=address))
    assert caught.value.field == "media.address"
