# SPDX-License-Identifier: Apache-2.0
"""A process is said to be gone only when that is certain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from podium.plugins.calendar import holders
from podium.plugins.calendar.holders import is_gone, new_holder
from podium.plugins.calendar.tables import LONGEST_ID


def test_each_name_is_new_and_fits_its_column() -> None:
    names = {new_holder() for _ in range(10)}
    assert len(names) == 10
    assert all(len(name) <= LONGEST_ID for name in names)


def test_this_process_is_there() -> None:
    assert not is_gone(new_holder())


def test_a_process_that_has_ended_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        machine, _pid, _started, own = new_holder().split("-")
        name = f"{machine}-{process.pid}-{holders._started(process.pid)}-{own}"
        assert not is_gone(name)
    assert is_gone(name)


def test_a_later_process_with_the_same_id_is_another_one() -> None:
    machine, pid, started, own = new_holder().split("-")
    assert is_gone(f"{machine}-{pid}-{int(started) - 1}-{own}")


def test_of_another_machine_nothing_is_known() -> None:
    _machine, _pid, started, own = new_holder().split("-")
    assert not is_gone(f"0123456789abcdef-999999999-{started}-{own}")


@pytest.mark.parametrize("name", ["", "host", "killed", "-", "a-b-c-d", "-1-2-3", "5f2c" * 8])
def test_names_of_another_make_are_left_alone(name: str) -> None:
    assert not is_gone(name)


def test_a_process_of_somebody_else_is_there() -> None:
    machine, _pid, _started, own = new_holder().split("-")
    assert not is_gone(f"{machine}-1-{holders._started(1)}-{own}")


def test_where_the_system_tells_nothing_nobody_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = new_holder()
    monkeypatch.setattr(holders, "PROC", tmp_path)
    blind = new_holder()
    assert blind.split("-")[1:3] == [str(os.getpid()), "0"]
    for name in (before, blind, blind.replace(str(os.getpid()), "999999999")):
        assert not is_gone(name)
