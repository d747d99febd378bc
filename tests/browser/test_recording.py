# SPDX-License-Identifier: Apache-2.0
"""A real class is recorded: three browsers with moving pictures and tones, and the film of it a moment after its end.

The film has to be as long as the class, to show who speaks when they speak, with the shared screen legible, and sound
and picture together; Chromium has to play it and to seek in it. Figures are printed (`pytest -s`).
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import BrowserThread, Tab
from tests.browser.conftest import HostProcess
from tests.browser.judging import (
    CODES,
    Figures,
    check_playing,
    check_screen,
    check_speakers,
    check_sync,
    check_times,
)
from tests.browser.lessons import ADMINISTRATOR, SECRET, Lesson, OpenRoom
from tests.browser.recorded import (
    Script,
    download,
    gather,
    hold,
    recording_of,
    script,
    wanted_slide,
    when_available,
)
from tests.builtin.recording.watching import watch

pytestmark = pytest.mark.browser

PLUGINS = ("moderation", "screenshare", "scheduling", "recording")


@pytest.fixture(scope="module")
def recording_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    folder = tmp_path_factory.mktemp("recording")
    (folder / "podium.toml").write_text("".join(f"[plugins.{name}]\n" for name in PLUGINS))
    host = HostProcess(folder, PODIUM_AUTH__API_KEYS=ADMINISTRATOR.entry, PODIUM_AUTH__SECRET=SECRET)
    yield host
    host.stop()


@pytest.fixture
def lesson(recording_host: HostProcess, open_room: OpenRoom) -> Iterator[Lesson]:
    """Scheduled for now, and to be recorded."""
    room = open_room(recording_host)
    lesson = Lesson(room)
    schedule(lesson)
    yield lesson
    room.close()


def schedule(lesson: Lesson) -> None:
    start = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")
    session: dict[str, Any] = {
        "session_id": lesson.room.name,
        "title": "Algebra",
        "instructor": {"name": "Ada", "email": "ada@example.org"},
        "start": start,
        "time_zone": "UTC",
        "duration": 30,
        "recording": True,
    }
    lesson.ask("POST", "sessions", ADMINISTRATOR.key, session)


def record(lesson: Lesson, browser: BrowserThread, plan: Script, folder: Path) -> Figures:
    """Hold the class, get its film and look at it."""
    tabs = gather(lesson)
    recording_id = recording_of(lesson)
    slides = wanted_slide(tabs["Ada"], 1), wanted_slide(tabs["Ada"], 6)
    end = f"sessions/{lesson.room.name}/end-for-all"
    held = hold(tabs, plan, lambda: lesson.ask("POST", end, lesson.tokens["Ada"], {}))
    recording = when_available(lesson, recording_id)
    waited = time.time() - held.ended[0]
    lesson.room.close()
    assert held.problems == {name: [] for name in tabs}
    assert recording.ended_at is not None
    assert recording.download_url is not None
    url = lesson.room.host.url + recording.download_url
    path = folder / "film.mp4"
    download(url, path)
    assert path.stat().st_size == recording.size
    film = watch(path, codes=CODES)
    assert recording.duration == pytest.approx(film.duration, abs=0.1)
    figures = check_times(film, held, recording.started_at, recording.ended_at)
    figures.available_after, figures.step = waited, recording.step
    check_speakers(film, held, plan, figures)
    check_screen(path, film, held, plan, slides, figures)
    check_sync(film, held, figures)
    print(figures)
    viewer = Tab(browser)
    viewer.goto(lesson.room.host.url)
    check_playing(viewer, url, film, held, plan)
    viewer.close()
    return figures


def test_a_class_is_recorded(lesson: Lesson, browser: BrowserThread, tmp_path: Path) -> None:
    record(lesson, browser, script(turn=4.0, rounds=1, shared=4.0), tmp_path)


@pytest.mark.campaign
def test_a_longer_class_is_recorded(lesson: Lesson, browser: BrowserThread, tmp_path: Path) -> None:
    """Everybody speaks three times."""
    record(lesson, browser, script(turn=8.0, rounds=3, shared=10.0), tmp_path)
