# SPDX-License-Identifier: Apache-2.0
"""Pages, health and headers of a running host."""

import json
from http.client import HTTPConnection, HTTPMessage
from typing import Any

import pytest
import trio


async def get(host: Any, path: str, headers: dict[str, str] | None = None) -> tuple[int, HTTPMessage, str]:
    """Status, headers and body."""

    def request() -> tuple[int, HTTPMessage, str]:
        connection = HTTPConnection("127.0.0.1", host.port)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    return await trio.to_thread.run_sync(request)


async def test_health_counts(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join()
        _, headers, body = await get(host, "/health")
        health = json.loads(body)
        assert headers["Content-Type"] == "application/json"
        assert health["status"] == "ok"
        assert (health["rooms"], health["participants"], health["connections"]) == (1, 1, 1)
        assert health["version"]


async def test_the_start_page_opens_rooms_only_where_anybody_may(host: Any) -> None:
    assert "Open the room" in (await get(host, "/"))[2]
    host.rooms.ad_hoc = False
    assert "Open the room" not in (await get(host, "/"))[2]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/room/algebra?name=%3Cscript%3E", "text/html; charset=utf-8"),
        ("/static/podium.js", "text/javascript; charset=utf-8"),
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
    ],
)
async def test_files_are_served_with_a_strict_policy(host: Any, path: str, content_type: str) -> None:
    _, headers, body = await get(host, path)
    assert headers["Content-Type"] == content_type
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in body


async def test_files_outside_are_not_found(host: Any) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/nothing"):
        assert (await get(host, path))[0] == 404


async def test_files_that_the_browser_has_are_not_sent_again(host: Any, caplog: pytest.LogCaptureFixture) -> None:
    _, headers, _ = await get(host, "/static/podium.js")
    status, _, body = await get(host, "/static/podium.js", {"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, "")
    assert caplog.records == []


async def test_a_socket_that_nobody_serves_is_refused(host: Any, caplog: pytest.LogCaptureFixture) -> None:
    handshake = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    assert (await get(host, "/nowhere", handshake))[0] == 404
    assert not [record for record in caplog.records if record.exc_info]
