# SPDX-License-Identifier: Apache-2.0
"""Settings of the plugin: their plain variables, what they come to for the composer, and what is said of faults."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from podium.core.config import load_config, plugin_config
from podium.core.plugins.catalog import Catalog
from podium.core.plugins.plugin import Plugin
from podium.plugins.recording._config import FilmConfig, RecordingConfig
from podium.plugins.recording.composer.settings import CompositionSettings
from tests.plugins.stand_ins import found

TABLE = "[plugins.recording]\n"


def judged(tmp_path: Path, text: str = "", environment: dict[str, str] | None = None) -> tuple[Any, tuple[str, ...]]:
    file = tmp_path / "podium.toml"
    file.write_text(TABLE + text)
    return plugin_config(load_config(file, environment).plugins, "recording", RecordingConfig)


def test_the_plain_variables_work(tmp_path: Path) -> None:
    config, problems = judged(tmp_path, "timeout = 5\n", {"GCS_BUCKET": "classes", "RECORDING_TIMEOUT": "60"})
    assert (config.gcs_bucket, config.timeout, problems) == ("classes", 60, ())
    config, _ = judged(tmp_path, "", {"RECORDING_TIMEOUT": "60", "PODIUM_PLUGINS__RECORDING__TIMEOUT": "70"})
    assert config.timeout == 70


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("RECORDING_ENABLED", "maybe", "enabled: expected true or false, found `maybe`"),
        ("RECORDING_TIMEOUT", "0", "timeout: expected a whole number from 1 to 604800, found `0`"),
        ("GCS_BUCKET", "gs://x", "gcs_bucket: expected the name of a bucket, without `gs://`, found `gs://x`"),
    ],
)
def test_a_wrong_plain_variable_concerns_the_plugin_alone(tmp_path: Path, name: str, value: str, problem: str) -> None:
    _, problems = judged(tmp_path, "", {name: value})
    assert problems == (f"environment variable {name}: plugins.recording.{problem}",)
    config = load_config(Path("/dev/null"), {name: value})
    entry = Catalog(config.plugins, found(Plugin("recording", version="1.0", config=RecordingConfig))).entries
    assert (entry["recording"].enabled, entry["recording"].problems) == (False, ())


@pytest.mark.parametrize(("word", "enabled"), [("true", True), ("false", False)])
def test_a_variable_switches_the_plugin_off(tmp_path: Path, word: str, enabled: bool) -> None:
    file = tmp_path / "podium.toml"
    file.write_text(TABLE)
    installed = found(Plugin("recording", version="1.0", config=RecordingConfig))
    catalog = Catalog(load_config(file, {"RECORDING_ENABLED": word}).plugins, installed)
    assert (catalog.entries["recording"].enabled, bool(catalog.runnable)) == (enabled, enabled)
    entry = catalog.enable("recording")  # by an administrator, while the host runs
    assert entry.enabled
    assert entry.config.enabled


def test_the_film_is_made_as_the_composer_makes_it_by_default() -> None:
    assert FilmConfig().composition() == CompositionSettings()


def test_what_is_set_about_the_film_reaches_the_composer(tmp_path: Path) -> None:
    font = tmp_path / "names.ttf"
    font.touch()
    config, problems = judged(tmp_path, f"[plugins.recording.film]\nwidth = 640\nheight = 360\nfont = '{font}'\n")
    assert problems == ()
    assert config.film.composition() == CompositionSettings(width=640, height=360, font=str(font))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plugins.recording.film]\nwidth = 1281\n", "plugins.recording: film: width must be a multiple of 16"),
        ("[plugins.recording.film]\nvideo_codec = 'theora'\n", "film.video_codec: expected one of `libx264`"),
        ("[plugins.recording.film]\nfont = '/nowhere.ttf'\n", "film.font: there is no file /nowhere.ttf"),
        ("gcs_credentials_file = '/nowhere.json'\n", "gcs_credentials_file: there is no file /nowhere.json"),
        ("gcs_prefix = 'a/../b'\n", "gcs_prefix cannot have `..` in it"),
        ("gcs_endpoint = 'localhost'\n", "expected a URL without a path"),
        ("watch_roles = ['teacher']\n", "each one of `instructor`, `assistant`, `student`, `observer`"),
        ("idle_seconds = 5\n", "expected a whole number from 10 to 3600"),
        (f"notice = '{'x' * 501}'\n", "expected a text of at most 500 characters"),
    ],
)
def test_faults_are_told_where_the_settings_are_read(tmp_path: Path, text: str, said: str) -> None:
    config, problems = judged(tmp_path, text)
    assert config is None
    assert len(problems) == 1
    assert said in problems[0]


def test_every_setting_is_described() -> None:
    for kind in (RecordingConfig, FilmConfig):
        for field in msgspec.structs.fields(kind):
            if field.name != "film":
                (meta,) = [each for each in field.type.__metadata__ if each.description]
                assert meta.description.endswith(".")
