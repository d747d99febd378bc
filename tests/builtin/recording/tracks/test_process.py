# SPDX-License-Identifier: Apache-2.0
"""The program: killed at any time it keeps what is finished and makes the rest; it does not outlive its parent."""

import json
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from podium.plugins.recording.reading import CapturedClass, open_class
from podium.plugins.recording.tracks.index import Group, TracksFolder, read_index
from podium.plugins.recording.tracks.process import Stopped, Watch, make, seen
from tests.builtin.recording.filming import Filming, moving, tone
from tests.builtin.recording.stand_ins import ANN, BOB


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two people with camera and microphone."""
    filming = Filming(tmp_path_factory.mktemp("capture"))
    for person in (ANN, BOB):
        filming.studio.capture.participant_joined(person)
        filming.camera(person, moving(1, size=(80, 60)), (0.0, 3.0))
        filming.microphone(person, tone(440, times=[(1, 2)]), (0.0, 3.0))
    filming.now(3.0)
    filming.studio.finish()
    return filming.studio.folder


def command(recording: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "podium.plugins.recording.tracks", str(recording), str(out), *options]


def run(recording: Path, out: Path) -> list[dict[str, Any]]:
    done = subprocess.run(command(recording, out, "--parentless"), stdout=subprocess.PIPE, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Counting:
    """Stops the work after so many looks, as an input that ends does."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.orphaned = False

    def look(self, _timeout: float) -> None:
        self.looks -= 1
        self.orphaned = self.looks < 0


def begun(captured: CapturedClass, out: Path, looks: int) -> bool:
    """Whether it came to its end."""
    with TracksFolder(out, seen(captured)) as folder:
        try:
            make(captured, folder, Counting(looks), lambda _kind, _fields: None)
        except Stopped:
            return False
        return True


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".webm", ".json")}


def test_it_tells_what_it_makes_and_makes_it_once(recording: Path, tmp_path: Path) -> None:
    told = run(recording, tmp_path)
    assert [each["event"] for each in told] == ["started", *["file"] * 4, "done"]
    index = read_index(tmp_path)
    assert index is not None
    assert index.complete
    assert [each["file"] for each in told[1:-1]] == [file.file for file in index.files]
    for file in index.files:
        data = (tmp_path / file.file).read_bytes()
        assert (len(data), google_crc32c.value(data)) == (file.size, file.crc32c)
    before = contents(tmp_path)
    (tmp_path / "005-nobody-camera.webm").write_bytes(b"of another time")
    assert [(each["event"], each["files"]) for each in run(recording, tmp_path)] == [("started", 4), ("done", 4)]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("looks", range(4))
def test_stopped_it_goes_on_with_the_first_unfinished_source(recording: Path, tmp_path: Path, looks: int) -> None:
    with open_class(recording) as captured:
        assert begun(captured, tmp_path / "whole", 1000)
        out = tmp_path / "out"
        assert not begun(captured, out, looks)
        half = read_index(out)
        finished = half.files if half is not None else ()
        assert len(finished) == looks
        kept = {file.file: (out / file.file).stat().st_mtime_ns for file in finished}
        (out / "004-bob-microphone.webm.part").write_bytes(b"half of it")
        assert begun(captured, out, 1000)
        assert contents(out) == contents(tmp_path / "whole")
        assert {name: (out / name).stat().st_mtime_ns for name in kept} == kept
        assert not list(out.glob("*.part"))


def test_a_file_that_is_gone_or_a_class_that_grew_is_made_anew(recording: Path, tmp_path: Path) -> None:
    with open_class(recording) as captured:
        assert begun(captured, tmp_path, 1000)
        before = contents(tmp_path)
        (tmp_path / "002-ann-microphone.webm").unlink()
        assert begun(captured, tmp_path, 1000)
        assert contents(tmp_path) == before
        with TracksFolder(tmp_path, seen(captured) + " more") as folder:
            assert folder.index.files == ()
        assert not list(tmp_path.glob("*.webm"))


def test_it_ends_with_its_parent_and_alone_in_its_folder(recording: Path, tmp_path: Path) -> None:
    with TracksFolder(tmp_path, ""):
        assert run(recording, tmp_path)[-1]["code"] == "in_use"
    done = subprocess.run(command(recording, tmp_path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    assert done.returncode == 3
    assert read_index(tmp_path) is None


@pytest.mark.campaign
def test_killed_again_and_again_it_comes_to_the_same_end(recording: Path, tmp_path: Path) -> None:
    """Thirty times, at moments that are spread over all it does."""
    run(recording, tmp_path / "whole")
    chance, ends = random.Random(4), 0
    for number in range(30):
        process = subprocess.Popen(command(recording, tmp_path / "out", "--parentless"), stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.1, 1.0))
        process.kill()
        if process.wait() == 0:
            ends += 1
            assert contents(tmp_path / "out") == contents(tmp_path / "whole")
            shutil.rmtree(tmp_path / "out")
        elif number % 3 == 0:
            index = read_index(tmp_path / "out")
            for file in index.files if index is not None else ():
                assert google_crc32c.value((tmp_path / "out" / file.file).read_bytes()) == file.crc32c
    run(recording, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert ends < 30


def test_it_tells_how_far_it_is(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr("podium.plugins.recording.tracks.process.monotonic", lambda: float(next(ticks)))
    told: list[int] = []
    with open_class(recording) as captured:
        watch = Watch(captured, Counting(1000), lambda _kind, fields: told.append(fields["percent"]))
        for track in captured.tracks:
            for time in (0.0, 1.5, 3.0):
                watch.passed(track, time)
            watch.finished([track])
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 100)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Ann Müller-Østby", "ann-muller-stby"), ("../../etc", "etc"), ("李", "participant"), ("x" * 90, "x" * 40)],
)
def test_files_have_plain_names(name: str, expected: str) -> None:
    group = Group(participant_id="../x", display_name=name, source="camera", kind="video")
    assert group.name == f"{expected}-camera"


def test_sound_of_a_screen_is_told_from_its_picture() -> None:
    group = Group(participant_id="x", display_name="Ann", source="screen", kind="audio")
    assert group.name == "ann-screen-audio"
