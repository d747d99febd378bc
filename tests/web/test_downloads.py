# SPDX-License-Identifier: Apache-2.0
"""Files that plugins answer with, over a real hypercorn: ranges, versions, and clients or files that do not keep on."""

import os
import random
import threading
from collections.abc import AsyncIterator, Iterator
from http.client import IncompleteRead
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from podium.core import Plugin, PluginContext, WebFile, WebRequest, WebResponse
from podium.hosts.web import downloads
from podium.hosts.web.downloads import PIECE, Span, span_untrusted
from podium.hosts.web.listening import PAUSED_TIMEOUT, UNREAD_TIMEOUT, set_unread_timeout
from tests.plugins.stand_ins import problems
from tests.web.site import Answer, Site, open_site

CONTENT = random.Random(6).randbytes(3 * PIECE + 1000)
SIZE = len(CONTENT)
CLASS = "/plugins/archive/class.mp4"


class Remote:
    """A file somewhere else, which can be read when it is let."""

    def __init__(self) -> None:
        self.promised = SIZE
        self.asked: list[tuple[int, int]] = []
        self.closed = threading.Event()
        self.error: Exception | None = None

    def read(self, start: int, length: int) -> Iterator[bytes]:
        self.asked.append((start, length))
        try:
            yield b""
            for first in range(start, min(start + length, SIZE), 5000):
                yield CONTENT[first : first + 5000]
            if self.error is not None:
                raise self.error
        finally:
            self.closed.set()


class Archive(NamedTuple):
    host: Site
    file: Path
    remote: Remote

    async def get(self, **headers: str) -> Answer:
        return await self.host.ask(f"GET {CLASS}", None, **headers)


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    plugin = Plugin("archive", version="1.0")
    file, remote = tmp_path / "class.mp4", Remote()
    file.write_bytes(CONTENT)

    @plugin.route("GET", "/class.mp4")
    async def recording(context: PluginContext, request: WebRequest) -> WebResponse:
        headers = {"Content-Disposition": 'attachment; filename="class.mp4"', "ETag": '"mine"'}
        return WebResponse(file=file, content_type="video/mp4", headers=headers)

    @plugin.route("POST", "/class.mp4")
    async def made(context: PluginContext, request: WebRequest) -> WebResponse:
        return WebResponse(file=file)

    @plugin.route("GET", "/remote")
    async def elsewhere(context: PluginContext, request: WebRequest) -> WebResponse:
        return WebResponse(file=WebFile(size=remote.promised, version="7", read=remote.read))

    async with open_site(tmp_path, plugin) as host:
        yield Archive(host, file, remote)


class TestWhole:
    async def test_a_file_is_sent_with_its_size_and_version(self, archive: Archive) -> None:
        answer = await archive.get()
        assert (answer.status, answer.body) == (200, CONTENT)
        told = answer.headers
        assert (told["Content-Length"], told["Accept-Ranges"]) == (str(SIZE), "bytes")
        assert (told["Content-Type"], told["Cache-Control"]) == ("video/mp4", "private, no-cache")
        assert told["Content-Disposition"] == 'attachment; filename="class.mp4"'
        assert told["ETag"] not in ("", '"mine"')
        assert told["Last-Modified"].endswith(" GMT")
        assert "Transfer-Encoding" not in told

    async def test_heads_are_told_the_size_and_nothing_is_read(self, archive: Archive) -> None:
        for path in (CLASS, "/plugins/archive/remote"):
            answer = await archive.host.ask(f"HEAD {path}", Range="bytes=0-9")
            assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, str(SIZE), b"")
        assert archive.remote.asked == []

    async def test_an_empty_file_is_sent(self, archive: Archive) -> None:
        archive.file.write_bytes(b"")
        answer = await archive.get()
        assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "0", b"")
        assert (await archive.get(Range="bytes=0-")).headers["Content-Range"] == "bytes */0"

    async def test_what_is_no_question_for_a_file_gets_all_of_it(self, archive: Archive) -> None:
        answer = await archive.host.ask(f"POST {CLASS}", b"", Range="bytes=0-9", If_None_Match="*")
        assert (answer.status, answer.body) == (200, CONTENT)

    async def test_a_file_that_is_gone_or_none_is_said_so(
        self, archive: Archive, caplog: pytest.LogCaptureFixture
    ) -> None:
        archive.file.unlink()
        answer = await archive.get()
        assert (answer.status, answer.code) == (404, "file_unknown")
        os.mkfifo(archive.file)
        answer = await archive.get()
        assert (answer.status, answer.code) == (500, "internal")
        assert str(archive.file).encode() not in answer.body
        assert problems(caplog) == [("file cannot be sent", "archive")] * 2


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=0-", 0, SIZE),
            (f"bytes={PIECE - 1}-{2 * PIECE}", PIECE - 1, 2 * PIECE + 1),
            ("bytes=500000-", 500000, SIZE),
            ("bytes=500000-99999999", 500000, SIZE),
            ("bytes=-500", SIZE - 500, SIZE),
            ("bytes=-99999999", 0, SIZE),
        ],
    )
    async def test_a_range_is_sent(self, archive: Archive, asked: str, start: int, end: int) -> None:
        for path in (CLASS, "/plugins/archive/remote"):
            answer = await archive.host.ask(f"GET {path}", Range=asked)
            assert (answer.status, answer.body == CONTENT[start:end]) == (206, True)
            assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
            assert answer.headers["Content-Length"] == str(end - start)
        assert archive.remote.asked == [(start, end - start)]

    @pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=99999999-999999999", "bytes=-0"])
    async def test_a_range_behind_the_end_is_refused(self, archive: Archive, asked: str) -> None:
        answer = await archive.get(Range=asked)
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")
        assert "satisf" in answer.code

    async def test_a_range_counts_for_the_version_it_was_asked_for(self, archive: Archive) -> None:
        version = (await archive.get()).headers["ETag"]
        assert (await archive.get(Range="bytes=0-9", If_Range=version)).status == 206
        for other in ('"other"', f"W/{version}", (await archive.get()).headers["Last-Modified"]):
            answer = await archive.get(Range="bytes=0-9", If_Range=other)
            assert (answer.status, len(answer.body)) == (200, SIZE)

    async def test_players_seek_on_one_connection(self, archive: Archive) -> None:
        stream = await trio.open_tcp_stream("127.0.0.1", archive.host.port)
        async with stream:
            for start in (SIZE - 100, 0, 700_000):
                await stream.send_all(
                    f"GET {CLASS} HTTP/1.1\r\nHost: h\r\nRange: bytes={start}-{start + 99}\r\n\r\n".encode()
                )
                received = b""
                while len(received.partition(b"\r\n\r\n")[2]) < 100:
                    received += await stream.receive_some()
                assert received.endswith(b"\r\n\r\n" + CONTENT[start : start + 100])

    @pytest.mark.parametrize(
        "text",
        ["bytes=", "bytes=-", "bytes=9-1", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", f"bytes={'9' * 5000}-", "0-9"],
    )
    def test_what_cannot_be_understood_is_ignored(self, text: str) -> None:
        assert span_untrusted(text, 100) is None

    def test_a_range_is_cut_at_the_end(self) -> None:
        assert span_untrusted("bytes=90-100", 100) == Span(90, 10)
        assert span_untrusted("bytes=-1", 0) == Span(0, 0)


class TestVersions:
    async def test_what_a_client_has_is_not_sent_again(self, archive: Archive) -> None:
        told = (await archive.get()).headers
        fresh: list[dict[str, str]] = [
            {"If_None_Match": told["ETag"]},
            {"If_None_Match": f'"a", W/{told["ETag"]}', "Range": "bytes=0-9"},
            {"If_None_Match": "*"},
            {"If_Modified_Since": told["Last-Modified"]},
        ]
        for headers in fresh:
            answer = await archive.get(**headers)
            assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", told["ETag"])
        stale: list[dict[str, str]] = [
            {"If_None_Match": '"a"', "If_Modified_Since": told["Last-Modified"]},
            {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
            {"If_Modified_Since": "nonsense"},
            {"If_Match": told["ETag"]},
            {"If_Unmodified_Since": told["Last-Modified"]},
        ]
        for headers in stale:
            assert (await archive.get(**headers)).status == 200

    async def test_a_version_that_is_gone_is_refused(self, archive: Archive) -> None:
        for headers in ({"If_Match": '"a"'}, {"If_Unmodified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"}):
            assert (await archive.get(**headers)).status == 412

    async def test_another_content_is_another_version(self, archive: Archive) -> None:
        before = (await archive.get()).headers["ETag"]
        archive.file.write_bytes(CONTENT[::-1])
        os.utime(archive.file, ns=(0, 1))
        after = await archive.get(If_None_Match=before)
        assert (after.status, after.body) == (200, CONTENT[::-1])


class TestCutShort:
    async def test_a_file_shorter_than_promised_ends_the_connection(
        self, archive: Archive, caplog: pytest.LogCaptureFixture
    ) -> None:
        archive.remote.promised = SIZE + 1
        with pytest.raises(IncompleteRead) as cut:
            await archive.host.ask("GET /plugins/archive/remote")
        assert cut.value.partial == CONTENT
        assert problems(caplog) == [("file is shorter than promised", "archive")]
        assert (await archive.get()).status == 200

    async def test_an_error_while_reading_ends_the_connection(
        self, archive: Archive, caplog: pytest.LogCaptureFixture
    ) -> None:
        archive.remote.promised, archive.remote.error = SIZE + 1, OSError("the disk is on fire")
        with pytest.raises(IncompleteRead):
            await archive.host.ask("GET /plugins/archive/remote")
        assert problems(caplog) == [("file cannot be read on", "archive")]

    async def test_a_file_that_gives_more_is_cut(self, archive: Archive) -> None:
        archive.remote.promised = SIZE - 1
        assert (await archive.host.ask("GET /plugins/archive/remote")).body == CONTENT[:-1]

    async def test_a_client_that_takes_nothing_costs_a_few_pieces_and_one_that_goes_costs_nothing(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its connection holds what the kernel takes; the rest is not read."""
        monkeypatch.setattr(downloads, "MOST_AT_ONCE", 1)
        os.truncate(archive.file, 1 << 30)
        pieces: list[int] = []
        real = downloads.Downloads.piece

        async def piece(self: downloads.Downloads, reading: Iterator[bytes]) -> bytes | None:
            pieces.append(1)
            return await real(self, reading)

        monkeypatch.setattr(downloads.Downloads, "piece", piece)
        stream = await trio.open_tcp_stream("127.0.0.1", archive.host.port)
        await stream.send_all(f"GET {CLASS} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        before = -1
        while not pieces or len(pieces) != before:
            before = len(pieces)
            await wait_all_tasks_blocked(0.05)
        assert len(pieces) * PIECE < 64 << 20
        refused = await archive.host.ask("GET /plugins/archive/remote")
        assert (refused.status, refused.code) == (429, "too_many_requests")
        await stream.aclose()
        with trio.fail_after(10):
            while (await archive.host.ask("GET /plugins/archive/remote")).status != 200:
                await wait_all_tasks_blocked(0.01)

    async def test_players_may_pause_and_hold_up_no_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The kernel would end this connection after minutes only; the host closes it when it ends."""
        timeouts: list[float] = []
        real = set_unread_timeout

        def note(sock: Any, seconds: float) -> None:
            timeouts.append(seconds)
            real(sock, seconds)

        monkeypatch.setattr(downloads, "set_unread_timeout", note)
        plugin, file = Plugin("archive", version="1.0"), tmp_path / "class.mp4"
        file.touch()
        os.truncate(file, 1 << 30)

        @plugin.route("GET", "/class.mp4")
        async def recording(context: PluginContext, request: WebRequest) -> WebResponse:
            return WebResponse(file=file)

        with trio.fail_after(60):
            async with open_site(tmp_path, plugin) as host:
                await host.ask(f"GET {CLASS}", Range="bytes=0-9")
                stream = await trio.open_tcp_stream("127.0.0.1", host.port)
                await stream.send_all(f"GET {CLASS} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                assert (await stream.receive_some(20)).startswith(b"HTTP/1.1 200")
                await wait_all_tasks_blocked(0.1)
            await stream.aclose()
        assert timeouts[:3] == [PAUSED_TIMEOUT, UNREAD_TIMEOUT, PAUSED_TIMEOUT]

    async def test_what_is_read_from_is_closed_when_the_client_goes(self, archive: Archive) -> None:
        archive.remote.promised = 1 << 40
        stream = await trio.open_tcp_stream("127.0.0.1", archive.host.port)
        await stream.send_all(b"GET /plugins/archive/remote HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await stream.receive_some(20)).startswith(b"HTTP/1.1 200")
        await stream.aclose()
        assert await trio.to_thread.run_sync(archive.remote.closed.wait, 10, abandon_on_cancel=True)


async def test_the_deadline_is_for_the_handler_alone(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.core.plugins.routes.DEADLINE", 0.2)
    reading, stepped = threading.Event(), archive.remote.read

    def slowly(start: int, length: int) -> Iterator[bytes]:
        yield from stepped(start, length - 1)
        reading.wait(0.5)
        yield CONTENT[-1:]

    archive.remote.read = slowly  # type: ignore[method-assign]  # a stand-in
    answer = await archive.host.ask("GET /plugins/archive/remote")
    assert (answer.status, answer.body) == (200, CONTENT)
    (report,) = archive.host.plugins.reports()
    assert [each.statistics.timeouts for each in report.routes] == [0] * 3
