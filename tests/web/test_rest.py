# SPDX-License-Identifier: Apache-2.0
"""Operations over HTTP: status, one shape of error, credentials, limits, and the document that describes them."""

import json
from http.client import HTTPConnection
from typing import Annotated, Any, NamedTuple

import msgspec
import pytest
import trio
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from podium.core.errors import PodiumError
from podium.core.identity import Caller
from podium.core.operations import declare
from podium.hosts.web.rest import STATUS
from tests.web.conftest import ADMINISTRATOR, SERVICE

KEY = SERVICE.key


class Answer(NamedTuple):
    status: int
    headers: Any
    content: Any

    @property
    def code(self) -> str:
        assert set(self.content) == {"code", "message", "field"}
        return str(self.content["code"])


async def ask(
    host: Any,
    route: str,
    body: Any = None,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One request; a body that is not bytes is sent as JSON."""
    method, _, path = route.partition(" ")
    sent = dict(headers or {})
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()

    def request() -> Answer:
        connection = HTTPConnection("127.0.0.1", host.port)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, json.loads(response.read() or b"null"))
        finally:
            connection.close()

    return await trio.to_thread.run_sync(request)


class Search(msgspec.Struct, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1)] = 10
    exact: bool = False
    words: tuple[str, ...] = ()
    name: str | None = None


class Found(msgspec.Struct):
    request: Search


async def search(context: Any, caller: Caller, request: Search) -> Found:
    """Say what was asked."""
    return Found(request)


async def store(context: Any, caller: Caller, request: Search) -> Found:
    """Raise what the name says."""
    if request.name:
        raise PodiumError(request.name, "as you wish")
    raise RuntimeError("a fault of ours")


@pytest.fixture
def extended(host: Any) -> Any:
    """A host with operations of a plugin."""
    host.services.registry.offer("library", declare(search, roles=("anonymous", "service"), rest="GET /books"))
    host.services.registry.offer("library", declare(store, roles=("service",), rest="PUT /books/{name}"))
    return host


async def test_an_operation_answers_whoever_may_call_it(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join("Ada", participant_id="ada")
        answer = await ask(host, "GET /api/rooms/algebra", key=KEY)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content["session_id"] == "algebra"
        assert [person["participant_id"] for person in answer.content["participants"]] == ["ada"]


async def test_closing_a_room_sends_everybody_away(host: Any) -> None:
    async with host.connect() as ada:
        await ada.join("Ada")
        answer = await ask(host, "DELETE /api/rooms/algebra", key=host.token("instructor"))
        assert answer.content == {"session_id": "algebra", "participants": 1}
        assert (await ada.receive_type("Left"))["reason"] == "room_closed"


async def test_a_token_made_over_rest_lets_somebody_in(host: Any) -> None:
    host.rooms.ad_hoc = False
    made = await ask(host, "POST /api/rooms/algebra/tokens", {"display_name": "Ada"}, key=KEY)
    assert made.status == 200
    async with host.connect() as ada:
        joined = await ada.join("whoever", token=made.content["token"])
        assert joined["participant_id"] == made.content["participant_id"]
        assert joined["display_name"] == "Ada"


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, "unauthenticated"),
        ("Bearer ", 401, "credential_invalid"),
        ("Basic dTpw", 401, "credential_invalid"),
        ("Bearer podium_guess", 401, "key_invalid"),
        ("Bearer a.b.c", 401, "token_invalid"),
        (f"Bearer {'x' * 9000}", 401, "credential_invalid"),
        pytest.param(f"bearer  {KEY}", 200, None, id="key-of-a-service"),
        pytest.param(f"Bearer {ADMINISTRATOR.key}", 200, None, id="key-of-an-administrator"),
    ],
)
async def test_a_credential_comes_as_bearer(host: Any, header: str | None, status: int, code: str | None) -> None:
    answer = await ask(host, "GET /api/rooms", headers={"Authorization": header} if header else {})
    assert answer.status == status
    if code:
        assert answer.code == code
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_wrong_credential_is_refused_even_where_none_is_needed(host: Any) -> None:
    assert (await ask(host, "GET /api/caller")).content["role"] == "anonymous"
    assert (await ask(host, "GET /api/caller", key="a.b.c")).status == 401


async def test_a_role_that_is_not_enough_is_forbidden(host: Any) -> None:
    assert (await ask(host, "DELETE /api/rooms/algebra", key=host.token("student"))).status == 403
    assert (await ask(host, "DELETE /api/rooms/botany", key=host.token("instructor"))).code == "forbidden"


@pytest.mark.parametrize(
    ("route", "body", "status", "code", "field"),
    [
        ("GET /api/nothing", None, 404, "route_unknown", None),
        ("GET /api/rooms/algebra/", None, 404, "route_unknown", None),
        ("PUT /api/rooms", {}, 405, "method_not_allowed", None),
        ("GET /api/rooms/algebra", None, 404, "room_unknown", "session_id"),
        ("GET /api/rooms/a%20b", None, 400, "field_invalid", "session_id"),
        ("GET /api/rooms?limit=3", None, 400, "field_unknown", "limit"),
        ("GET /api/rooms/algebra?session_id=botany", None, 400, "field_twice", "session_id"),
        ("POST /api/rooms/algebra/tokens", b"{", 400, "not_json", None),
        ("POST /api/rooms/algebra/tokens", b"[" * 50_000, 400, "not_json", None),
        ("POST /api/rooms/algebra/tokens", b"\xff", 400, "not_json", None),
        ("POST /api/rooms/algebra/tokens", [], 400, "not_an_object", None),
        ("POST /api/rooms/algebra/tokens", {"session_id": "botany"}, 400, "field_twice", "session_id"),
        ("POST /api/rooms/algebra/tokens", {"roel": "student"}, 400, "field_unknown", "roel"),
        ("POST /api/rooms/algebra/tokens", {"lifetime": "60"}, 400, "field_invalid", "lifetime"),
        ("POST /api/rooms/algebra/tokens?role=student", {}, 400, "query_unexpected", None),
        ("POST /api/rooms/algebra/tokens", {"display_name": "x" * 70_000}, 413, "request_entity_too_large", None),
    ],
)
async def test_what_is_wrong_is_said_in_one_shape(
    host: Any, route: str, body: Any, status: int, code: str, field: str | None
) -> None:
    answer = await ask(host, route, body, key=KEY)
    assert (answer.status, answer.code, answer.content["field"]) == (status, code, field)


async def test_another_method_is_told_which_there_are(host: Any) -> None:
    assert (await ask(host, "PUT /api/rooms/algebra", {}, key=KEY)).headers["Allow"] == "DELETE, GET"


async def test_a_body_says_that_it_is_json(host: Any) -> None:
    form = {"Content-Type": "text/plain"}
    answer = await ask(host, "POST /api/rooms/algebra/tokens", b"{}", key=KEY, headers=form)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


async def test_text_of_a_query_becomes_what_the_fields_are(extended: Any) -> None:
    answer = await ask(extended, "GET /api/books?limit=3&exact=true&words=a&words=b&name=5")
    assert answer.content == {"request": {"limit": 3, "exact": True, "words": ["a", "b"], "name": "5"}}
    assert (await ask(extended, "GET /api/books?words=a")).content["request"]["words"] == ["a"]
    refused = await ask(extended, "GET /api/books?limit=three")
    assert (refused.status, refused.content["field"]) == (400, "limit")
    assert (await ask(extended, "GET /api/books?limit=0")).content["field"] == "limit"


@pytest.mark.parametrize(
    ("code", "status"), [("shelf_full", 409), ("book_unknown", 404), ("card_expired", 401), ("odd", 400)]
)
async def test_errors_of_a_plugin_get_a_fitting_status(extended: Any, code: str, status: int) -> None:
    answer = await ask(extended, f"PUT /api/books/{code}", key=KEY)
    assert (answer.status, answer.code) == (status, code)


async def test_a_fault_is_told_without_its_text(extended: Any, caplog: pytest.LogCaptureFixture) -> None:
    extended.services.registry.withdraw("library")
    extended.services.registry.offer("library", declare(store, roles=("service",), rest="POST /books"))
    answer = await ask(extended, "POST /api/books", {}, key=KEY)
    assert (answer.status, answer.code) == (500, "internal")
    assert "fault of ours" not in answer.content["message"]
    assert "fault of ours" in caplog.text


async def test_withdrawn_operations_are_gone(extended: Any) -> None:
    assert "/api/books" in (await ask(extended, "GET /api/openapi.json")).content["paths"]
    extended.services.dispatcher.withdraw("library")
    assert (await ask(extended, "GET /api/books")).status == 404
    assert "/api/books" not in (await ask(extended, "GET /api/openapi.json")).content["paths"]


class TestDocument:
    async def test_it_is_valid(self, extended: Any) -> None:
        document = (await ask(extended, "GET /api/openapi.json")).content
        validate(document, cls=OpenAPIV31SpecValidator)

    async def test_it_names_every_operation_once(self, extended: Any) -> None:
        document = (await ask(extended, "GET /api/openapi.json")).content
        entries = [entry for methods in document["paths"].values() for entry in methods.values()]
        assert {entry["operationId"] for entry in entries} == set(extended.services.registry.names())
        assert {entry["tags"][0] for entry in entries} == {"core", "library"}

    async def test_fields_are_where_they_are_taken_from(self, extended: Any) -> None:
        paths = (await ask(extended, "GET /api/openapi.json")).content["paths"]
        query = paths["/api/books"]["get"]
        assert {(one["name"], one["in"]) for one in query["parameters"]} == {
            (name, "query") for name in Search.__struct_fields__
        }
        assert "requestBody" not in query
        assert query["security"] == [{}, {"bearer": []}]
        tokens = paths["/api/rooms/{session_id}/tokens"]["post"]
        assert [(one["name"], one["in"], one["required"]) for one in tokens["parameters"]] == [
            ("session_id", "path", True)
        ]
        body = tokens["requestBody"]["content"]["application/json"]["schema"]
        assert "session_id" not in body["properties"]
        assert tokens["security"] == [{"bearer": []}]
        assert tokens["x-podium-roles"] == ["administrator", "instructor", "service"]


async def test_the_page_for_people_needs_nothing_from_elsewhere(host: Any) -> None:
    def get(path: str) -> tuple[str, Any]:
        connection = HTTPConnection("127.0.0.1", host.port)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read().decode(), response.headers
        finally:
            connection.close()

    page, headers = await trio.to_thread.run_sync(get, "/api")
    script, _ = await trio.to_thread.run_sync(get, "/static/api.js")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "://" not in page
    assert "innerHTML" not in script
    assert "<script>" not in page


def test_every_kind_of_error_has_a_status() -> None:
    assert all(status >= 400 for status in STATUS.values())
