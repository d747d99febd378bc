# SPDX-License-Identifier: Apache-2.0
"""`podium key` makes a key that the configuration it prints lets in."""

import re
from pathlib import Path

import pytest

from podium.core.config import load_config
from podium.core.identity import Caller, open_identities
from podium.hosts.cli import main


@pytest.mark.parametrize(("options", "role"), [([], "service"), (["--role", "administrator"], "administrator")])
async def test_the_printed_entry_lets_the_printed_key_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], role: str
) -> None:
    assert main(["key", "crm", *options]) == 0
    out = capsys.readouterr().out
    key, entry = re.findall(r"^  (\S+)$", out, re.MULTILINE)
    file = tmp_path / "podium.toml"
    file.write_text(f"[auth]\napi_keys = [{entry}]\n")
    caller = await open_identities(load_config(file).auth).authenticate(key)
    assert caller == Caller(role=role, subject="crm")  # type: ignore[arg-type]  # one of the two


def test_a_name_that_no_entry_can_hold_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "a:b"]) == 2
    assert "1 to 64 characters" in capsys.readouterr().err
