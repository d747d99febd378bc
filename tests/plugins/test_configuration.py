# SPDX-License-Identifier: Apache-2.0
"""Tables of plugins: what enables, what the struct accepts, and that faults read like Podium's own."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from podium.core.config import enabled_plugins, load_config, plugin_config
from tests.plugins.stand_ins import config_of


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=9)] = 3
    ratio: float = 0.5
    names: tuple[str, ...] = ()
    key: Annotated[str, Meta(extra={"secret": True})] = ""
    window: Annotated[int, Meta(ge=0, extra={"variable": "WINDOW_MINUTES"})] = 10


class Demanding(msgspec.Struct, frozen=True, kw_only=True):
    address: str


def judged(tmp_path: Path, text: str, struct: type[msgspec.Struct] | None = Settings) -> tuple[Any, tuple[str, ...]]:
    return plugin_config(config_of(tmp_path, text).plugins, "mine", struct)


def test_a_table_enables_be_it_empty_and_enabled_false_takes_it_back(tmp_path: Path) -> None:
    text = "[plugins.a]\n[plugins.b]\nlimit = 1\n[plugins.c]\nenabled = false\n[plugins.d]\nenabled = 1\n"
    enabled = enabled_plugins(config_of(tmp_path, text).plugins)
    assert enabled == {
        "a": (),
        "b": (),
        "d": (f"{tmp_path}/podium.toml:7: plugins.d.enabled: expected true or false, found `1`",),
    }


def test_values_come_from_the_file_and_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "podium.toml"
    file.write_text('[plugins.mine]\nenabled = true\nlimit = 4\nnames = ["a", "b"]\n')
    config = load_config(file, {"PODIUM_PLUGINS__MINE__LIMIT": "5", "PODIUM_PLUGINS__MINE__RATIO": "0.25"})
    assert plugin_config(config.plugins, "mine", Settings) == (Settings(limit=5, ratio=0.25, names=("a", "b")), ())


def test_a_secret_may_be_in_a_file_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hunter2\n")
    config = config_of(tmp_path, f'[plugins.mine]\nkey_file = "{tmp_path}/key"\n')
    value, problems = plugin_config(config.plugins, "mine", Settings)
    assert (value.key, problems) == ("hunter2", ())
    _, problems = judged(tmp_path, "[plugins.mine]\nkey = 5\n")
    assert problems == (f"{tmp_path}/podium.toml:2: plugins.mine.key: expected a text, found something else",)
    assert "hunter2" not in repr(config_of(tmp_path, '[plugins.mine]\nkey = "hunter2"\n'))


def test_a_plain_variable_sets_a_key_between_the_file_and_the_long_name(tmp_path: Path) -> None:
    file = tmp_path / "podium.toml"
    file.write_text("[plugins.mine]\nwindow = 5\n")
    plain = {"WINDOW_MINUTES": "15"}
    long = {"PODIUM_PLUGINS__MINE__WINDOW": "20"}
    for environment, expected in (({}, 5), (plain, 15), (plain | long, 20), ({"WINDOW_MINUTES": ""}, 5)):
        value, problems = plugin_config(load_config(file, environment).plugins, "mine", Settings)
        assert (value.window, problems) == (expected, ())


def test_a_wrong_plain_variable_is_named_and_enables_nothing() -> None:
    config = load_config(environment={"WINDOW_MINUTES": "soon"})
    assert enabled_plugins(config.plugins) == {}
    assert plugin_config(config.plugins, "mine", Settings)[1] == (
        "environment variable WINDOW_MINUTES: plugins.mine.window: expected a whole number not below 0, found `soon`",
    )
    assert "soon" not in repr(config)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("limit = 10", "plugins.mine.limit: expected a whole number from 1 to 9, found `10`"),
        ('ratio = "x"', 'plugins.mine.ratio: expected a number, found `"x"`'),
        ("lmit = 1", "plugins.mine.lmit: there is no such key; the nearest is plugins.mine.limit"),
        ('names = "a"', 'plugins.mine.names: expected a list without repetition, each a text, found `"a"`'),
    ],
)
def test_faults_read_like_those_of_podiums_own_settings(tmp_path: Path, line: str, message: str) -> None:
    value, problems = judged(tmp_path, f"[plugins.mine]\n{line}\n")
    assert (value, problems) == (None, (f"{tmp_path}/podium.toml:2: {message}",))


def test_a_required_key_that_is_missing_is_named(tmp_path: Path) -> None:
    assert judged(tmp_path, "[plugins.mine]\n", Demanding) == (
        None,
        ("plugins.mine.address: is missing; expected a text",),
    )


def test_a_plugin_without_settings_takes_none(tmp_path: Path) -> None:
    assert judged(tmp_path, "[plugins.mine]\nenabled = true\n", None) == (None, ())
    assert "there is no such key; plugins.mine has none" in judged(tmp_path, "[plugins.mine]\nlimit = 1\n", None)[1][0]
