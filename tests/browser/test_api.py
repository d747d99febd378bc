# SPDX-License-Identifier: Apache-2.0
"""The page of the API in a real browser, and a link with a token."""

from pathlib import Path
from typing import Any

import pytest

from podium.core.identity import JoinTokens, new_key

pytestmark = pytest.mark.browser

SECRET = "a secret of the tests, long enough to be one"
KEY = new_key("crm")


@pytest.fixture
def guarded(start_host: Any, tmp_path: Path) -> Any:
    """A host with a secret and a key that the tests know."""
    with start_host(tmp_path, PODIUM_AUTH__SECRET=SECRET, PODIUM_AUTH__API_KEYS=KEY.entry) as host:
        yield host


def test_operations_can_be_read_and_tried(blank: Any, guarded: Any) -> None:
    blank.goto(f"{guarded.url}/api")
    blank.wait_for("document.querySelectorAll('.operation').length >= 5")
    blank.fill("#credential", KEY.key)
    blank.click("#credential-form button")
    blank.wait_for("document.getElementById('identity').textContent === 'service · crm'")
    blank.click("#CreateJoinToken summary")
    blank.fill("#CreateJoinToken .field:nth-child(1) input", "algebra")
    blank.click("#CreateJoinToken form button")
    blank.wait_for("document.querySelector('#CreateJoinToken .answer').textContent.startsWith('200')")
    assert "/room/algebra?token=" in blank.text("#CreateJoinToken .answer")
    assert blank.problems == []


def test_a_link_with_a_token_makes_whom_it_says(blank: Any, guarded: Any) -> None:
    token = JoinTokens(SECRET).issue("algebra", "assistant", lifetime=60, participant_id="ada")
    blank.goto(f"{guarded.url}/room/algebra?name=Ada&token={token}")
    blank.wait_for("document.getElementById('name')?.value === 'Ada'")
    blank.click("#join")
    blank.wait_for("podium.state === 'connected'")
    assert blank.evaluate("podium.participantId") == "ada"
    assert blank.problems == []
