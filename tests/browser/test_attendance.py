# SPDX-License-Identifier: Apache-2.0
"""The panel of the example plugin in real browsers: who is present, who has gone, and the file to take away."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "attendance"
MARKUP = "=<img src=x onerror=alert(1)>"
ROWS = """() => [...document.querySelectorAll('.panel tbody tr')].map(
  (row) => [row.cells[0].textContent, row.cells[1].textContent === "gone"])"""


@pytest.fixture
def classroom(start_host: Any, open_room: Any, tmp_path: Path) -> Iterator[Any]:
    """A room on a host with the plugin, installed as pip leaves one."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    info = tmp_path / f"podium_attendance-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["podium.plugins"].items())
    (info / "entry_points.txt").write_text(f"[podium.plugins]\n{points}")
    (tmp_path / "podium.toml").write_text("[plugins.attendance]\n")
    path = os.pathsep.join(filter(None, (str(tmp_path), str(EXAMPLE / "src"), os.environ.get("PYTHONPATH"))))
    with start_host(tmp_path, PYTHONPATH=path) as host:
        room = open_room(host)
        yield room
        room.close()


def join_as(room: Any, name: str, role: str) -> Any:
    tab = room.open()
    tab.goto(f"{room.host.url}/room/{room.name}?name={quote(name)}&role={role}")
    tab.wait_for("podium.isOn('camera') && podium.isOn('microphone')")
    tab.click("#join")
    tab.wait_for("podium.state === 'connected'")
    return tab


def test_an_instructor_sees_who_comes_and_goes_and_takes_the_list_away(classroom: Any) -> None:
    ada = join_as(classroom, "Ada", "instructor")
    ada.wait_for("!document.getElementById('open-panels').hidden")
    ada.click("#open-panels")
    ada.wait_for("document.querySelectorAll('.panel tbody tr').length === 1")
    ben = join_as(classroom, MARKUP, "student")
    ada.wait_for("document.querySelectorAll('.panel tbody tr').length === 2")
    assert ada.evaluate(ROWS) == [["Ada", False], [MARKUP, False]]
    assert ada.text("#attendance-summary") == "2 present, 0 gone"
    total = "document.querySelector('.panel tbody tr').cells[2].textContent"
    before = ada.evaluate(total)
    ada.wait_for(f"(before) => {total} !== before", before)
    ben.click("#leave")
    ada.wait_for("document.getElementById('attendance-summary').textContent === '1 present, 1 gone'")
    assert ada.evaluate(ROWS) == [["Ada", False], [MARKUP, True]]
    name, text = ada.call(download)
    assert name.startswith(f"attendance-{classroom.name}-")
    assert text.startswith('\ufeff"Name","Role"')
    assert f'"\'{MARKUP}","student"' in text
    assert ada.problems == []
    assert ada.evaluate("document.querySelector('.panel img')") is None


def download(page: Any) -> tuple[str, str]:
    with page.expect_download() as coming:
        page.click(".panel button")
    return coming.value.suggested_filename, Path(coming.value.path()).read_text()


def test_students_have_no_such_panel(classroom: Any) -> None:
    join_as(classroom, "Ada", "instructor").wait_for("!document.getElementById('open-panels').hidden")
    ben = join_as(classroom, "Ben", "student")
    answer = ben.evaluate("podium.call('ListPanels', { session_id: podium.sessionId })")
    assert answer["panels"] == []
