# SPDX-License-Identifier: Apache-2.0
"""`podium plugin new`: what is written, and which names and directories are refused.

That the plugin works when it is installed, with its own tests, is tried by .ci/try_authors.py; here its code runs in
place.
"""

import ast
import importlib
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.core import Plugin
from podium.core.plugins import discovery
from podium.hosts.cli import main
from podium.hosts.cli._new import rendered, words_for
from podium.hosts.testing import open_host
from tests.plugins.stand_ins import Point
from tests.testing.stand_ins import install

FILES = {
    ".gitignore",
    "README.md",
    "podium.toml",
    "pyproject.toml",
    "src/podium_raise_hand/__init__.py",
    "src/podium_raise_hand/_plugin.py",
    "src/podium_raise_hand/events.py",
    "src/podium_raise_hand/hooks.py",
    "src/podium_raise_hand/migrations/0001_presses.py",
    "src/podium_raise_hand/migrations/__init__.py",
    "src/podium_raise_hand/operations.py",
    "src/podium_raise_hand/py.typed",
    "src/podium_raise_hand/settings.py",
    "src/podium_raise_hand/static/panel.js",
    "src/podium_raise_hand/tables.py",
    "tests/test_raise_hand.py",
}


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Path:
    """A new distribution."""
    assert main(["plugin", "new", "raise_hand"]) == 0
    capsys.readouterr()
    return Path("podium-raise-hand").resolve()


@pytest.fixture
def plugin(written: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """Its plugin, as if it were installed."""
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1.0" if "raise" in name else version(name))
    monkeypatch.syspath_prepend(written / "src")
    try:
        found = importlib.import_module("podium_raise_hand").plugin
        assert isinstance(found, Plugin)
        install(monkeypatch, found)
        yield found
    finally:
        for name in [name for name in sys.modules if name.startswith("podium_raise_hand")]:
            del sys.modules[name]


def test_all_files_are_written_without_a_placeholder(written: Path) -> None:
    found = {str(file.relative_to(written)): file.read_text() for file in written.rglob("*") if file.is_file()}
    assert found.keys() == FILES
    assert [name for name, text in found.items() if "{{" in text or "}}" in text] == []


def test_the_distribution_names_its_plugin(written: Path) -> None:
    project = tomllib.loads((written / "pyproject.toml").read_text())["project"]
    assert project["name"] == "podium-raise-hand"
    assert project["entry-points"]["podium.plugins"] == {"raise_hand": "podium_raise_hand:plugin"}
    assert "podium[testing]" in project["optional-dependencies"]["test"]
    assert tomllib.loads((written / "podium.toml").read_text()) == {"plugins": {"raise_hand": {"most": 100}}}


def test_what_to_do_next_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "new", "poll", "--directory", "a place/poll"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Wrote the plugin poll to a place/poll.")
    assert "  cd 'a place/poll'\n" in out
    assert Path("a place/poll/src/podium_poll/__init__.py").is_file()


@pytest.mark.parametrize("name", ["x", "raise_hand", "q1_2", "a__b_", "a" * 32])
def test_python_files_are_valid_and_short_whatever_the_name(name: str) -> None:
    for place, text in rendered(words_for(name)):
        if place.suffix == ".py":
            ast.parse(text, str(place))
            assert max(map(len, text.splitlines())) <= 120, place


@pytest.mark.parametrize("name", ["x", "raise_hand", "q1_2", "a__b_"])
def test_functions_and_structs_are_named_alike(name: str) -> None:
    """An operation's name comes from its function's; the panel asks for it by the other."""
    words = words_for(name)
    function = f"add_{name}"
    assert "".join(word[:1].upper() + word[1:] for word in function.split("_")) == f"Add{words['Name']}"


def test_the_plugin_does_what_the_page_says(plugin: Plugin, tmp_path: Path) -> None:
    assert list(plugin.operations) == ["AddRaiseHand", "CountRaiseHand"]
    with open_host("[plugins.raise_hand]\nmost = 1\n", tmp_path / "podium") as host:
        room = host.room()
        ada, ben = room.join("Ada"), room.join("Ben")
        assert ada.call("AddRaiseHand", session_id=room.session_id) == {"total": 1, "own": 1}
        ben.wait_for("RaiseHandChanged", total=1)
        assert host.client().get("/plugins/raise_hand/static/panel.js").status == 200


class TestRefusals:
    def refused(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
        assert main(["plugin", "new", *arguments]) == 2
        return capsys.readouterr().err

    @pytest.mark.parametrize("name", ["", "Poll", "2nd", "a-b", "é", "a" * 33])
    def test_a_name_that_no_plugin_may_have(self, capsys: pytest.CaptureFixture[str], name: str) -> None:
        assert "is no name of a plugin: 1 to 32 characters" in self.refused(capsys, name)
        assert list(Path().iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("class", "a keyword of Python"),
            ("match", "a keyword of Python"),
            ("queue", "a module of Python's library"),
            ("recording", "a plugin of Podium's own"),
            ("key", "a command of `podium`"),
        ],
    )
    def test_a_name_with_a_meaning_already(self, capsys: pytest.CaptureFixture[str], name: str, why: str) -> None:
        assert self.refused(capsys, name) == f"podium: '{name}' is {why}; choose another name\n"

    def test_a_name_that_is_installed(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(discovery, "entry_points", lambda group: [Point("poll", "podium_poll:plugin", group)])
        assert self.refused(capsys, "poll") == "podium: 'poll' is the plugin of unknown; choose another name\n"

    def test_a_directory_with_something_in_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("podium-poll").mkdir()
        Path("podium-poll/mine.txt").write_text("precious")
        assert self.refused(capsys, "poll").startswith("podium: podium-poll is there already and not empty")
        assert [file.name for file in Path("podium-poll").iterdir()] == ["mine.txt"]

    def test_an_empty_directory_is_taken(self) -> None:
        Path("podium-poll").mkdir()
        assert main(["plugin", "new", "poll"]) == 0

    def test_a_directory_that_cannot_be_written(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("file").write_text("")
        assert main(["plugin", "new", "poll", "--directory", "file/poll"]) == 1
        assert capsys.readouterr().err.startswith("podium: file/poll")
