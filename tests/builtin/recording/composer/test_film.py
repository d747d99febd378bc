# SPDX-License-Identifier: Apache-2.0
"""A class of two, captured and made into a film; the film is decoded and looked at and listened to."""

from collections.abc import Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from podium.plugins.recording.composer.composing import Composer
from podium.plugins.recording.composer.segments import Index, SegmentStore, film, read_index
from podium.plugins.recording.composer.settings import CompositionSettings
from podium.plugins.recording.mp4 import Joined
from podium.plugins.recording.reading import open_class
from podium.plugins.recording.verify import BrokenFilmError, verify
from tests.builtin.recording.filming import Drawing, Filming, Gray, moving, slide, tone
from tests.builtin.recording.stand_ins import ANN, BOB

SETTINGS = CompositionSettings(width=640, height=360)
LENGTH = 18.0
FLASH = (3.0, 3.2)
ANNS, BOBS = moving(1, FLASH), moving(2)
SLIDE = slide("The quick brown fox")
LARGE = (0, 0, 512, 360)
"""Where the large picture is when there are others: left, top, right, bottom."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann speaks, then Bob, then Ann shows her screen. Her pictures arrive 0.15 seconds later than her voice."""
    filming = Filming(tmp_path_factory.mktemp("capture"))
    capture = filming.studio.capture
    capture.participant_joined(ANN)
    filming.camera(ANN, ANNS, (0.2, LENGTH), delay=0.2)
    voice, beep = tone(440, times=[(1, 5), (10, 14)]), tone(1760, times=[FLASH], level=0.5)
    filming.microphone(ANN, lambda moments: voice(moments) + beep(moments), (0.2, LENGTH), delay=0.05)
    filming.now(1.0)
    capture.participant_joined(BOB)
    filming.camera(BOB, BOBS, (1.0, LENGTH))
    filming.microphone(BOB, tone(880, times=[(5, 9)]), (1.0, LENGTH))
    filming.now(1.2)
    capture.speaking("ann")
    filming.now(5.2)
    capture.speaking("bob")
    filming.now(10.0)
    capture.speaking("ann")
    filming.screen(ANN, SLIDE, (10.0, LENGTH))
    filming.now(LENGTH)
    filming.studio.finish()
    return filming.studio.folder


@pytest.fixture(scope="module")
def made(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("film")
    make(recording, out)
    return out


def make(recording: Path, out: Path, settings: CompositionSettings = SETTINGS) -> list[float]:
    with SegmentStore(out, settings) as store, open_class(recording) as captured:
        composer = Composer(captured, store)
        try:
            return [segment.ticks / settings.frame_rate for segment in composer.advance(final=True)]
        finally:
            composer.close()


def index_of(folder: Path) -> Index:
    index = read_index(folder)
    assert index is not None
    return index


@pytest.fixture
def container(made: Path) -> Iterator[av.container.InputContainer]:
    with Joined(*film(made, index_of(made))) as joined, av.open(joined, "r") as container:
        yield container


def picture_at(container: av.container.InputContainer, time: float) -> Gray:
    container.seek(round(time * 1e6))
    for frame in container.decode(video=0):
        assert frame.time is not None
        if frame.time >= time - 0.001:
            return frame.to_ndarray(format="gray").astype(np.uint8)
    raise AssertionError("behind the end")


def likeness(picture: Gray, source: Gray) -> float:
    """Correlation with a source that is scaled to fit and in the middle."""
    height, width = picture.shape
    scale = min(width / source.shape[1], height / source.shape[0])
    size = round(source.shape[1] * scale), round(source.shape[0] * scale)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    scaled = np.asarray(Image.fromarray(source).resize(size, Image.Resampling.BICUBIC))
    found = picture[top : top + size[1], left : left + size[0]]
    return float(np.corrcoef(found.ravel(), scaled.ravel())[0, 1])


def large(picture: Gray) -> Gray:
    left, top, right, bottom = LARGE
    return picture[top:bottom, left:right]


def sound_of(container: av.container.InputContainer) -> npt.NDArray[np.float32]:
    container.seek(0)
    return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def strength(sound: npt.NDArray[np.float32], frequency: float, start: float, end: float) -> float:
    """The amplitude of a tone."""
    part = sound[round(start * 48_000) : round(end * 48_000)]
    return float(2 * abs(np.mean(part * np.exp(-2j * np.pi * frequency * np.arange(len(part)) / 48_000))))


def test_it_lasts_as_long_as_the_class(made: Path, container: av.container.InputContainer) -> None:
    index = index_of(made)
    assert index.complete
    assert [segment.ticks for segment in index.segments] == [200, 200, 50]
    assert {segment.step for segment in index.segments} == {"full"}
    verified = verify(made, index, LENGTH)
    assert verified.duration == pytest.approx(LENGTH, abs=0.2)
    frames = [frame.time for frame in container.decode(video=0)]
    assert frames == pytest.approx([number / 25 for number in range(450)], abs=1e-6)
    sound = sound_of(container)
    assert len(sound) / 48_000 == pytest.approx(LENGTH, abs=0.03)


@pytest.mark.parametrize(
    ("time", "drawing", "other"),
    [(2.0, ANNS, BOBS), (4.9, ANNS, BOBS), (5.6, BOBS, ANNS), (9.8, BOBS, ANNS)],
)
def test_who_speaks_is_large(
    container: av.container.InputContainer, time: float, drawing: Drawing, other: Drawing
) -> None:
    picture = large(picture_at(container, time))
    assert max(likeness(picture, drawing(time - late / 30)) for late in range(5)) > 0.95
    assert max(likeness(picture, other(time - late / 30)) for late in range(5)) < 0.5


def test_a_shared_screen_is_large_and_legible(container: av.container.InputContainer) -> None:
    for time in (10.6, 13.0, 17.9):
        assert likeness(large(picture_at(container, time)), SLIDE(time)) > 0.95


def test_the_speaker_is_beside_the_screen_and_others_below(container: av.container.InputContainer) -> None:
    """Tiles of 128x72 in the column, less the gap between them."""
    picture = picture_at(container, 12.0)
    for row, drawing in enumerate((ANNS, BOBS)):
        tile = picture[110 + row * 72 : 110 + row * 72 + 68, 514:638]
        sources = [drawing(12.0 - late / 30)[17:103] for late in range(5)]
        assert max(likeness(tile, source) for source in sources) > 0.8


def test_voices_are_heard_when_they_were(container: av.container.InputContainer) -> None:
    sound = sound_of(container)
    for frequency, silent, heard in (
        (440, (0.3, 0.9), (1.1, 2.9)),
        (440, (5.1, 9.9), (10.1, 13.9)),
        (880, (1.0, 4.9), (5.1, 8.9)),
        (880, (9.1, 17.0), (5.1, 8.9)),
    ):
        assert strength(sound, frequency, *heard) == pytest.approx(0.2, abs=0.03)
        assert strength(sound, frequency, *silent) < 0.005


def test_pieces_meet_without_a_gap_or_click(container: av.container.InputContainer) -> None:
    """A tone goes on over the boundary at 8 seconds as it does elsewhere."""
    sound = sound_of(container)
    for time in (7.98, 7.999, 8.0, 8.001, 8.02):
        assert strength(sound, 880, time - 0.005, time + 0.005) == pytest.approx(0.2, abs=0.04)
    moments = np.arange(round(7.9 * 48_000), round(8.1 * 48_000)) / 48_000
    waves = np.stack([np.sin(2 * np.pi * 880 * moments), np.cos(2 * np.pi * 880 * moments)], axis=1)
    part = sound[round(7.9 * 48_000) : round(8.1 * 48_000)]
    fitted = waves @ np.linalg.lstsq(waves, part, rcond=None)[0]
    assert np.abs(part - fitted).max() < 0.05


def test_sound_and_picture_are_together(container: av.container.InputContainer) -> None:
    """A flash and a beep of the same moment; the flash arrived 0.15 seconds later."""
    frames = [
        (frame.time, large(frame.to_ndarray(format="gray").astype(np.uint8)).mean())
        for frame in container.decode(video=0)
    ]
    flash = next(time for time, brightness in frames if brightness > 190)
    assert flash is not None
    sound = sound_of(container)
    beep = next(time for time in np.arange(2.5, 4, 0.002) if strength(sound, 1760, time, time + 0.004) > 0.2)
    assert abs(flash - beep) < 0.045


def test_any_moment_can_be_sought(container: av.container.InputContainer) -> None:
    stream = container.streams.video[0]
    for time in (17.0, 8.5, 0.5, 12.0):
        container.seek(round(time * 1e6))
        frame = next(container.decode(stream))
        assert frame.time is not None
        assert time - 8 < frame.time <= time


def test_the_same_again_is_the_same_film(recording: Path, made: Path, tmp_path: Path) -> None:
    make(recording, tmp_path)
    assert index_of(tmp_path) == index_of(made)


def test_a_lost_piece_is_made_again(recording: Path, made: Path, tmp_path: Path) -> None:
    """Those before it stay as they are; what comes behind it is made again as well."""
    index = index_of(made)
    for name in ("init.mp4", *(segment.name for segment in index.segments)):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    (tmp_path / "index.json").write_bytes(msgspec.json.encode(index))
    (tmp_path / index.segments[1].name).unlink()
    assert make(recording, tmp_path) == [8.0, 2.0]
    again = index_of(tmp_path)
    assert again.segments[0] == index.segments[0]
    verify(tmp_path, again, LENGTH)
    with Joined(*film(tmp_path, again)) as joined, av.open(joined, "r") as container:
        assert max(likeness(large(picture_at(container, 9.0)), BOBS(9.0 - late / 30)) for late in range(5)) > 0.95
        assert strength(sound_of(container), 880, 7.99, 8.01) == pytest.approx(0.2, abs=0.04)


def test_a_film_that_is_made_needs_nothing_more(recording: Path, made: Path) -> None:
    assert make(recording, made) == []


def test_what_is_broken_is_found(made: Path, tmp_path: Path) -> None:
    index = index_of(made)
    for name in ("init.mp4", *(segment.name for segment in index.segments)):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    with pytest.raises(BrokenFilmError, match=r"18\.00 seconds instead of 19\.00"):
        verify(tmp_path, index, 19.0)
    path = tmp_path / index.segments[1].name
    whole = path.read_bytes()
    path.write_bytes(whole[:-100] + b"\xff" + whole[-99:])
    with pytest.raises(BrokenFilmError, match="not as it was written"):
        verify(tmp_path, index, LENGTH)
    path.write_bytes(whole[:-1])
    with pytest.raises(BrokenFilmError, match="bytes instead of"):
        verify(tmp_path, index, LENGTH)
