# SPDX-License-Identifier: Apache-2.0
"""Logins of plugins: who knows a credential decides, and no fault of a plugin makes anybody somebody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from podium.core import AuthenticationError, Caller, Identities, Plugin, Veto, new_key, open_identities
from podium.core.config import AuthConfig
from podium.core.plugins.login import PluginLogin
from tests.plugins.stand_ins import problems, running

ADA = Caller(role="instructor", subject="ada", session_id="algebra")
KEY = new_key("crm")


def login(name: str, answer: Any) -> Plugin:
    """A plugin that answers this to everything, or raises it, or does not answer."""
    plugin = Plugin(name, version="1.0")

    @plugin.hook
    async def authenticate(credential: str) -> Caller | Veto | None:
        assert not credential.startswith("podium_")  # API keys are Podium's own
        if answer == "hang":
            await trio.sleep_forever()
        if isinstance(answer, Exception):
            raise answer
        found: Caller | Veto | None = answer
        return found

    return plugin


@asynccontextmanager
async def identities(tmp_path: Path, *answers: Any) -> AsyncIterator[Identities]:
    plugins = [login(f"login{number}", answer) for number, answer in enumerate(answers)]
    async with running(tmp_path, *plugins) as manager:
        found = open_identities(AuthConfig(api_keys=(KEY.entry,)))
        found.add(PluginLogin(manager.hooks))
        yield found


async def test_the_first_plugin_that_knows_a_credential_says_who_it_is(tmp_path: Path) -> None:
    async with identities(tmp_path, None, ADA, Caller(role="service"), Veto("no")) as found:
        assert await found.authenticate("open sesame") == ADA


async def test_a_veto_refuses_with_its_code(tmp_path: Path) -> None:
    async with identities(tmp_path, Veto("this pass has been revoked", "pass_revoked"), ADA) as found:
        with pytest.raises(AuthenticationError, match="this pass has been revoked") as caught:
            await found.authenticate("open sesame")
        assert caught.value.code == "pass_revoked"


async def test_who_fails_or_hangs_is_passed_over(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with identities(tmp_path, ValueError("my fault"), "hang", "nonsense", ADA) as found:
        assert await found.authenticate("open sesame") == ADA


async def test_what_nobody_knows_is_refused(tmp_path: Path) -> None:
    async with identities(tmp_path, None) as found:
        with pytest.raises(AuthenticationError) as caught:
            await found.authenticate("open sesame")
        assert caught.value.code == "token_invalid"


async def test_keys_and_tokens_are_podiums_own(tmp_path: Path) -> None:
    async with identities(tmp_path, Veto("never")) as found:
        assert (await found.authenticate(KEY.key)).subject == "crm"
        token = found.tokens.issue("algebra", "student", lifetime=60)
        assert (await found.authenticate(token)).role == "student"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"role": "dean"}, "Invalid enum value 'dean'"),
        ({"role": "anonymous"}, "a caller who is known is not anonymous"),
        ({"role": "student"}, "role student needs a session_id"),
        ({"role": "student", "session_id": "a b"}, "session_id must be"),
        ({"role": "student", "session_id": "algebra", "subject": "a b"}, "subject must be"),
        ({"role": "student", "session_id": "algebra", "display_name": "\n"}, "display_name must be"),
        ({"role": "service", "grants": frozenset({1})}, "Expected `str`"),
    ],
)
async def test_a_caller_that_is_not_well_formed_counts_for_nothing(
    tmp_path: Path, values: Any, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with identities(tmp_path, Caller(**values), ADA) as found:
        assert await found.authenticate("open sesame") == ADA
    assert ("login is not well-formed", "login0") in problems(caplog)
    assert problem in str([vars(record).get("problem") for record in caplog.records])
    assert "open sesame" not in caplog.text
