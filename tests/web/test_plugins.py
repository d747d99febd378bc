# SPDX-License-Identifier: Apache-2.0
"""What running plugins serve over HTTP: files, routes and events, and nothing of those that do not run."""

import importlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trio
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from trio.testing import wait_all_tasks_blocked

from podium.core import (
    Caller,
    Event,
    JoinToken,
    Plugin,
    PluginContext,
    PluginState,
    PodiumError,
    Veto,
    WebRequest,
    WebResponse,
)
from podium.core.operations import open_services
from podium.core.plugins import discovery
from podium.core.plugins.plugin_events import EventOffer
from podium.hosts.web.plugin_files import LARGEST_FILE, LARGEST_FOLDER, read_files
from podium.hosts.web.plugins import PluginPages
from podium.hosts.web.server import serve
from tests.plugins.stand_ins import Point, config_of, problems, running
from tests.web.conftest import SERVICE, FakeRooms
from tests.web.site import Answer, Listener, Site, open_site

_numbers = count(1)
MakePackage = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePackage:
    """Makes a package with these files in `static/`; its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(**contents: bytes) -> str:
        name = f"static_package_{next(_numbers)}"
        folder = tmp_path / name / "static"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").write_text("")
        for file, content in contents.items():
            path = folder / file.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        importlib.invalidate_caches()
        return name

    return make


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Site]]:
    return lambda *plugins: open_site(tmp_path, *plugins)


class TestFiles:
    async def test_files_are_served_while_their_plugin_runs(self, site: Any, package: MakePackage) -> None:
        name = package(panel_js=b"export {}", icons__hand_svg=b"<svg/>", notes_txt=b"not for browsers")
        async with site(Plugin("attendance", version="1.0", static=name)) as host:
            module = await host.ask("GET /plugins/attendance/static/panel.js")
            assert (module.status, module.body) == (200, b"export {}")
            assert module.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert "default-src 'self'" in module.headers["Content-Security-Policy"]
            assert (await host.ask("GET /plugins/attendance/static/icons/hand.svg")).status == 200
            again = await host.ask("GET /plugins/attendance/static/panel.js", If_None_Match=module.headers["ETag"])
            assert (again.status, again.body) == (304, b"")
            for path in ("static/notes.txt", "static/../__init__.py", "static/%2e%2e/__init__.py", "static/", "static"):
                assert (await host.ask(f"GET /plugins/attendance/{path}")).status == 404
            assert (await host.ask("GET /plugins/nobody/static/panel.js")).code == "route_unknown"
            await host.plugins.disable("attendance")
            assert (await host.ask("GET /plugins/attendance/static/panel.js")).code == "route_unknown"
            await host.plugins.enable("attendance")
            assert (await host.ask("GET /plugins/attendance/static/panel.js")).status == 200

    @pytest.mark.parametrize(
        ("contents", "panel", "problem"),
        [
            ({"large_js": bytes(LARGEST_FILE + 1)}, None, "static/large.js is larger than 2 MB"),
            (
                {f"file{n}_js": bytes(LARGEST_FILE) for n in range(LARGEST_FOLDER // LARGEST_FILE + 1)},
                None,
                "static/ is larger than 16 MB in all",
            ),
            ({"panel_js": b""}, "sheet.js", "static/sheet.js, the module of panel sheet, is missing"),
        ],
    )
    async def test_what_cannot_be_served_fails_the_plugin(
        self, tmp_path: Path, package: MakePackage, contents: Any, panel: str | None, problem: str
    ) -> None:
        plugin = Plugin("attendance", version="1.0", static=package(**contents))
        if panel is not None:
            plugin.panel("sheet", title="Sheet", module=panel)
        async with running(tmp_path, plugin, text="") as manager:
            manager.before_start(PluginPages(manager, open_services(FakeRooms()), EventOffer()).prepare)
            with pytest.raises(PodiumError, match=problem):
                await manager.enable("attendance")
            assert [(each.state, each.last_error) for each in manager.reports()] == [
                (PluginState.FAILED, f"cannot start: {problem}")
            ]

    def test_a_package_without_files_is_named(self) -> None:
        with pytest.raises(PodiumError, match=r"package podium\.core has no folder static/"):
            read_files(Plugin("attendance", version="1.0", static="podium.core"))


def attendance() -> Plugin:
    """A plugin with a route for each thing that can happen."""
    plugin = Plugin("attendance", version="1.0")

    @plugin.route("GET", "/sheet/{session_id}")
    async def sheet(context: PluginContext, request: WebRequest) -> WebResponse:
        told = {
            "path": request.path,
            "fields": request.fields,
            "query": request.query,
            "headers": sorted(request.headers),
            "caller": request.caller.role,
            "subject": request.caller.subject,
        }
        return WebResponse(body=json.dumps(told), content_type="application/json", headers={"ETag": '"1"'})

    @plugin.route("GET", "/sheet/all")
    async def everything(context: PluginContext, request: WebRequest) -> WebResponse:
        return WebResponse(body="all of them")

    @plugin.route("POST", "/hook")
    async def hook(context: PluginContext, request: WebRequest) -> WebResponse:
        return WebResponse(body=request.body[::-1], status=202, headers={"Set-Cookie": "a=b", "X-Frame-Options": "no"})

    @plugin.route("GET", "/gone/{what}")
    async def gone(context: PluginContext, request: WebRequest) -> WebResponse:
        raise PodiumError(request.fields["what"], "as it was asked for", "what")

    @plugin.route("GET", "/crash")
    async def crash(context: PluginContext, request: WebRequest) -> WebResponse:
        raise ValueError("my fault")

    @plugin.route("GET", "/nonsense")
    async def nonsense(context: PluginContext, request: WebRequest) -> WebResponse:
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]  # what is wrong with it

    @plugin.route("GET", "/slow")
    async def slow(context: PluginContext, request: WebRequest) -> WebResponse:
        await trio.sleep_forever()

    @plugin.route("GET", "/enter")
    async def enter(context: PluginContext, request: WebRequest) -> WebResponse:
        asked = {"session_id": "algebra", "role": "instructor", "display_name": "Ada"}
        made = await context.operations.call("CreateJoinToken", asked, JoinToken)
        return WebResponse(status=303, headers={"Location": made.path})

    return plugin


def counted(host: Site, route: str) -> Any:
    (report,) = host.plugins.reports()
    return next(each.statistics for each in report.routes if each.name == route)


class TestRoutes:
    async def test_a_route_gets_what_was_asked_but_no_credential(self, site: Any) -> None:
        async with site(attendance()) as host:
            headers = {"Authorization": f"Bearer {SERVICE.key}", "Cookie": "a=b", "X_Signature": "abc"}
            answer = await host.ask("GET /plugins/attendance/sheet/algebra?day=1&day=2&of=%C3%A9", **headers)
            assert answer.status == 200
            assert (answer.headers["Content-Type"], answer.headers["ETag"]) == ("application/json", '"1"')
            told = json.loads(answer.body)
            assert told["path"] == "/sheet/algebra"
            assert told["fields"] == {"session_id": "algebra"}
            assert told["query"] == {"day": "1", "of": "é"}
            assert "x-signature" in told["headers"]
            assert not {"authorization", "cookie"} & set(told["headers"])
            assert (told["caller"], told["subject"]) == ("service", "crm")

    async def test_who_shows_nothing_is_anonymous_and_who_shows_something_wrong_is_refused(self, site: Any) -> None:
        async with site(attendance()) as host:
            answer = await host.ask("GET /plugins/attendance/sheet/algebra")
            assert json.loads(answer.body)["caller"] == "anonymous"
            refused = await host.ask("GET /plugins/attendance/sheet/algebra", Authorization="Bearer nonsense")
            assert (refused.status, refused.code) == (401, "token_invalid")

    async def test_a_literal_segment_wins_and_heads_are_asked_like_gets(self, site: Any) -> None:
        async with site(attendance()) as host:
            assert (await host.ask("GET /plugins/attendance/sheet/all")).body == b"all of them"
            head = await host.ask("HEAD /plugins/attendance/sheet/all")
            assert (head.status, head.headers["Content-Length"], head.body) == (200, "11", b"")

    async def test_an_answer_sets_no_cookie_and_no_policy(self, site: Any) -> None:
        async with site(attendance()) as host:
            answer = await host.ask("POST /plugins/attendance/hook", b"abc")
            assert (answer.status, answer.body) == (202, b"cba")
            assert "Set-Cookie" not in answer.headers
            assert "X-Frame-Options" not in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("route", "status", "code"),
        [
            ("GET /plugins/attendance/gone/sheet_unknown", 404, "sheet_unknown"),
            ("GET /plugins/attendance/gone/sheet_forbidden", 403, "sheet_forbidden"),
            ("GET /plugins/attendance/gone/odd", 400, "odd"),
            ("GET /plugins/attendance/crash", 500, "internal"),
            ("GET /plugins/attendance/nonsense", 500, "internal"),
            ("GET /plugins/attendance/nothing", 404, "route_unknown"),
            ("GET /plugins/nobody/sheet/algebra", 404, "route_unknown"),
            ("DELETE /plugins/attendance/hook", 405, "method_not_allowed"),
        ],
    )
    async def test_what_goes_wrong_is_said_in_one_shape(self, site: Any, route: str, status: int, code: str) -> None:
        async with site(attendance()) as host:
            answer = await host.ask(route)
            assert (answer.status, answer.code) == (status, code)
            assert b"my fault" not in answer.body

    async def test_a_body_is_bounded(self, site: Any) -> None:
        async with site(attendance()) as host:
            answer = await host.ask("POST /plugins/attendance/hook", bytes(64 * 1024 + 1))
            assert (answer.status, answer.code) == (413, "request_entity_too_large")

    async def test_calls_and_faults_are_counted_for_the_plugin(
        self, site: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with site(attendance()) as host:
            for path in ("crash", "crash", "gone/x"):
                await host.ask(f"GET /plugins/attendance/{path}")
            crash, gone = counted(host, "GET /crash"), counted(host, "GET /gone/{what}")
            assert (crash.calls, crash.errors, crash.last_error) == (2, 2, "ValueError: my fault")
            assert (gone.calls, gone.errors) == (1, 0)
        assert problems(caplog).count(("hook failed", "attendance")) == 1

    async def test_a_handler_that_takes_too_long_is_given_up(self, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("podium.core.plugins.routes.DEADLINE", 0.01)
        async with site(attendance()) as host:
            answer = await host.ask("GET /plugins/attendance/slow")
            assert (answer.status, answer.code) == (504, "timeout")
            assert counted(host, "GET /slow").timeouts == 1

    async def test_a_request_ends_with_its_plugin(self, site: Any) -> None:
        answers: list[Answer] = []
        async with site(attendance()) as host:

            async def ask() -> None:
                answers.append(await host.ask("GET /plugins/attendance/slow"))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask)
                while not counted(host, "GET /slow").calls:
                    await wait_all_tasks_blocked(0.01)
                await host.plugins.disable("attendance")
            assert [(answer.status, answer.code) for answer in answers] == [(503, "plugin_stopped")]
            assert (await host.ask("GET /plugins/attendance/slow")).status == 404

    async def test_requests_at_once_are_bounded(self, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("podium.hosts.web.plugins.MOST_AT_ONCE", 1)
        async with site(attendance()) as host, trio.open_nursery() as nursery:
            nursery.start_soon(host.ask, "GET /plugins/attendance/slow")
            while not counted(host, "GET /slow").calls:
                await wait_all_tasks_blocked(0.01)
            refused = await host.ask("GET /plugins/attendance/sheet/all")
            assert (refused.status, refused.code) == (429, "too_many_requests")
            await host.plugins.disable("attendance")

    async def test_a_login_sends_people_into_a_room(self, site: Any) -> None:
        async with site(attendance()) as host:
            answer = await host.ask("GET /plugins/attendance/enter")
            path, _, token = answer.headers["Location"].partition("?token=")
            assert (answer.status, path) == (303, "/room/algebra")
            caller = await host.services.identities.authenticate(token)
            assert (caller.role, caller.session_id, caller.display_name) == ("instructor", "algebra", "Ada")


class Rated(Event, frozen=True, kw_only=True):
    """Somebody gave stars.

    From one to five.
    """

    stars: int


async def test_the_document_lists_events_while_their_plugin_runs(site: Any) -> None:
    plugin = Plugin("rating", version="1.0")
    plugin.event(roles=("instructor",))(Rated)
    async with site(plugin) as host:
        document = json.loads((await host.ask("GET /api/openapi.json")).body)
        validate(document, cls=OpenAPIV31SpecValidator)
        rated = document["x-podium-events"]["Rated"]
        assert (rated["tags"], rated["x-podium-roles"]) == (["rating"], ["instructor"])
        assert rated["summary"] == "Somebody gave stars."
        schema = document["components"]["schemas"]["Rated"]
        assert rated["schema"] == {"$ref": "#/components/schemas/Rated"}
        assert schema["properties"]["stars"] == {"type": "integer"}
        await host.plugins.disable("rating")
        document = json.loads((await host.ask("GET /api/openapi.json")).body)
        assert document["x-podium-events"] == {}
        assert "Rated" not in document["components"]["schemas"]


async def test_the_host_serves_all_that_its_plugins_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = attendance()
    plugin.event(Rated)

    @plugin.hook
    async def authenticate(credential: str) -> Caller | Veto | None:
        return Caller(role="administrator", subject="ada") if credential == "open sesame" else None

    monkeypatch.setattr(discovery, "entry_points", lambda group: [Point.to("attendance", plugin)])
    text = "web = {host = '127.0.0.1', port = 0}\nmedia = {address = '127.0.0.1', ports = '0', workers = 1}\n"
    config = config_of(tmp_path, f"{text}[plugins.attendance]\n")
    async with trio.open_nursery() as nursery:
        host = Listener((await nursery.start(serve, config)).port)
        told = await host.ask("GET /plugins/attendance/sheet/algebra", Authorization="Bearer open sesame")
        assert json.loads(told.body)["subject"] == "ada"
        listed = await host.ask("GET /api/plugins", Authorization="Bearer open sesame")
        (report,) = json.loads(listed.body)["plugins"]
        assert report["events"] == ["Rated"]
        assert {"name": "GET /sheet/{session_id}"}.items() <= report["routes"][0].items()
        assert report["routes"][0]["statistics"]["calls"] == 1
        document = json.loads((await host.ask("GET /api/openapi.json")).body)
        validate(document, cls=OpenAPIV31SpecValidator)
        assert "/api/rooms/{session_id}/panels" in document["paths"]
        assert set(document["x-podium-events"]) == {"Rated"}
        nursery.cancel_scope.cancel()
