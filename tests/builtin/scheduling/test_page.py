# SPDX-License-Identifier: Apache-2.0
"""The waiting page: what is served, and what it and planners ask over HTTP."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import trio
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from podium.core.plugins.plugin_events import EventOffer
from podium.hosts.web.plugins import PluginPages
from podium.hosts.web.server import ServerInfo, serve_rooms
from tests.builtin.scheduling.stage import Stage, algebra, open_stage
from tests.web.conftest import FakeRooms

STATIC = Path(__file__).parents[3] / "plugins" / "scheduling" / "static"


def test_the_page_has_no_inline_script_and_no_template() -> None:
    page = (STATIC / "join.html").read_text()
    assert '<script type="module" src=' in page
    assert "{{" not in page


async def test_what_the_page_asks_is_answered_over_http(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage, served(stage) as ask:
        scheduled = await stage.schedule()
        path = scheduled.invitations[1].path
        page = await ask("GET", path)
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        for name in ("join.css", "join.js", "waiting.js"):
            assert (await ask("GET", f"/plugins/scheduling/static/{name}")).status == 200
        invitation = {"invitation": path.partition("=")[2]}
        stage.move_to(49)
        status = await ask("POST", "/api/sessions/algebra/status", invitation)
        assert (status.json["can_join"], status.json["opens_in"]) == (False, 60)
        assert "ann@example.org" not in status.body
        early = await ask("POST", "/api/sessions/algebra/join", invitation)
        assert (early.status, early.json["code"]) == (409, "too_early")
        stage.move_to(50)
        entry = await ask("POST", "/api/sessions/algebra/join", invitation)
        assert (entry.status, entry.json["path"].partition("=")[0]) == (200, "/room/algebra?token")


async def test_planners_use_the_same_operations_over_http(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage, served(stage) as ask:
        token = stage.identities.tokens.issue("office", "assistant", lifetime=60, grants=["sessions:write"])
        made = await ask("POST", "/api/sessions", algebra(recurrence="FREQ=WEEKLY;COUNT=3"), token)
        assert (made.status, made.json["session"]["starts_at"]) == (200, "2027-01-11T08:00:00Z")
        query = "starts_from=2027-01-12T00:00:00Z&state=scheduled&limit=1&instructor=ada@example.org"
        page = await ask("GET", f"/api/sessions?{query}", None, token)
        assert [each["occurrence"]["room_id"] for each in page.json["sessions"]] == ["algebra-20270118T0900"]
        page = await ask("GET", f"/api/sessions?{query}&cursor={page.json['next_cursor']}", None, token)
        assert [each["occurrence"]["room_id"] for each in page.json["sessions"]] == ["algebra-20270125T0900"]
        assert page.json["next_cursor"] is None
        wrong = await ask("GET", "/api/sessions?starts_from=2027-01-12T00:00:00", None, token)
        assert (wrong.status, wrong.json["field"]) == (400, "starts_from")
        edit = {"version": 1, "start": "2027-01-19T09:00"}
        moved = await ask("PATCH", "/api/sessions/algebra-20270118T0900", edit, token)
        assert (moved.status, len(moved.json["exceptions"])) == (200, 1)
        late = await ask("PATCH", "/api/sessions/algebra", edit, token)
        assert (late.status, late.json["code"]) == (409, "version_conflict")
        off = await ask("DELETE", "/api/sessions/algebra?version=2", None, token)
        assert (off.status, off.json["cancelled"]) == (200, True)


async def test_the_operations_are_described_for_programs(tmp_path: Path) -> None:
    async with open_stage(tmp_path, f"sqlite:///{tmp_path}/podium.db") as stage, served(stage) as ask:
        document = (await ask("GET", "/api/openapi.json")).json
        validate(document, cls=OpenAPIV31SpecValidator)
        assert {"get", "patch", "delete"} <= set(document["paths"]["/api/sessions/{session_id}"])


class Answer(NamedTuple):
    status: int
    headers: Any
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Awaitable[Answer]]


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[Ask]:
    """The stage behind a real web server."""
    pages = PluginPages(stage.plugins, stage.services, EventOffer())
    plugin = stage.plugin
    await pages.prepare(plugin)
    pages.plugin_started(plugin, stage.plugins.running()["scheduling"])

    async def serve(*, task_status: trio.TaskStatus[ServerInfo]) -> None:
        await serve_rooms(FakeRooms(), "127.0.0.1", 0, stage.services, pages, task_status=task_status)

    async with trio.open_nursery() as nursery:
        info = await nursery.start(serve)

        async def ask(method: str, path: str, body: object = None, token: str | None = None) -> Answer:
            return await trio.to_thread.run_sync(_request, info.port, method, path, body, token, abandon_on_cancel=True)

        yield ask
        nursery.cancel_scope.cancel()


def _request(port: int, method: str, path: str, body: object, token: str | None) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    finally:
        connection.close()
