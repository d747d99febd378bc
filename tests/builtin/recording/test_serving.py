# SPDX-License-Identifier: Apache-2.0
"""What a link opens and what it does not: pieces, playlist, film, chapters and chat, over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import pytest

from podium.plugins.recording import serving, store, watching
from podium.plugins.recording._config import RecordingConfig
from tests.builtin.recording.school import BEGAN, ID, School, open_school, recording

OTHER = "bbbbbbbbbbbbbbbb"
PIECES = (b"first piece", b"second")
TRACK = store.KeptTrack(
    file="0001.webm",
    participant_id="ann",
    display_name="Änn",
    source="microphone",
    kind="audio",
    codec="opus",
    begins=0.0,
    duration=8.0,
    size=4,
    crc32c=1,
)
CHAPTERS = watching.ChapterFile(
    started_at=BEGAN.timestamp(),
    pieces=((0.0, 0.0, 60.0), (100.0, 60.0, 20.0)),
    chapters=(watching.Chapter(time=1.5, until=9.0, kind="spoke", display_name="Ann"),),
)


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_school(tmp_path) as school:
        yield school


async def test_the_page_is_served_by_a_link_that_tells_nobody_else(school: School) -> None:
    answer = await school.get(school.link)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert b'<meta name="referrer" content="no-referrer">' in answer.body
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


WRONG = ("12.abc", "x" * 500, "ffffffffff.AAAA", "%00", "ff.%ff%fe")


ROUTES = ("status.json", "chapters.json", "chat.json", "live.m3u8", "piece/000000.m4s", "film.mp4", "download")


async def test_every_route_wants_a_ticket_of_its_recording_that_is_not_over(school: School) -> None:
    await school.keep(recording(**school.make_film(b"film")))
    school.make_pieces(*PIECES)
    base, _, ticket = school.link.rpartition("/")
    others = serving.watch_path(school.studio, OTHER, datetime.now(UTC)).rpartition("/")[2]
    track = serving.track_path(school.studio, ID, 0, datetime.now(UTC)).split("/")[5]
    over = serving.watch_path(school.studio, ID, datetime.now(UTC) - timedelta(hours=14))
    for what in ROUTES:
        assert (await school.get(f"{school.link}/{what}")).status == 200
        assert (await school.get(f"{over}/{what}")).code == "link_over"
        for wrong in (others, track):
            assert (await school.get(f"{base}/{wrong}/{what}")).code == "link_invalid"
    for wrong in (*WRONG, f"0{ticket}", ticket[:-1]):
        answer = await school.get(f"{base}/{wrong}/status.json")
        assert (answer.status, answer.code) == (403, "link_invalid"), wrong


async def test_a_page_with_a_wrong_ticket_says_so_itself(school: School) -> None:
    answer = await school.get(f"/plugins/recording/watch/{ID}/12.abc")
    assert (answer.status, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


async def test_links_are_the_same_within_an_hour_and_good_for_as_long_as_is_set() -> None:
    studio: Any = SimpleNamespace(link_key=bytes(32), config=RecordingConfig(link_hours=5))
    minutes = (1, 59, 61)
    first, later, next_hour = (serving.watch_path(studio, ID, BEGAN + timedelta(minutes=each)) for each in minutes)
    assert first == later != next_hour
    assert serving.expires_at(studio, BEGAN + timedelta(minutes=1)) == BEGAN + timedelta(hours=6)


async def test_unknown_and_deleted_recordings_are_not_found(school: School) -> None:
    assert (await school.get(f"{school.link}/status.json")).code == "recording_unknown"
    await school.keep(recording(**school.make_film(b"film"), delete_at=BEGAN))
    for what in ROUTES:
        assert (await school.get(f"{school.link}/{what}")).code == "recording_unknown"
    odd = serving.watch_path(school.studio, "..", datetime.now(UTC))
    assert (await school.get(f"{odd}/piece/index.json")).status == 404


async def test_the_playlist_grows_and_names_pieces_by_their_content(school: School) -> None:
    await school.keep(recording())
    assert (await school.get(f"{school.link}/live.m3u8")).code == "not_live"
    school.make_pieces(PIECES[0])
    one = await school.get(f"{school.link}/live.m3u8")
    assert (one.headers["Content-Type"], one.headers["Cache-Control"]) == ("application/vnd.apple.mpegurl", "no-store")
    school.make_pieces(*PIECES, complete=True)
    lines = (await school.get(f"{school.link}/live.m3u8")).body.decode().splitlines()
    assert one.body.decode().splitlines() == lines[:-2]
    assert "#EXT-X-ENDLIST" not in lines, "capture may go on"
    addresses = [line for line in lines if not line.startswith("#")]
    assert [address.partition("?")[0] for address in addresses] == ["piece/000000.m4s", "piece/000001.m4s"]
    for address, content in zip(addresses, PIECES, strict=True):
        answer = await school.get(f"{school.link}/{address}")
        assert (answer.body, answer.headers["Content-Type"]) == (content, "video/mp4")
        assert answer.headers["Cache-Control"] == "private, max-age=43200, immutable"
    school.make_pieces(PIECES[0], b"made anew")
    assert (await school.get(f"{school.link}/live.m3u8")).body.decode().splitlines()[-1] != addresses[-1]


async def test_the_playlist_is_over_with_the_class(school: School) -> None:
    await school.keep(recording(state="PROCESSING", ended_at=BEGAN + timedelta(seconds=16)))
    school.make_pieces(*PIECES, complete=True)
    assert (await school.get(f"{school.link}/live.m3u8")).body.endswith(b"#EXT-X-ENDLIST\n")


NO_PIECES = ("index.json", "composer.lock", "000000.m4s.part", "0.m4s", "init.mp4%00", "%2e%2e")
PATHS = ("..%2Findex.json", "..%2f..%2fplace", "../../../../place", "%2e%2e/%2e%2e/place")


async def test_nothing_but_pieces_can_be_named(school: School) -> None:
    await school.keep(recording())
    school.make_pieces(*PIECES)
    (school.studio.place.root / "place").write_text("secret")
    for name in NO_PIECES:
        assert (await school.get(f"{school.link}/piece/{name}")).code == "piece_unknown", name
    for name in PATHS:
        assert (await school.get(f"{school.link}/piece/{name}")).status == 404, name


async def test_pieces_that_are_gone_or_were_made_elsewhere_are_not_found(school: School) -> None:
    await school.keep(recording())
    assert (await school.get(f"{school.link}/piece/000000.m4s")).code == "file_unknown"


async def test_the_film_is_played_in_ranges_and_downloaded_under_its_name(school: School) -> None:
    await school.keep(recording(**school.make_film(b"0123456789")))
    answer = await school.get(f"{school.link}/film.mp4", Range="bytes=2-4")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (206, b"234", "video/mp4")
    answer = await school.get(serving.download_path(school.studio, ID, datetime.now(UTC)))
    assert answer.body == b"0123456789"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ber-Br-che-2026-03-02.mp4"'


async def test_there_is_no_film_before_it_is_whole(school: School) -> None:
    await school.keep(recording(state="PROCESSING"))
    for what in ("film.mp4", "download"):
        answer = await school.get(f"{school.link}/{what}")
        assert (answer.status, answer.code) == (409, "film_not_ready")


class Cloud:
    """A storage elsewhere, with links or without."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self.asked: list[tuple[str, str | None]] = []

    def link(self, name: str, lifetime: timedelta, filename: str | None = None) -> str | None:
        self.asked.append((name, filename))
        return self.url

    def read(self, name: str, start: int = 0, length: int | None = None) -> Any:
        yield b"0123456789"[start : start + (length or 0)]

    def stat(self, name: str) -> None:
        return None


async def test_a_storage_with_links_hands_films_out_itself_but_to_the_player(school: School) -> None:
    school.studio.storage = cloud = Cloud("https://storage.example/film?signed")
    await school.keep(recording(state="AVAILABLE", object=f"math/{ID}/film.mp4", size=10, crc32c=7))
    answer = await school.get(f"{school.link}/download")
    assert (answer.status, answer.headers["Location"]) == (302, "https://storage.example/film?signed")
    assert cloud.asked == [(f"math/{ID}/film.mp4", "ber-Br-che-2026-03-02.mp4")]
    answer = await school.get(f"{school.link}/film.mp4", Range="bytes=-3")
    assert (answer.status, answer.body) == (206, b"789")
    cloud.url = None
    assert (await school.get(f"{school.link}/download")).body == b"0123456789"


async def test_a_separate_track_has_a_ticket_of_its_own(school: School) -> None:
    await school.keep(recording(tracks="available", track_list=(TRACK,)))
    school.make_film(b"opus", f"math/{ID}/tracks/0001.webm")
    link = serving.track_path(school.studio, ID, 0, datetime.now(UTC))
    answer = await school.get(link)
    assert (answer.body, answer.headers["Content-Type"]) == (b"opus", "audio/webm")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ber-Br-che-2026-03-02-nn-0001.webm"'
    assert (await school.get(f"{school.link}/track/0")).code == "link_invalid"
    assert (await school.get(link[:-1] + "1")).code == "link_invalid"
    missing = serving.track_path(school.studio, ID, 1, datetime.now(UTC))
    assert (await school.get(missing)).code == "track_unknown"


async def test_status_tells_what_can_be_played_and_no_paths(school: School) -> None:
    await school.keep(recording(problem_code="no_space", problem="cannot write /srv/secret", percent=40))
    school.make_pieces(*PIECES)
    answer = await school.get(f"{school.link}/status.json")
    told = json.loads(answer.body)
    assert answer.headers["Cache-Control"] == "no-store"
    assert (told["state"], told["live"], told["film"], told["percent"]) == ("RECORDING", True, False, 40)
    assert (told["problem"], b"/srv" in answer.body) == ("no_space", False)


async def test_chapters_come_from_the_folder_and_later_from_the_storage(school: School) -> None:
    await school.keep(recording(**school.make_film(b"film")))
    shown = [{"time": 1.5, "until": 9.0, "kind": "spoke", "display_name": "Ann"}]
    assert json.loads((await school.get(f"{school.link}/chapters.json")).body) == {"chapters": []}
    path = school.studio.storage.path(f"math/{ID}/chapters.json")
    path.write_bytes(msgspec.json.encode(CHAPTERS))
    assert json.loads((await school.get(f"{school.link}/chapters.json")).body)["chapters"] == shown
    path.unlink()
    school.films.mkdir(parents=True)
    (school.films / "chapters.json").write_bytes(msgspec.json.encode(CHAPTERS))
    assert json.loads((await school.get(f"{school.link}/chapters.json")).body)["chapters"] == shown


async def test_without_a_chat_nothing_was_written(school: School) -> None:
    await school.keep(recording())
    assert json.loads((await school.get(f"{school.link}/chat.json")).body) == {"messages": []}


class Written(NamedTuple):
    """As the chat exports it, in two parts."""

    lines: list[tuple[float, str | None]]

    async def call(self, name: str, fields: dict[str, Any]) -> Any:
        assert (name, "private" in fields) == ("ExportChat", False)
        half = len(self.lines) // 2
        part = self.lines[half:] if fields["after"] else self.lines[:half]
        sender = SimpleNamespace(display_name="Ann", role="student")
        messages = [
            SimpleNamespace(at=BEGAN + timedelta(seconds=at), sender=sender, text=text, private=False)
            for at, text in part
        ]
        return SimpleNamespace(messages=tuple(messages), next=None if fields["after"] else "more")


async def test_the_chat_is_told_in_film_time_without_what_was_written_in_pauses() -> None:
    lines = [(-5.0, "before"), (10.0, "ten"), (80.0, "in a pause"), (105.0, None), (119.0, "last"), (500.0, "after")]
    context: Any = SimpleNamespace(operations=Written(lines))
    ended = recording(ended_at=BEGAN + timedelta(seconds=120))
    told = await watching.chat(context, ended, CHAPTERS)
    assert [(line.time, line.text) for line in told.messages] == [(10.0, "ten"), (65.0, None), (79.0, "last")]
    told = await watching.chat(context, ended, None)
    assert [line.time for line in told.messages] == [10.0, 80.0, 105.0, 119.0]
