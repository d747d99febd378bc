# SPDX-License-Identifier: Apache-2.0
"""A join token says who may be where; nothing but our secrets makes one, and none lives for ever."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.identity import AuthenticationError, Caller, JoinTokens
from podium.core.identity.tokens import AUDIENCE, LEEWAY, key_id
from podium.core.rooms.identity import RoomError

SECRET = "a secret of the tests, long enough to be one, and for SHA-384 too"
OTHER = "another secret of the tests, which is long enough to be one as well"
NOW = 1_900_000_000.0


def issue(tokens: JoinTokens | None = None, **claims: Any) -> str:
    return (tokens or JoinTokens(SECRET)).issue("algebra", "student", **{"lifetime": 60, "now": NOW, **claims})


def forged(secret: str = SECRET, kid: str | None = None, algorithm: str = "HS256", **claims: Any) -> str:
    """A token made by hand, right but for what is said."""
    content = {"aud": AUDIENCE, "iat": NOW, "exp": int(NOW) + 60, "session": "algebra", "role": "student", **claims}
    content = {name: int(value) if name == "iat" and value == NOW else value for name, value in content.items()}
    present = {name: value for name, value in content.items() if value is not ...}
    return jwt.encode(present, secret, algorithm=algorithm, headers={"kid": kid or key_id(SECRET)})


def test_a_token_says_who_somebody_is() -> None:
    token = issue(participant_id="ada", display_name="Ada L.", grants=("record", "record"))
    assert JoinTokens(SECRET).check_untrusted(token, NOW) == Caller(
        role="student", subject="ada", session_id="algebra", display_name="Ada L.", grants=frozenset({"record"})
    )


def test_the_secret_is_not_in_the_token() -> None:
    assert SECRET not in issue()
    assert key_id(SECRET) != key_id(OTHER)


@pytest.mark.parametrize(("moment", "code"), [(59.0, None), (60.0, "token_expired"), (1e9, "token_expired")])
def test_a_token_expires(moment: float, code: str | None) -> None:
    tokens = JoinTokens(SECRET)
    if code is None:
        assert tokens.check_untrusted(issue(), NOW + moment)
        return
    with pytest.raises(AuthenticationError) as caught:
        tokens.check_untrusted(issue(), NOW + moment)
    assert (caught.value.code, caught.value.field) == (code, "token")


def test_clocks_may_differ_a_little() -> None:
    tokens = JoinTokens(SECRET)
    assert tokens.check_untrusted(issue(), NOW - LEEWAY)
    with pytest.raises(AuthenticationError, match="not valid yet"):
        tokens.check_untrusted(issue(), NOW - LEEWAY - 1)


def test_tokens_of_the_previous_secret_still_count() -> None:
    old = issue(JoinTokens(OTHER))
    assert JoinTokens(SECRET, [OTHER]).check_untrusted(old, NOW)
    assert JoinTokens(SECRET).check_untrusted(old, NOW) is None


@pytest.mark.parametrize(
    "token",
    [
        forged(OTHER),
        forged(algorithm="HS384"),
        forged(aud="somebody.else"),
        forged(aud=...),
        forged(exp=...),
        forged(iat=...),
        forged(session=...),
        forged(role=...),
        forged(role="administrator"),
        forged(role="service"),
        forged(grants="record"),
        forged(nickname="Ada"),
        forged(exp="tomorrow"),
    ],
)
def test_a_forged_token_is_refused_without_a_reason(token: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        JoinTokens(SECRET).check_untrusted(token, NOW)
    assert caught.value.code == "token_invalid"
    assert caught.value.message == "this join token is not valid"


def test_a_token_without_a_signature_is_refused() -> None:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    claims = jwt.decode(issue(), options={"verify_signature": False})
    token = f"{part({'alg': 'none', 'kid': key_id(SECRET)})}.{part(claims)}."
    with pytest.raises(AuthenticationError):
        JoinTokens(SECRET).check_untrusted(token, NOW)


@pytest.mark.parametrize("kid", ["", "unknown", 5, None, ["a"]])
def test_what_was_signed_by_others_is_left_to_others(kid: Any) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": kid}).encode()).decode().rstrip("=")
    assert JoinTokens(SECRET).check_untrusted(f"{header}.e30.e30", NOW) is None


def test_a_deeply_nested_header_does_no_harm() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
    assert JoinTokens(SECRET).check_untrusted(f"{nested}.e30.e30", NOW) is None


@given(st.one_of(st.text(), st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]+", fullmatch=True)))
def test_nonsense_is_nobody(text: str) -> None:
    assert JoinTokens(SECRET).check_untrusted(text, NOW) is None


@given(st.data())
def test_a_changed_character_makes_nobody(data: st.DataObject) -> None:
    """Nobody, by an error or as a token that is not ours: base64 that is malformed hides the key id."""
    token = issue(participant_id="ada")
    place = data.draw(st.integers(token.index(".") + 1, len(token) - 2))  # the last one may hold unused bits
    character = data.draw(st.sampled_from("abcXYZ012-_").filter(lambda one: one != token[place]))
    try:
        caller = JoinTokens(SECRET).check_untrusted(token[:place] + character + token[place + 1 :], NOW)
    except AuthenticationError:
        return
    assert caller is None


@pytest.mark.parametrize("wrong", [{"participant_id": "a b"}, {"display_name": " "}, {"participant_id": "x" * 65}])
def test_no_token_is_made_that_no_room_would_take(wrong: dict[str, Any]) -> None:
    with pytest.raises(RoomError):
        issue(**wrong)
