# SPDX-License-Identifier: Apache-2.0
"""What is left to do when a class ends: seconds from the last piece of film to the stored one, by length of the class.

    python -m bench.finishing [--pieces 75 450] [--size 600000] [--directory DIR]

The pieces are real ones, small pictures padded with `free` boxes to the wanted size, all but the last stored while the
class went on. Storages: a directory, and a bucket of an emulator on this machine. The emulator copies when it joins,
Google does not: there the number of requests says more, and pieces are smaller. `verify everything` is what reading all
bytes once more at the end would cost in addition.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from struct import pack
from time import perf_counter

import google_crc32c
import msgspec
import numpy as np

from podium.plugins.recording.composer.degrade import STEPS
from podium.plugins.recording.composer.encoding import BEFORE, BEHIND, Piece, SegmentEncoder
from podium.plugins.recording.composer.segments import HEADER, INDEX, Index, Segment
from podium.plugins.recording.composer.settings import SEGMENT_SECONDS, SOUND_RATE, CompositionSettings
from podium.plugins.recording.mp4 import split_fragment
from podium.plugins.recording.storage import LocalStorage, Storage
from podium.plugins.recording.verify import check, verify
from podium.plugins.recording.work.growing import GrowingFile
from podium.plugins.recording.work.keeping import CloudKeeping, Keeping
from tests.builtin.recording.storage_server import BUCKET, StorageServer, running

SETTINGS = CompositionSettings(width=320, height=180, frame_rate=5, preset="ultrafast")
BASE = "math/film"
SMALL = 20_000


def piece() -> Piece:
    """Gray that becomes lighter, and silence."""
    import av

    encoder = SegmentEncoder(SETTINGS, 0, STEPS[0])
    for tick in range(SETTINGS.segment_ticks):
        planes = np.full((SETTINGS.height * 3 // 2, SETTINGS.width), 128, np.uint8)
        planes[: SETTINGS.height] = np.arange(SETTINGS.width) // 2 + tick
        encoder.picture(av.VideoFrame.from_ndarray(planes, format="yuv420p"), tick)
    encoder.sound(np.zeros((2, BEFORE + SEGMENT_SECONDS * SOUND_RATE + BEHIND), np.float32))
    return encoder.finish(SETTINGS.segment_ticks)


def make_film(folder: Path, count: int, size: int) -> Index:
    """A complete film of so many pieces of so many bytes, in the composer's folder."""
    folder.mkdir(parents=True)
    one, segments = piece(), []
    for number in range(count):
        start = Fraction(number * SEGMENT_SECONDS)
        _, media = split_fragment(one.header + one.media, number + 1, start)
        left = max(8, size - len(media))
        media += pack(">I4s", left, b"free") + np.random.default_rng(number).bytes(left - 8)
        name = f"{number:06d}.m4s"
        (folder / name).write_bytes(media)
        segments.append(
            Segment(
                number=number,
                name=name,
                ticks=SETTINGS.segment_ticks,
                size=len(media),
                crc32c=google_crc32c.value(media),
                step="full",
            )
        )
    index = Index(settings=SETTINGS, segments=tuple(segments), complete=True)
    (folder / HEADER).write_bytes(one.header)
    (folder / INDEX).write_bytes(msgspec.json.encode(index))
    return index


def up_to(index: Index, count: int) -> Index:
    """As it was when the class still went on."""
    return msgspec.structs.replace(index, segments=index.segments[:count], complete=False)


def measure(keeping: Keeping, index: Index, forget: Callable[[], object] = lambda: None) -> list[tuple[str, float]]:
    """Seconds of each step behind the end of the class."""
    for count in range(1, len(index.segments)):
        while keeping.step(up_to(index, count), final=False):
            pass
    forget()
    times = [perf_counter()]
    while keeping.step(index, final=True):
        pass
    times.append(perf_counter())
    film = keeping.film(index)
    times.append(perf_counter())
    with film.stream:
        check(film.stream, index, index.duration)
    times.append(perf_counter())
    assert keeping.store(index) == film.stored
    times.append(perf_counter())
    names = ("last pieces", "beginning", "look at it", "store")
    return list(zip(names, (after - before for before, after in pairwise(times)), strict=True))


@contextmanager
def bucket(directory: Path) -> Iterator[tuple[StorageServer, Storage]]:
    from podium.plugins.recording.storage.gcs import CloudStorage

    with running(directory) as server:
        yield server, CloudStorage(BUCKET, endpoint=server.url)


def report(count: int, label: str, steps: list[tuple[str, float]], more: str = "") -> None:
    shown = ", ".join(f"{what} {seconds:.2f}" for what, seconds in steps)
    print(f"{count} pieces, {label}: {sum(seconds for _, seconds in steps):.2f} s ({shown}){more}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, nargs="+", default=[75, 450])
    parser.add_argument("--size", type=int, default=600_000)
    parser.add_argument("--directory", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name, bucket(Path(name) / "bucket") as (server, cloud):
        for count in options.pieces:
            folder, local = Path(name) / f"film-{count}", LocalStorage(Path(name) / "kept")
            index = make_film(folder, count, options.size)
            report(count, "directory", measure(GrowingFile(local, f"{BASE}-{count}", folder), index))
            began = perf_counter()
            verify(folder, index, index.duration)
            print(f"{count} pieces: verify everything {perf_counter() - began:.2f} s", flush=True)
            shutil.rmtree(folder)
            index = make_film(folder, count, SMALL)
            keeping = CloudKeeping(cloud, f"{BASE}-{count}", folder)
            steps = measure(keeping, index, server.requests)
            report(count, "bucket", steps, f", {len(server.requests())} requests")


if __name__ == "__main__":
    main()
