# SPDX-License-Identifier: Apache-2.0
"""One credential makes one caller, whichever way of logging in it belongs to."""

import hashlib
import hmac
from typing import Any

import msgspec
import pytest

from podium.core.config import AuthConfig
from podium.core.identity import (
    ANONYMOUS,
    ApiKeys,
    AuthenticationError,
    Caller,
    JoinTokens,
    new_key,
    open_identities,
)

SECRET = "a secret of the tests, long enough to be one"


class TestApiKeys:
    def test_a_key_makes_its_caller(self) -> None:
        crm, ops = new_key("crm"), new_key("ops", "administrator")
        keys = ApiKeys([crm.entry, ops.entry])
        assert keys.check_untrusted(crm.key) == Caller(role="service", subject="crm")
        assert keys.check_untrusted(ops.key) == Caller(role="administrator", subject="ops")

    def test_the_configuration_holds_the_hash_only(self) -> None:
        key, entry = new_key("crm")
        assert key not in entry
        assert entry == f"crm:service:{hashlib.sha256(key.encode()).hexdigest()}"

    def test_an_unknown_key_is_refused_and_never_repeated(self) -> None:
        stranger = new_key("crm").key
        with pytest.raises(AuthenticationError) as caught:
            ApiKeys([new_key("crm").entry]).check_untrusted(stranger)
        assert caught.value.code == "key_invalid"
        assert stranger not in str(caught.value)

    def test_what_is_no_key_is_left_to_others(self) -> None:
        assert ApiKeys([]).check_untrusted("Podium_x") is None

    def test_all_entries_are_compared_whichever_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        compared: list[str] = []
        real = hmac.compare_digest

        def compare(known: str, given: str) -> bool:
            compared.append(known)
            return real(known, given)

        monkeypatch.setattr(hmac, "compare_digest", compare)
        new = [new_key(name) for name in ("a", "b", "c")]
        assert ApiKeys([key.entry for key in new]).check_untrusted(new[0].key)
        assert len(compared) == 3


class Login:
    """A login of some plugin."""

    async def authenticate(self, credential: str) -> Caller | None:
        return Caller(role="instructor", subject="ada", session_id="algebra") if credential == "open sesame" else None


class Registrar:
    """Knows everybody as students, and bans Eve."""

    async def check(self, caller: Caller) -> None:
        if caller.subject == "eve":
            raise AuthenticationError("banned", "you have been banned")

    async def in_role(self, caller: Caller) -> Caller:
        return msgspec.structs.replace(caller, role="student")


class TestIdentities:
    async def test_tokens_and_keys_are_both_credentials(self) -> None:
        crm = new_key("crm")
        identities = open_identities(AuthConfig(secret=SECRET, api_keys=(crm.entry,)))
        token = JoinTokens(SECRET).issue("algebra", "observer", lifetime=60)
        assert (await identities.authenticate(crm.key)).role == "service"
        assert (await identities.authenticate(token)).role == "observer"

    async def test_a_login_of_a_plugin_counts_while_it_is_there(self) -> None:
        identities, login = open_identities(AuthConfig()), Login()
        identities.add(login)
        assert (await identities.authenticate("open sesame")).subject == "ada"
        identities.remove(login)
        with pytest.raises(AuthenticationError):
            await identities.authenticate("open sesame")

    @pytest.mark.parametrize("credential", ["token", "open sesame"])
    async def test_people_are_asked_about_whatever_their_credential(self, credential: str) -> None:
        identities = open_identities(AuthConfig())
        identities.add(Login())
        identities.ask(Registrar())
        if credential == "token":
            credential = identities.tokens.issue("algebra", "instructor", lifetime=60, participant_id="ada")
        assert (await identities.authenticate(credential)).role == "student"
        assert (await identities.authenticate(credential, joining=True)).role == "instructor"

    async def test_a_credential_that_counts_no_more_is_refused(self) -> None:
        identities = open_identities(AuthConfig())
        identities.ask(Registrar())
        token = identities.tokens.issue("algebra", "student", lifetime=60, participant_id="eve")
        for joining in (True, False):
            with pytest.raises(AuthenticationError, match="you have been banned"):
                await identities.authenticate(token, joining=joining)

    async def test_nobody_is_asked_about_machines_and_tokens_without_a_person(self) -> None:
        crm = new_key("eve")
        identities = open_identities(AuthConfig(api_keys=(crm.entry,)))
        identities.ask(Registrar())
        token = identities.tokens.issue("algebra", "instructor", lifetime=60)
        assert (await identities.authenticate(crm.key)).role == "service"
        assert (await identities.authenticate(token)).role == "instructor"

    async def test_what_nobody_knows_is_refused(self) -> None:
        with pytest.raises(AuthenticationError) as caught:
            await open_identities(AuthConfig()).authenticate("guess")
        assert "guess" not in caught.value.message

    async def test_without_a_secret_each_start_makes_one(self) -> None:
        token = open_identities(AuthConfig()).tokens.issue("algebra", "student", lifetime=60)
        with pytest.raises(AuthenticationError):
            await open_identities(AuthConfig()).authenticate(token)

    async def test_the_previous_secret_of_the_configuration_counts(self) -> None:
        token = JoinTokens(SECRET).issue("algebra", "student", lifetime=60)
        config = AuthConfig(secret="x" * 32, previous_secret=SECRET)
        assert (await open_identities(config).authenticate(token)).role == "student"


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [
        (Caller(role="instructor", session_id="algebra"), True),
        (Caller(role="instructor", session_id="botany"), False),
        (Caller(role="instructor"), False),
        (Caller(role="service"), True),
        (Caller(role="administrator"), True),
        (ANONYMOUS, True),
    ],
)
def test_a_role_of_a_room_counts_in_its_session_only(caller: Any, allowed: bool) -> None:
    assert caller.may_act_in("algebra") is allowed


def test_the_configuration_shows_no_secret() -> None:
    assert SECRET not in repr(AuthConfig(secret=SECRET))
