# SPDX-License-Identifier: Apache-2.0
"""Operations by name over REST, and plain requests."""

import pytest

from podium.hosts.testing import CallError, Host


def test_fields_go_into_the_path_and_the_query(host: Host) -> None:
    service = host.client("service")
    assert service.call("Echo", session_id="algebra", words=["true", "words"], loud=True) == {
        "text": "TRUE WORDS",
        "by": "test-service",
    }


def test_fields_go_into_the_body(host: Host) -> None:
    token = host.client().call("CreateJoinToken", session_id="algebra", grants=["record"])["token"]
    assert token.count(".") == 2
    assert host.client("student", "algebra", grants=["record"]).call("WhoAmI")["grants"] == ["record"]


def test_a_refusal_has_code_field_and_status(host: Host) -> None:
    with pytest.raises(CallError) as refused:
        host.client("service").call("Echo", session_id="algebra")
    error = refused.value
    assert (error.code, error.message, error.field, error.status) == ("nothing_said", "say something", "words", 400)
    assert str(error) == "nothing_said: say something (field words)"


def test_roles_count(host: Host) -> None:
    for role, session_id, status in (("anonymous", None, 401), ("student", "geometry", 403)):
        with pytest.raises(CallError) as refused:
            host.client(role, session_id).call("Echo", session_id="algebra", words=["a"])
        assert refused.value.status == status


def test_mistakes_are_named(host: Host) -> None:
    with pytest.raises(CallError, match="did you mean 'WhoAmI'"):
        host.client().call("WhoamI")
    with pytest.raises(CallError, match="needs a field 'session_id'"):
        host.client("service").call("Echo", words=["a"])


def test_any_request_gives_its_answer(host: Host) -> None:
    client = host.client()
    assert client.get("/static/podium.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/nowhere").status == 404
    assert client.post("/api/rooms/algebra/tokens", json={"role": "student"}).json()["expires_in"] == 7200
    assert client.post("/api/rooms/algebra/tokens", "{").json()["code"] == "unsupported_media_type"
    answer = client.request("GET", "/api/caller", headers={"Authorization": "Bearer nonsense"})
    assert answer.status == 401


def test_files_are_asked_for_in_ranges(host: Host) -> None:
    client = host.client("anonymous")
    whole = client.get("/plugins/polite/letters")
    assert (whole.status, whole.body, whole.headers["accept-ranges"]) == (200, b"abcdefghij", "bytes")
    part = client.request("GET", "/plugins/polite/letters", headers={"Range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"cde", "bytes 2-4/10")
    head = client.request("HEAD", "/plugins/polite/letters")
    assert (head.body, head.headers["content-length"]) == (b"", "10")
