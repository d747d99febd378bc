# SPDX-License-Identifier: Apache-2.0
"""Whatever dies while a class is recorded, there is a film of it, and at most the second before is missing.

Hosts, recorders and composers are real processes that are killed (SIGKILL) at random moments, in the class and after
it; somebody in the room tells the time by picture and sound, which is read back from the film. `-m campaign -k SEED`
does one of the fifty again.
"""

import faulthandler
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.plugins.recording.reading import open_class
from tests.builtin.recording.lesson import Blow, Lesson, lesson
from tests.builtin.recording.small_disk import SmallDisk, small_disk
from tests.builtin.recording.storage_door import StorageDoor, opened
from tests.builtin.recording.storage_server import running

RESUMED = 8.0
"""Seconds after which capture goes on when there is room on the disk again."""
KINDS = ("host", "composer", "recorder", "uploader", "anything")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[StorageDoor]:
    """Of an emulator of this test's own."""
    with running(tmp_path / "bucket") as server, opened(server) as door:
        yield door


@pytest.fixture
def patient() -> None:
    """pytest's own watch over tests that hang ends too soon for these."""
    faulthandler.cancel_dump_traceback_later()


def test_everything_is_killed_once(tmp_path: Path, door: StorageDoor) -> None:
    with lesson(tmp_path, door, recorder=True) as each:
        each.go_on(0, (Blow(1.2, "composer"), Blow(1.8, "recorder"), Blow(3.3, "host")))
        each.teller.wait_until_sending()
        each.go_on(2.5)
        each.end()
        report = each.check_available()
    print(f"\n{each.account()}\n  {report}")


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seed", range(50))
def test_kills_at_random_moments(tmp_path: Path, door: StorageDoor, seed: int) -> None:
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    door.wait = lambda: chance.uniform(0, 0.15)
    recorder = kind == "recorder" or (kind != "host" and chance.random() < 0.5)
    with lesson(tmp_path, door, recorder=recorder) as each:
        if kind == "uploader":
            kill_who_uploads(each, chance)
        else:
            seconds = chance.uniform(8, 15)
            during, after = blows(chance, kind, seconds, recorder=recorder)
            each.go_on(seconds, during)
            each.end()
            each.go_on(0, after)
        report = each.check_available()
    print(f"\nseed {seed} {kind}{' beside a recorder' if recorder else ''}: {each.account()}\n  {report}")


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seed", range(10))
def test_kills_with_films_in_a_folder(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    recorder = chance.random() < 0.5
    with lesson(tmp_path, None, recorder=recorder) as each:
        seconds = chance.uniform(8, 15)
        during, after = blows(chance, "anything", seconds, recorder=recorder)
        each.go_on(seconds, during)
        each.end()
        each.go_on(0, after)
        report = each.check_available()
    print(f"\nseed {seed}{' beside a recorder' if recorder else ''}: {each.account()}\n  {report}")


def kill_who_uploads(each: Lesson, chance: random.Random) -> None:
    """In the first upload while the class goes on, or in one or two of the last ones."""
    if chance.random() < 0.5:
        each.go_on(9)
        each.strike_while_uploading(chance.uniform(0.2, 1.5))
        each.go_on(chance.uniform(1, 4))
        each.end()
    else:
        each.go_on(chance.uniform(8, 12))
        each.end()
        for _ in range(chance.randint(1, 2)):
            each.strike_while_uploading(chance.uniform(0.2, 1.5))


def blows(
    chance: random.Random, kind: str, seconds: float, *, recorder: bool
) -> tuple[tuple[Blow, ...], tuple[Blow, ...]]:
    """Those in the class and those after it."""
    during, after = [], []
    there = ["host", "composer", *(["recorder"] if recorder else [])]
    for _ in range(chance.randint(1, 3)):
        who = chance.choice(there) if kind == "anything" else kind
        away = chance.uniform(0.2, 3)
        if chance.random() < 0.4:
            after.append(Blow(chance.uniform(0, 2.5), who, away))
        else:
            during.append(Blow(chance.uniform(0.2, seconds), who, away))
    return tuple(during), tuple(after)


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("mode", ["refuses", "silent", "fails"])
@pytest.mark.parametrize("when", ["class", "end"])
def test_a_storage_that_is_away_for_minutes(tmp_path: Path, door: StorageDoor, mode: Any, when: str) -> None:
    with lesson(tmp_path, door) as each:
        if when == "end":
            each.go_on(12)
        door.mode = mode
        each.go_on(15)
        each.end()
        each.go_on(150)
        assert door.uploaded == [] or when == "end"
        info = each.info()
        assert info["state"] == "PROCESSING"
        assert info["problem"] is not None
        assert door.refused > 0
        door.mode = "open"
        print(info["problem"], door.refused, each.check_available(seconds=150))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """That on which captures and films are."""
    try:
        with small_disk(tmp_path / "store", 300) as disk:
            yield disk
    except PermissionError as error:
        pytest.skip(f"a small disk cannot be made: {error}")


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seconds", [3, 12])
def test_a_disk_that_is_full_in_the_class(tmp_path: Path, door: StorageDoor, disk: SmallDisk, seconds: float) -> None:
    """What is captured before is in the film, and what is captured once there is room again."""
    with lesson(tmp_path, door) as each:
        each.go_on(6)
        began = time.time()
        disk.keep_full(seconds)
        disk.free()
        each.hole(began, time.time() + RESUMED)
        each.go_on(RESUMED + 5)
        each.end()
        print(each.check_available(logged=True))


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
def test_a_disk_that_is_full_at_the_end(tmp_path: Path, door: StorageDoor, disk: SmallDisk) -> None:
    """Nothing is missing."""
    with lesson(tmp_path, door) as each:
        each.go_on(9)
        each.end()
        disk.keep_full(12)
        print(each.info())
        disk.free()
        print(each.check_available(logged=True, seconds=90))


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
def test_a_disk_that_stays_full(tmp_path: Path, door: StorageDoor, disk: SmallDisk) -> None:
    """It fails at last, and all that was captured is kept: once there is room the film can be made."""
    with lesson(tmp_path, door) as each:
        each.go_on(9)
        each.hole(time.time(), time.time() + 100)
        disk.keep_full(1)
        each.end()
        while (each.info()["problem"] or {}).get("code") != "disk_full":
            disk.keep_full(1)
        each.school.age_failures(hours=100)
        while each.info()["state"] == "PROCESSING":
            disk.keep_full(1)
        info = each.wait_for("FAILED", seconds=1)
        assert info["problem"]["code"] == "disk_full", info
        with open_class(each.school.store / "captured" / each.recording_id) as captured:
            assert captured.duration > 7.5
        disk.free()
        each.school.run("recording", "rebuild", each.recording_id)
        print(each.check_available(logged=True))


@pytest.mark.campaign
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_end_of_what_was_captured(tmp_path: Path, door: StorageDoor, seed: int) -> None:
    chance = random.Random(seed)
    with lesson(tmp_path, door) as each:
        each.go_on(chance.uniform(3, 9))
        each.hole(each.school.kill_host())
        damage(each.school.store / "captured" / each.recording_id, chance)
        each.school.start_host()
        each.teller.wait_until_sending()
        each.go_on(chance.uniform(2, 5))
        each.end()
        print(each.account(), each.check_available(corrupted=True))


def damage(folder: Path, chance: random.Random) -> None:
    """Each file of the last run: cut short, with other bytes at its end, or with some behind it."""
    run = max(folder.glob("run-*"))
    for file in run.iterdir():
        data = bytearray(file.read_bytes())
        how = chance.choice(["cut", "changed", "longer", "zeros"])
        if how == "cut":
            del data[-chance.randint(1, 100) :]
        elif how == "changed":
            for _ in range(5):
                data[-chance.randint(1, min(100, len(data)))] ^= chance.randint(1, 255)
        else:
            more = chance.randint(1, 5000)
            data += chance.randbytes(more) if how == "longer" else bytes(more)
        file.write_bytes(data)
