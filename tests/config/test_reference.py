# SPDX-License-Identifier: Apache-2.0
"""What is written about the settings agrees with them."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from podium.core.config import Config, as_toml, load_config, load_settings, plugin_config, reference
from podium.plugins.recording._config import RecordingConfig
from podium.plugins.scheduling import SchedulingConfig

ROOT = Path(__file__).parents[2]


def test_the_reference_in_the_documentation_is_up_to_date() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text()
    assert written == reference(), "run: podium config reference > docs/configuration.md"


def test_every_key_is_in_the_reference_with_its_variable() -> None:
    text = reference()
    for setting in load_settings(Path("/dev/null")).values():
        assert f"### `{setting.key.path[-1]}`" in text
        assert f"`{setting.key.variable}`" in text
        assert setting.key.description.endswith(".")


def test_the_effective_configuration_can_be_read_back(tmp_path: Path) -> None:
    text = as_toml(load_settings(Path("/dev/null"), {"PODIUM_MEDIA__ANNOUNCED_ADDRESSES": "192.0.2.1,::1"}))
    file = tmp_path / "shown.toml"
    file.write_text(text)
    assert load_config(file).media.announced_addresses == ("192.0.2.1", "::1")


def test_the_effective_configuration_hides_secrets() -> None:
    text = as_toml(load_settings(Path("/dev/null"), {"PODIUM_DATABASE__URL": "postgresql://podium:hunter2@db/podium"}))
    assert "hunter2" not in text
    assert tomllib.loads(text)["database"]["url"] == "(hidden)"


def test_the_example_environment_holds_valid_variables_with_their_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line.removeprefix("#") for line in (ROOT / ".env.example").read_text().splitlines()]
    environment = dict(line.split("=", 1) for line in lines if "=" in line and line[0].isupper())
    assert len(environment) > 5
    config = load_config(environment=environment)
    plugins = msgspec.structs.replace(config.plugins, variables=())
    assert msgspec.structs.replace(config, plugins=plugins) == Config()
    assert plugin_config(config.plugins, "scheduling", SchedulingConfig) == (SchedulingConfig(), ())
    assert plugin_config(config.plugins, "recording", RecordingConfig) == (RecordingConfig(), ())
