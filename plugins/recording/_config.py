# SPDX-License-Identifier: Apache-2.0
"""What can be set under `[plugins.recording]` and `[plugins.recording.film]`."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podium.plugins.recording.composer.settings import CompositionSettings

Role = Literal["instructor", "assistant", "student", "observer"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster"]
"""Slower ones make headers that differ from those of `ultrafast`, which is used when the machine is too busy."""


class FilmConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How films look and sound; films already begun keep to what was set then."""

    width: Annotated[int, Meta(ge=160, le=3840, description="Pixels, a multiple of 16.")] = 1280
    height: Annotated[int, Meta(ge=90, le=2160, description="Pixels, a multiple of 4.")] = 720
    frame_rate: Annotated[int, Meta(ge=5, le=60, description="Pictures in a second.")] = 25
    tiles: Annotated[int, Meta(ge=1, le=16, description="How many people are shown at once at most.")] = 6
    video_codec: Annotated[Literal["libx264"], Meta(description="The encoder: H.264 plays everywhere.")] = "libx264"
    preset: Annotated[
        Preset, Meta(description="How much work the encoder takes upon itself; more makes smaller files.")
    ] = "superfast"
    quality: Annotated[
        int, Meta(ge=1, le=51, description="Constant rate factor of the encoder: smaller is better and larger.")
    ] = 24
    sound_bit_rate: Annotated[int, Meta(ge=32_000, le=320_000, description="Bits of sound in a second.")] = 96_000
    voices: Annotated[int, Meta(ge=1, le=64, description="How many people are heard at one moment at most.")] = 8
    speaker_hold: Annotated[
        float, Meta(ge=0.2, le=30, description="Seconds somebody has to speak to be shown large.")
    ] = 1.5
    font: Annotated[
        str,
        Meta(description="A TrueType file for names. Empty: the font that comes with Pillow, for Latin letters only."),
    ] = ""

    def __post_init__(self) -> None:
        try:
            self.composition()
        except ValueError as error:
            raise ValueError(f"film: {error}") from None
        if self.font:
            _check_file("film.font", self.font)

    def composition(self) -> CompositionSettings:
        """The same as the composer wants it."""
        return CompositionSettings(**{**msgspec.structs.asdict(self), "font": self.font or None})


class RecordingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Recording of classes."""

    enabled: Annotated[
        bool,
        Meta(
            description="Whether the plugin runs at all: without it nothing is recorded, shown or made.",
            extra={"variable": "RECORDING_ENABLED"},
        ),
    ] = True
    timeout: Annotated[
        int,
        Meta(
            ge=1,
            le=604_800,
            description="Seconds that processing after a class may take before an alert is raised.",
            extra={"variable": "RECORDING_TIMEOUT"},
        ),
    ] = 1800
    gcs_bucket: Annotated[
        str,
        Meta(
            pattern=r"^([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])?$",
            description="Google Cloud Storage bucket for recordings. Empty: they are kept in `storage.directory`.",
            extra={"variable": "GCS_BUCKET", "expected": "the name of a bucket, without `gs://`"},
        ),
    ] = ""
    gcs_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._/-]{0,200}$",
            description="A folder in the bucket; names of objects begin with it.",
            extra={"expected": "letters, digits and `._-/`"},
        ),
    ] = ""
    gcs_credentials_file: Annotated[
        str, Meta(description="Key file of a service account. Empty: the credentials that Google's library finds.")
    ] = ""
    gcs_endpoint: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#@]+)?$",
            description="Another address of the storage, such as that of an emulator.",
            extra={"expected": "a URL without a path, such as `http://localhost:4443`"},
        ),
    ] = ""
    automatic: Annotated[
        bool, Meta(description="Whether scheduled classes that are to be recorded begin with it by themselves.")
    ] = True
    ad_hoc: Annotated[bool, Meta(description="Whether rooms without a scheduled session do, too.")] = False
    notice: Annotated[
        str,
        Meta(
            max_length=500,
            description="Told to everybody whose class is being recorded. Empty: nothing is told.",
            extra={"expected": "a text of at most 500 characters"},
        ),
    ] = "This class is being recorded."
    watch_roles: Annotated[
        tuple[Role, ...], Meta(description="Who of a class may watch its recordings, by their role in it.")
    ] = ("instructor", "assistant", "student", "observer")
    keep_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days after which a recording is deleted; 0 for never.")
    ] = 0
    keep_captured_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=87_600,
            description="Hours for which what was captured is kept once the film is there, so that it can be rebuilt.",
        ),
    ] = 72
    link_hours: Annotated[int, Meta(ge=1, le=168, description="Hours for which a link to a recording is good.")] = 12
    idle_seconds: Annotated[
        int, Meta(ge=10, le=3600, description="A recording whose room has been empty for so many seconds is over.")
    ] = 30
    give_up_hours: Annotated[
        int,
        Meta(
            ge=1,
            le=8760,
            description="Hours for which making a film is tried again; then it has failed, and what was captured is "
            "kept.",
        ),
    ] = 72
    composers: Annotated[int, Meta(ge=1, le=64, description="Films that one process makes at the same time.")] = 4
    work: Annotated[
        bool, Meta(description="Whether the host makes films itself; false where `podium recorder` does it.")
    ] = True
    film: FilmConfig = FilmConfig()

    def __post_init__(self) -> None:
        if ".." in self.gcs_prefix.split("/"):
            raise ValueError("gcs_prefix cannot have `..` in it")
        if self.gcs_credentials_file:
            _check_file("gcs_credentials_file", self.gcs_credentials_file)


def _check_file(key: str, path: str) -> None:
    if not Path(path).is_file():
        raise ValueError(f"{key}: there is no file {path}")
