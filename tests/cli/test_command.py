# SPDX-License-Identifier: Apache-2.0
"""`podium PLUGIN COMMAND`: found, given what it needs, and its end told by the exit status."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from sqlalchemy import func, select

from podium.core import CommandContext, Plugin, PluginError, PodiumError
from podium.core.plugins import discovery
from podium.core.plugins.commands import CORE_COMMANDS
from podium.hosts.cli import _parser, main
from tests.data.histories import MAKE_BOOKS, MAKE_LOANS, Histories, library
from tests.plugins.stand_ins import Point


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    separator: str = ";"


def add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=10)


def plugin_with_alias(name: str = "recording", alias: str = "recorder") -> Plugin:
    plugin = Plugin(name, version="1.0", config=Settings)

    @plugin.command(alias=alias, arguments=add_limit)
    async def work(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        """Work until 100% is done."""
        print(context.name, context.config.separator, arguments.limit)
        return 4

    return plugin


def plugin_with_commands() -> Plugin:
    plugin = Plugin("attendance", version="1.2", config=Settings)

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("session_id", help="which session, 100%% of it")
        parser.add_argument("--limit", type=int, default=10)

    @plugin.command(arguments=add_arguments)
    async def export(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        """Print who was there, 100% of them."""
        await trio.lowlevel.checkpoint()
        print(context.name, context.config.separator, arguments.session_id, arguments.limit, context.database)
        return None

    @plugin.command
    async def count_all(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        context.log.info("counting", rows=3)
        return 3

    @plugin.command
    async def folder(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        print(context.directory, context.directory.exists())
        return None

    @plugin.command
    async def refuse(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        raise PodiumError("session_unknown", "there is no such session")

    @plugin.command
    async def crash(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        raise ValueError("my fault")

    return plugin


@pytest.fixture(autouse=True)
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PODIUM_CONFIG", raising=False)
    points = [
        Point.to("attendance", plugin_with_commands()),
        Point.to("quiet", Plugin("quiet", version="1.0")),
        Point.to("broken", ImportError("no module named 'nothing'")),
    ]
    monkeypatch.setattr(discovery, "entry_points", lambda group: points if group == "podium.plugins" else [])
    monkeypatch.setattr("podium.hosts.cli._command.configure_logging", lambda config: None)  # stays on after the test
    Path("podium.toml").write_text("[plugins.attendance]\nseparator = '|'\n[plugins.quiet]\n[plugins.broken]\n")
    return points


def test_a_command_gets_its_arguments_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attendance", "export", "algebra", "--limit", "3"]) == 0
    assert capsys.readouterr().out == "attendance | algebra 3 None\n"


def test_the_configuration_may_be_another_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.toml").write_text("[plugins.attendance]\nseparator = '+'\n")
    assert main(["attendance", "export", "--config", "other.toml", "algebra"]) == 0
    assert "attendance + algebra" in capsys.readouterr().out


def test_a_command_has_the_folder_that_the_host_gives_its_plugin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["attendance", "folder"]) == 0
    monkeypatch.setenv("PODIUM_STORAGE__DIRECTORY", "elsewhere")
    assert main(["attendance", "folder"]) == 0
    assert capsys.readouterr().out == "var/storage/attendance False\nelsewhere/attendance False\n"


def test_what_a_command_returns_is_the_status() -> None:
    assert main(["attendance", "count-all"]) == 3


def test_a_refusal_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attendance", "refuse"]) == 1
    assert capsys.readouterr().err == "podium: there is no such session\n"


def test_a_fault_is_logged_with_its_traceback(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["attendance", "crash"]) == 1
    assert capsys.readouterr().err == "podium: attendance crash: ValueError: my fault\n"
    assert "my fault" in caplog.text


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    return capsys.readouterr().err


def test_an_unknown_word_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(["atendance"], capsys)
    assert "usage: podium" in err
    assert "invalid choice: 'atendance' (choose from serve, config, db, plugins, plugin, key" in err
    assert "plugins with commands: attendance)" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["attendance"], "the following arguments are required: command"),
        (["attendance", "exprot"], "invalid choice: 'exprot'"),
        (["attendance", "export", "algebra", "--limit", "x"], "podium attendance export: error: argument --limit"),
        (["quiet", "export"], "plugin 'quiet' has no commands"),
    ],
)
def test_wrong_arguments_end_with_status_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refused(words, capsys)


def test_a_plugin_that_is_not_enabled_is_told_how(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("")
    assert "a table [plugins.attendance] in podium.toml enables it" in refused(["attendance", "export"], capsys)


def test_a_plugin_that_is_switched_off_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("podium.toml").write_text("[plugins.attendance]\nenabled = false\n")
    err = refused(["attendance", "export"], capsys)
    assert "plugin 'attendance' is switched off by its setting `enabled`" in err


def test_a_plugin_that_cannot_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["broken", "mend"]) == 1
    assert "podium: plugin broken: broken_plugin:plugin cannot be imported" in capsys.readouterr().err


def test_help_lists_commands_with_their_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in ((["attendance", "--help"], "100% of them"), (["attendance", "export", "--help"], "--config")):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 0
        assert said in capsys.readouterr().out


def test_help_of_podium_mentions_plugins_and_imports_none(
    points: list[Point], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Point, "load", lambda point: pytest.fail(f"{point.name} was imported"))
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "podium PLUGIN COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["config", "serve"])
def test_podiums_own_commands_win(name: str, points: list[Point], capsys: pytest.CaptureFixture[str]) -> None:
    points.append(Point.to(name, Plugin(name, version="1.0")))
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert f"usage: podium {name}" in capsys.readouterr().out


class TestAliases:
    @pytest.fixture(autouse=True)
    def recording(self, points: list[Point]) -> None:
        points.append(Point.to("recording", plugin_with_alias()))
        Path("podium.toml").write_text("[plugins.attendance]\n[plugins.recording]\nseparator = '|'\n")

    def test_a_command_is_reached_by_either_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["recorder", "--limit", "3", "--config", "podium.toml"]) == 4
        assert main(["recording", "work", "--limit", "3"]) == 4
        assert capsys.readouterr().out == "recording | 3\n" * 2

    def test_help_is_that_of_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        for words, said in (
            (["recorder", "--help"], ("usage: podium recorder ", "Work until 100% is done.", "--limit", "--config")),
            (["recording", "--help"], ("Work until 100% is done. (also: podium recorder)",)),
            (["--help"], ("says which are commands of `podium` as well",)),
        ):
            with pytest.raises(SystemExit) as caught:
                main(words)
            assert caught.value.code == 0
            out = " ".join(capsys.readouterr().out.split())
            assert [each for each in said if each not in out] == []

    def test_wrong_arguments_and_unknown_words_end_with_status_2(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "podium recorder: error: argument --limit" in refused(["recorder", "--limit", "x"], capsys)
        err = refused(["recorders"], capsys)
        assert "plugins with commands: attendance, recording; of plugins: recorder)" in err

    def test_a_plugin_that_cannot_run_says_why(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("podium.toml").write_text("[plugins.recording]\nseprator = 1\n")
        assert main(["recorder"]) == 1
        assert "podium: plugin recording: podium.toml:2: plugins.recording.seprator" in capsys.readouterr().err

    def test_of_two_plugins_with_the_same_none_is_taken(
        self, points: list[Point], capsys: pytest.CaptureFixture[str]
    ) -> None:
        points.append(Point.to("taping", plugin_with_alias("taping")))
        with Path("podium.toml").open("a") as file:
            file.write("[plugins.taping]\n")
        err = refused(["recorder"], capsys)
        assert "could be `podium recording work` or `podium taping work`; say which" in err

    def test_the_name_of_a_plugin_wins(self, points: list[Point], capsys: pytest.CaptureFixture[str]) -> None:
        points.append(Point.to("recorder", Plugin("recorder", version="1.0")))
        err = refused(["recorder"], capsys)
        assert "the command with this alias is `podium recording work`" in err
        assert "plugin 'recorder' is installed but not enabled" in err

    @pytest.mark.parametrize(
        ("alias", "why"),
        [
            ("serve", "is a command of Podium's own"),
            ("recording", "is the name of the plugin"),
            ("Recorder", "has to be 1 to 32 characters"),
            ("a-b", "has to be 1 to 32 characters"),
        ],
    )
    def test_an_alias_that_cannot_be_is_refused(self, alias: str, why: str) -> None:
        with pytest.raises(PluginError, match=f"command work: the alias '{alias}' {why}"):
            plugin_with_alias(alias=alias)

    def test_an_alias_belongs_to_one_command(self) -> None:
        plugin = plugin_with_alias()
        with pytest.raises(PluginError, match="declares the alias 'recorder' twice"):

            @plugin.command(alias="recorder")
            async def other(context: CommandContext, arguments: argparse.Namespace) -> int | None: ...

    def test_podiums_own_commands_are_known_where_aliases_are_declared(self) -> None:
        assert tuple(_parser()[1]) == CORE_COMMANDS


WAITING = '''
import argparse
import trio
from podium.core import CommandContext, Plugin

plugin = Plugin("waiting", version="1.0")

@plugin.command
async def until_ended(context: CommandContext, arguments: argparse.Namespace) -> None:
    """Wait."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold)

@plugin.command
async def stubborn(context: CommandContext, arguments: argparse.Namespace) -> None:
    """Never end by oneself."""
    print("begun", flush=True)
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()

async def hold() -> None:
    try:
        print("begun", flush=True)
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0)
        print("put in order", flush=True)
'''


class TestSignals:
    @contextmanager
    def started(self, directory: Path, command: str) -> Iterator[subprocess.Popen[str]]:
        """`podium waiting COMMAND` in a process of its own, once it has begun."""
        (directory / "waiting.py").write_text(WAITING)
        metadata = directory / "waiting-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: waiting\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text("[podium.plugins]\nwaiting = waiting:plugin\n")
        (directory / "podium.toml").write_text("[plugins.waiting]\n")
        path = os.pathsep.join(filter(None, (str(directory), os.environ.get("PYTHONPATH"))))
        with subprocess.Popen(
            [sys.executable, "-m", "podium.hosts.cli", "waiting", command],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "begun\n"
                yield process
            finally:
                process.kill()

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
    def test_a_command_is_canceled_and_puts_in_order(self, tmp_path: Path, number: signal.Signals, status: int) -> None:
        with self.started(tmp_path, "until-ended") as process:
            process.send_signal(number)
            assert process.communicate(timeout=30) == ("put in order\n", "")
            assert process.returncode == status

    def test_a_second_signal_ends_what_does_not_let_itself_be_canceled(self, tmp_path: Path) -> None:
        with self.started(tmp_path, "stubborn") as process:
            while process.poll() is None:  # two signals at once may be told as one
                process.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
            assert process.returncode == -signal.SIGTERM


def test_a_command_of_a_plugin_with_tables_gets_its_database(
    points: list[Point], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = library()
    migrations = Histories(tmp_path, monkeypatch).write(MAKE_BOOKS, MAKE_LOANS)
    plugin = Plugin("library", version="1.0", tables=tables, migrations=migrations)

    @plugin.command
    async def count_books(context: CommandContext, arguments: argparse.Namespace) -> int | None:
        question = select(func.count()).select_from(tables.tables["library_books"])
        print(await context.database.run(lambda session: session.scalar(question)), "books")
        return 0

    points.append(Point.to("library", plugin))
    Path("podium.toml").write_text(f"[database]\nurl = 'sqlite:///{tmp_path}/podium.db'\n[plugins.library]\n")
    assert main(["library", "count-books"]) == 0
    assert capsys.readouterr().out == "0 books\n"


def test_a_command_is_an_async_function_of_context_and_arguments() -> None:
    async def too_little(context: CommandContext) -> None: ...

    def synchronous(context: CommandContext, arguments: argparse.Namespace) -> None: ...

    functions: list[Any] = [too_little, synchronous]
    for function in functions:
        with pytest.raises(PluginError, match="has to be an `async def` function of \\(context, arguments\\)"):
            Plugin("attendance", version="1.0").command(function)
