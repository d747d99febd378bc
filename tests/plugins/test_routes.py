# SPDX-License-Identifier: Apache-2.0
"""Routes of plugins as they are declared, and the values that go in and out; tests/web has them over HTTP."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from podium.core import Plugin, PluginContext, PluginError, PodiumError, WebFile, WebRequest, WebResponse


async def answer(context: PluginContext, request: WebRequest) -> WebResponse:
    return WebResponse()


async def too_little(request: WebRequest) -> WebResponse:
    return WebResponse()


def synchronous(context: PluginContext, request: WebRequest) -> WebResponse:
    return WebResponse()


@pytest.mark.parametrize(
    ("method", "path", "handler", "said"),
    [
        ("FETCH", "/sheet", answer, "begins with one of GET"),
        ("GET", "sheet", answer, "a path is made of segments"),
        ("GET", "/", answer, "a path is made of segments"),
        ("GET", "/a/{x}/{x}", answer, "a field stands in the path twice"),
        ("GET", "/static/x", answer, "is where files of plugins are served"),
        ("GET", "/sheet", too_little, "function of \\(context, request\\)"),
        ("GET", "/sheet", synchronous, "function of \\(context, request\\)"),
    ],
)
def test_a_route_that_could_not_be_served_is_refused(method: str, path: str, handler: Any, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        Plugin("attendance", version="1.0").route(method, path)(handler)


def test_two_routes_that_cannot_be_told_apart_are_one_too_many() -> None:
    plugin = Plugin("attendance", version="1.0")
    plugin.route("GET", "/sheet/{session_id}")(answer)
    plugin.route("POST", "/sheet/{session_id}")(answer)
    with pytest.raises(PluginError, match=r"declares route GET /sheet/\{room\} twice"):
        plugin.route("GET", "/sheet/{room}")(answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 99},
        {"status": 600},
        {"headers": {"Location": "/x\r\nSet-Cookie: a=b"}},
        {"headers": {"Bad\nName": "x"}},
        {"content_type": "text/plain\n"},
        {"file": Path("sheet.pdf"), "body": "see attachment"},
        {"file": Path("sheet.pdf"), "status": 404},
    ],
)
def test_what_cannot_be_sent_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"a status is|a header is|a file is"):
        WebResponse(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"size": -1}, {"version": ""}, {"version": 'a"'}, {"version": "a b"}, {"modified": datetime(2026, 1, 2)}]
)
def test_what_is_no_file_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"a file has|a version is|has to have a time zone"):
        WebFile(**{"size": 1, "version": "1", "read": lambda start, length: iter([b"a"])} | wrong)


def test_bodies_are_text_and_files_are_bytes_unless_it_is_said() -> None:
    assert WebResponse().content_type == "text/plain; charset=utf-8"
    assert WebResponse(file=Path("a")).content_type == "application/octet-stream"
    assert WebResponse(file=Path("a"), content_type="video/mp4").content_type == "video/mp4"


def test_a_form_is_read() -> None:
    request = WebRequest(method="POST", path="/launch", body=b"state=a%20b&empty=&state=c&name=%C3%85sa")
    assert request.form() == {"state": "a b", "empty": "", "name": "Åsa"}


@pytest.mark.parametrize("body", [b"\xff=1", b"no form", b"&".join([b"a=1"] * 1001)])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(PodiumError, match="has to be a form"):
        WebRequest(method="POST", path="/launch", body=body).form()
