# SPDX-License-Identifier: Apache-2.0
"""The program: killed at any time it loses no finished piece; it follows a class; it does not outlive its parent."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from podium.plugins.recording.composer.process import Commands
from podium.plugins.recording.composer.segments import Index, SegmentStore, read_index
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.verify import verify
from tests.builtin.recording.filming import Filming, moving, tone
from tests.builtin.recording.stand_ins import ANN

SETTINGS = '{"width":160,"height":96}'
LENGTH = 20.0


class Program:
    def __init__(self, recording: Path, out: Path, *options: str) -> None:
        command = [sys.executable, "-m", "podium.plugins.recording.composer", str(recording), str(out)]
        self.process = subprocess.Popen(
            [*command, "--settings", SETTINGS, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @property
    def input(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    def told(self) -> Iterator[dict[str, Any]]:
        assert self.process.stdout is not None
        return (json.loads(line) for line in self.process.stdout)

    def until(self, event: str) -> dict[str, Any]:
        return next(each for each in self.told() if each["event"] == event)

    def end(self) -> int:
        self.input.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait()


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def start(*arguments: Any) -> Program:
        programs.append(Program(*arguments))
        return programs[-1]

    yield start
    for program in programs:
        program.process.kill()
        program.end()


def filmed(folder: Path, *, ended: bool, length: float = LENGTH) -> Path:
    filming = Filming(folder)
    filming.studio.capture.participant_joined(ANN)
    filming.camera(ANN, moving(1, size=(80, 60)), (0.2, length))
    filming.microphone(ANN, tone(440, times=[(1, length)]), (0.2, length))
    filming.now(length)
    if ended:
        filming.studio.finish()
    else:
        filming.studio.capturing.tend()
        filming.studio.visit()
    return filming.studio.folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed(tmp_path_factory.mktemp("ended"), ended=True)


@pytest.fixture(scope="module")
def unended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Still captured, or never closed because the host was killed."""
    return filmed(tmp_path_factory.mktemp("unended"), ended=False)


def index_of(folder: Path) -> Index:
    index = read_index(folder)
    assert index is not None
    return index


def test_killed_it_goes_on_with_the_first_missing_piece(
    recording: Path, tmp_path: Path, start: Callable[..., Program]
) -> None:
    program = start(recording, tmp_path)
    assert program.until("segment")["number"] == 0
    program.process.kill()
    program.process.wait()
    finished = index_of(tmp_path).segments
    before = {each.name: (tmp_path / each.name).read_bytes() for each in finished}
    (tmp_path / "000002.m4s.part").write_bytes(b"half a piece")
    program = start(recording, tmp_path, "--follow")
    told = list(program.told())
    assert program.process.wait() == 0
    assert told[0]["segments"] == len(finished)
    assert [each["number"] for each in told if each["event"] == "segment"] == list(range(len(finished), 3))
    assert (told[-1]["event"], told[-1]["duration"]) == ("done", LENGTH)
    assert told[-1]["captured"] == pytest.approx(LENGTH, abs=0.04)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert not list(tmp_path.glob("*.part"))
    verify(tmp_path, index_of(tmp_path), LENGTH)


@pytest.mark.campaign
def test_killed_again_and_again_it_comes_to_its_end(tmp_path: Path) -> None:
    """Fifty times, at moments that are spread over all it does."""
    folder, out = filmed(tmp_path / "capture", ended=True, length=120.0), tmp_path / "film"
    chance, before, kills = random.Random(6), dict[str, bytes](), 0
    while kills < 50:
        program = Program(folder, out)
        try:
            ended = program.process.wait(chance.uniform(0.3, 0.9)) == 0
        except subprocess.TimeoutExpired:
            ended = False
        program.process.kill()
        program.end()
        kills += 1
        index = read_index(out)
        if index is not None:
            assert {name: (out / name).read_bytes() for name in before} == before
            before = {each.name: (out / each.name).read_bytes() for each in index.segments}
        if ended:
            shutil.rmtree(out)
            before.clear()
    program = Program(folder, out)
    assert list(program.told())[-1]["event"] == "done"
    assert program.end() == 0
    verify(out, index_of(out), 120.0)


def test_following_it_stays_a_little_behind_until_told_to_finish(
    unended: Path, tmp_path: Path, start: Callable[..., Program]
) -> None:
    program = start(unended, tmp_path, "--follow")
    told = program.told()
    progress = next(each for each in told if each["event"] == "progress")
    assert LENGTH - 5 < progress["composed"] < LENGTH - 2
    assert not index_of(tmp_path).complete
    program.input.write(b'nonsense\n{"command": "finish"}\n')
    program.input.flush()
    assert list(told)[-1]["event"] == "done"
    assert program.end() == 0
    assert index_of(tmp_path).complete
    assert index_of(tmp_path).duration == pytest.approx(LENGTH, abs=0.2)


def test_it_ends_with_its_parent(unended: Path, tmp_path: Path, start: Callable[..., Program]) -> None:
    program = start(unended, tmp_path, "--follow")
    program.until("started")
    assert program.end() == 3
    index = read_index(tmp_path)
    assert index is None or not index.complete


def test_two_do_not_work_in_one_folder(recording: Path, tmp_path: Path, start: Callable[..., Program]) -> None:
    with SegmentStore(tmp_path, CompositionSettings()):
        program = start(recording, tmp_path)
        assert program.until("failed")["code"] == "in_use"
        assert program.end() == 1


def test_what_cannot_work_is_said(recording: Path, tmp_path: Path, start: Callable[..., Program]) -> None:
    program = start(recording, tmp_path, "--settings", '{"width": 3}')
    assert program.until("failed")["code"] == "settings_invalid"
    assert program.end() == 1


def test_it_runs_when_nothing_else_wants_to_and_less_so_at_the_end() -> None:
    """In a process of its own: not everybody may come back from this."""
    check = (
        "import os; from podium.plugins.recording.composer.process import be_idle, hurry\n"
        "idle = be_idle() == 'idle'\n"
        "assert os.sched_getscheduler(0) == (os.SCHED_IDLE if idle else os.SCHED_OTHER)\n"
        "assert hurry() == (os.sched_getscheduler(0) == os.SCHED_OTHER and os.getpriority(os.PRIO_PROCESS, 0) == 5)\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_commands_come_in_any_pieces() -> None:
    reading, writing = os.pipe()
    commands, found = Commands(reading, parentless=False), []
    try:
        for piece in (b"\xff\n[]\n{}\n", b'{"command":', b' "fin', b'ish"}\n'):
            os.write(writing, piece)
            commands.look(0.0)
            found.append((commands.finish, commands.orphaned))
    finally:
        os.close(writing)
    commands.look(0.0)
    os.close(reading)
    assert found == [(False, False)] * 3 + [(True, False)]
    assert commands.orphaned
