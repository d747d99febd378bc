# SPDX-License-Identifier: Apache-2.0
"""What the pages for authors show can be used as it is."""

import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podium.core import Identities, JoinToken, Plugin, PodiumError, WebRequest, open_identities
from podium.core.config import AuthConfig
from podium.core.operations import open_services
from podium.core.plugins.login import PluginLogin
from podium.core.plugins.offering import OperationOffer
from podium.core.plugins.routes import WebResponse
from tests.operations.test_authorization import Rooms
from tests.plugins.stand_ins import running

PAGES = Path(__file__).parents[2] / "docs" / "plugins"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
SECRET = "known to the campus"


def plugin_of(page: str) -> Plugin:
    """What all Python on a page makes, read from top to bottom."""
    names: dict[str, Any] = {"__name__": f"page_{page}"}
    for block in BLOCK.findall((PAGES / f"{page}.md").read_text()):
        exec(compile(block, f"{page}.md", "exec"), names)
    plugin = names["plugin"]
    assert isinstance(plugin, Plugin)
    return plugin


@pytest.mark.parametrize(
    ("page", "added"),
    [
        ("panels", "panels"),
        ("events", "events"),
        ("routes", "routes"),
        ("commands", "commands"),
        ("login", "routes"),
        ("login", "hooks"),
        ("rooms", "hooks"),
    ],
)
def test_the_python_of_a_page_runs(page: str, added: str) -> None:
    assert getattr(plugin_of(page), added)


def launch(**changes: Any) -> tuple[str, str]:
    """What the campus says, and its signature."""
    said = {"session_id": "algebra", "person": "ada", "name": "Ada", "role": "student", "expires": time.time() + 60}
    text = msgspec.json.encode(said | changes).decode()
    return text, hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


class TestTheLogin:
    async def asked(self, tmp_path: Path, body: bytes) -> tuple[WebResponse | PodiumError, Identities]:
        plugin, services = plugin_of("login"), open_services(Rooms())
        async with running(tmp_path, plugin, text=f"[plugins.campus]\nsecret = '{SECRET}'\n") as manager:
            manager.watch(OperationOffer(services.dispatcher))
            home = manager.home("campus")
            assert home is not None
            request = WebRequest(method="POST", path="/launch", body=body)
            answer = await home.call(plugin.routes["POST /launch"].call(home.context, request))
            return answer.value, services.identities

    async def test_a_launch_leads_into_the_room(self, tmp_path: Path) -> None:
        text, signature = launch(role="instructor")
        answer, identities = await self.asked(tmp_path, f"launch={text}&signature={signature}".encode())
        assert isinstance(answer, WebResponse)
        path, _, token = answer.headers["Location"].partition("?token=")
        assert (answer.status, path) == (303, "/room/algebra")
        caller = await identities.authenticate(token)
        assert (caller.role, caller.subject, caller.display_name) == ("instructor", "ada", "Ada")

    @pytest.mark.parametrize(("expires", "signature"), [(0, None), (9e9, "wrong")])
    async def test_a_wrong_or_late_launch_is_refused(
        self, tmp_path: Path, expires: float, signature: str | None
    ) -> None:
        text, right = launch(expires=expires)
        answer, _ = await self.asked(tmp_path, f"launch={text}&signature={signature or right}".encode())
        assert isinstance(answer, PodiumError)
        assert answer.code == ("launch_forbidden" if signature else "launch_expired")

    async def test_a_credential_of_the_campus_is_good(self, tmp_path: Path) -> None:
        plugin = plugin_of("login")
        async with running(tmp_path, plugin, text=f"[plugins.campus]\nsecret = '{SECRET}'\n") as manager:
            identities = open_identities(AuthConfig())
            identities.add(PluginLogin(manager.hooks))
            caller = await identities.authenticate(".".join(launch()))
            assert (caller.role, caller.subject, caller.session_id) == ("student", "ada", "algebra")
            with pytest.raises(PodiumError) as caught:
                await identities.authenticate(f"{launch()[0]}.wrong")
            assert caught.value.code == "launch_forbidden"


def test_a_join_token_is_what_the_operation_answers_with() -> None:
    assert JoinToken.__struct_fields__ == ("token", "participant_id", "expires_in", "path")
