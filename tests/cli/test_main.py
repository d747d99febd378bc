# SPDX-License-Identifier: Apache-2.0
"""The command line: what each command prints, where, and its exit status."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from podium.hosts.cli import main


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PODIUM_CONFIG", raising=False)


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"podium {version('podium')}\n"


@pytest.mark.parametrize("arguments", [[], ["sevre"], ["config"], ["serve", "--prot", "1"]])
def test_wrong_arguments_end_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: podium" in capsys.readouterr().err


def test_a_valid_configuration_passes_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[web]\nport = 9000\n")
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == "The configuration is valid.\n"


@pytest.mark.parametrize("command", [["config", "check"], ["config", "show"], ["serve"], ["serve", "--dev"]])
def test_a_wrong_configuration_ends_with_status_2_and_its_faults(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.toml").write_text("[web]\nprot = 9000\nhost = 1\n")
    assert main([*command, "--config", "other.toml"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "podium: other.toml:2: web.prot: there is no such key; the nearest is web.port\n"
        "podium: other.toml:3: web.host: expected a text that is not empty, found `1`\n"
    )


def test_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MAX_PARTICIPANTS", "many")
    assert main(["config", "check"]) == 2
    assert "environment variable MAX_PARTICIPANTS" in capsys.readouterr().err


def test_show_prints_what_is_in_effect(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MAX_PARTICIPANTS", "7")
    assert main(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert tomllib.loads(out)["rooms"]["max_participants"] == 7
    assert "max_participants = 7  # environment variable MAX_PARTICIPANTS" in out


def test_the_reference_needs_no_valid_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("nonsense")
    assert main(["config", "reference"]) == 0
    assert "# Configuration" in capsys.readouterr().out
