# SPDX-License-Identifier: Apache-2.0
"""Loading: which source wins, what a value may be, and what is said of a fault."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.config import Config, ConfigError, load_config, load_settings

Write = Callable[[str], Path]

PORT = "a whole number from 0 to 65535"
PORTS = "a range of ports such as `50000-50100`, one port, or `0`"
CODECS = "expected a list without repetition, each one of `VP8`, `H264`, `VP9`, `AV1`"
WORKERS = "expected at most one worker for each port"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes ./podium.toml of an otherwise empty working directory."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        Path("podium.toml").write_text(text)
        return Path("podium.toml")

    return write


def problems(file: Path | None = None, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(file, environment)
    return list(caught.value.problems)


class TestWhichSourceWins:
    def test_nothing_given_is_all_defaults(self, write: Write) -> None:
        assert load_config() == Config()

    def test_the_file_in_the_working_directory_is_read(self, write: Write) -> None:
        write("[web]\nport = 9000")
        assert load_config().web.port == 9000

    def test_the_file_that_the_environment_names_comes_before_it(self, write: Write, tmp_path: Path) -> None:
        write("[web]\nport = 9000")
        other = tmp_path / "other.toml"
        other.write_text("[web]\nport = 9001")
        assert load_config(environment={"PODIUM_CONFIG": str(other)}).web.port == 9001

    def test_the_file_on_the_command_line_comes_before_both(self, write: Write, tmp_path: Path) -> None:
        write("[web]\nport = 9000")
        other = tmp_path / "other.toml"
        other.write_text("[web]\nport = 9001")
        assert load_config(other, {"PODIUM_CONFIG": "podium.toml"}).web.port == 9001

    def test_the_environment_overrides_the_file(self, write: Write) -> None:
        write("[web]\nport = 9000\nhost = 'a'")
        config = load_config(environment={"PODIUM_WEB__PORT": "9002"})
        assert (config.web.port, config.web.host) == (9002, "a")

    def test_a_full_name_overrides_a_plain_one(self, write: Write) -> None:
        environment = {"MAX_PARTICIPANTS": "5", "PODIUM_ROOMS__MAX_PARTICIPANTS": "6"}
        assert load_config(environment=environment).rooms.max_participants == 6

    def test_defaults_of_a_command_are_the_weakest(self, write: Write) -> None:
        write("[web]\nport = 9000")
        config = load_config(defaults={"web.port": 1, "rooms.ad_hoc": True})
        assert (config.web.port, config.rooms.ad_hoc) == (9000, True)

    def test_the_origin_of_each_value_is_known(self, write: Write) -> None:
        write("[web]\n\nport = 9000")
        settings = load_settings(environment={"MAX_PARTICIPANTS": "7"})
        assert settings["web", "port"].origin == "podium.toml:3"
        assert settings["rooms", "max_participants"].origin == "environment variable MAX_PARTICIPANTS"
        assert settings["grpc", "port"].origin == "default"


class TestTheEnvironment:
    def test_lists_are_separated_by_commas(self, write: Write) -> None:
        media = load_config(environment={"PODIUM_MEDIA__VIDEO_CODECS": "VP9, VP8"}).media
        assert media.video_codecs == ("VP9", "VP8")

    @pytest.mark.parametrize("word", ["true", "True", "1", "yes", "ON"])
    def test_truth_has_several_words(self, write: Write, word: str) -> None:
        assert load_config(environment={"PODIUM_ROOMS__AD_HOC": word}).rooms.ad_hoc

    def test_an_empty_variable_is_not_set(self, write: Write) -> None:
        assert load_config(environment={"MAX_PARTICIPANTS": "", "PODIUM_WEB__PRT": ""}) == Config()

    def test_variables_of_others_are_left_alone(self, write: Write) -> None:
        config = load_config(environment={"PODIUM_DEBUG_BUILD": "1", "PORT": "x", "podium_web__x": "y"})
        assert config.plugins.variables == (("PORT", "x"), ("podium_web__x", "y"))  # one may be a plugin's plain name
        plugins = msgspec.structs.replace(config.plugins, variables=())
        assert msgspec.structs.replace(config, plugins=plugins) == Config()


class TestWhatIsSaidOfAFault:
    @pytest.mark.parametrize(
        ("text", "place", "complaint"),
        [
            ("[web]\nprot = 1", "2: web.prot", "there is no such key; the nearest is web.port"),
            ("[wbe]\nport = 1", "2: wbe.port", "there is no such key; the nearest is web.port"),
            ("web = {prot = 1}", "1: web.prot", "there is no such key; the nearest is web.port"),
            ("web.prot = 1", "1: web.prot", "there is no such key; the nearest is web.port"),
            ("ad_hoc = true", "1: ad_hoc", "there is no such key; the nearest is rooms.ad_hoc"),
            ("web = 3", "1: web", "expected a table with keys in it, found `3`"),
            ("[web.port]\nx = 1", "1: web.port", f"expected {PORT}, found a table"),
            ("[web]\nport = '80'", "2: web.port", f'expected {PORT}, found `"80"`'),
            ("[web]\nport = 1.5", "2: web.port", f"expected {PORT}, found `1.5`"),
            ("[web]\nport = true", "2: web.port", f"expected {PORT}, found `true`"),
            ("[web]\nhost = ''", "2: web.host", 'expected a text that is not empty, found `""`'),
            ("[rooms]\nad_hoc = 1", "2: rooms.ad_hoc", "expected true or false, found `1`"),
            ("[media]\nports = '9-8'", "2: media.ports", f'expected {PORTS}, found `"9-8"`'),
            ("[media]\naddress = 'x'", "2: media.address", 'expected an IPv4 or IPv6 address, found `"x"`'),
            (
                "[media]\nvideo_codecs = ['H264', 'H264']",
                "2: media.video_codecs",
                f'{CODECS}, found `["H264", "H264"]`',
            ),
            ("[media]\nvideo_codecs = []", "2: media.video_codecs", f"{CODECS}, found `[]`"),
            ("[media]\nports = '7-8'\nworkers = 3", "3: media.workers", f"{WORKERS} of media.ports (2), found 3"),
            ("[log]\nformat = 'xml'", "2: log.format", 'expected one of `json`, `text`, found `"xml"`'),
        ],
    )
    def test_it_names_place_key_expectation_and_finding(
        self, write: Write, text: str, place: str, complaint: str
    ) -> None:
        assert problems(write(text)) == [f"podium.toml:{place}: {complaint}"]

    @pytest.mark.parametrize(
        ("name", "value", "problem"),
        [
            ("PODIUM_WEB__PRT", "1", "web.prt: there is no such key; the nearest is PODIUM_WEB__PORT"),
            ("PODIUM_ROOMS__WEB__PORT", "1", "rooms.web.port: there is no such key; the nearest is PODIUM_WEB__PORT"),
            ("PODIUM_WEB__PORT", "8o", "web.port: expected a whole number from 0 to 65535, found `8o`"),
            ("MAX_PARTICIPANTS", "0", "rooms.max_participants: expected a whole number from 1 to 100000, found `0`"),
        ],
    )
    def test_it_names_the_variable(self, write: Write, name: str, value: str, problem: str) -> None:
        assert problems(environment={name: value}) == [f"environment variable {name}: {problem}"]

    def test_all_faults_are_told_at_once(self, write: Write) -> None:
        file = write("[web]\nprot = 1\nport = 'x'\n[log]\nlevel = 1")
        assert len(problems(file, {"MAX_PARTICIPANTS": "x"})) == 4

    def test_an_overridden_fault_is_still_a_fault(self, write: Write) -> None:
        assert len(problems(write("[web]\nport = 'x'"), {"PODIUM_WEB__PORT": "80"})) == 1

    def test_a_missing_file_is_named(self, write: Write) -> None:
        assert problems(Path("absent.toml")) == ["absent.toml: cannot be read: No such file or directory"]

    def test_a_line_that_is_not_toml_is_named(self, write: Write) -> None:
        (problem,) = problems(write("[web]\nport = =\n"))
        assert problem.startswith("podium.toml: is not valid TOML: ")
        assert "line 2" in problem

    def test_bytes_that_are_not_text_are_refused(self, write: Write) -> None:
        file = write("")
        file.write_bytes(b"\xff\xfe")
        (problem,) = problems(file)
        assert problem.startswith("podium.toml: is not valid TOML: ")


class TestSecrets:
    def test_a_secret_can_be_read_from_a_file(self, write: Write, tmp_path: Path) -> None:
        secret = tmp_path / "url"
        secret.write_text("postgresql://db/podium\n")
        write(f"[database]\nurl_file = '{secret}'")
        assert load_config().database.url == "postgresql://db/podium"
        Path("podium.toml").unlink()
        assert (
            load_config(environment={"PODIUM_DATABASE__URL_FILE": str(secret)}).database.url == "postgresql://db/podium"
        )

    def test_a_secret_given_twice_is_refused(self, write: Write) -> None:
        Path("url").write_text("sqlite:///a.db")
        file = write("[database]\nurl = 'sqlite:///b.db'\nurl_file = 'url'")
        assert problems(file) == [
            "podium.toml:3: database.url_file: database.url is given as well; keep one of the two"
        ]

    def test_a_missing_secret_is_named(self, write: Write) -> None:
        file = write("[database]\nurl_file = 'absent'")
        assert problems(file) == ["podium.toml:2: database.url_file: cannot read absent: No such file or directory"]

    def test_the_path_of_a_secret_is_text(self, write: Write) -> None:
        file = write("[database]\nurl_file = 1")
        assert problems(file) == ["podium.toml:2: database.url_file: expected the path of a file, found `1`"]

    def test_a_wrong_secret_is_not_shown(self, write: Write) -> None:
        (problem,) = problems(environment={"PODIUM_DATABASE__URL": "hunter2"})
        assert "hunter2" not in problem


@given(st.text())
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text(text, encoding="utf-8", newline="")
    with contextlib.suppress(ConfigError):
        load_config(file, {})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["web", "port", "media", "ports", "x"]), inner),
)


@given(VALUES)
def test_no_value_breaks_a_key(value: object) -> None:
    for name in ("web.port", "media.ports", "media.announced_addresses", "rooms.ad_hoc", "log.level", "database.url"):
        with contextlib.suppress(ConfigError):
            load_config(Path("/dev/null"), {}, defaults={name: value})
