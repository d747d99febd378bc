# SPDX-License-Identifier: Apache-2.0
"""The server's programs are found where Debian keeps them, and their absence fails with the way out."""

from pathlib import Path

import pytest

from tests.services import postgresql


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgresql, "PACKAGED", tmp_path / "postgresql")
    return tmp_path / "postgresql"


def make_program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    program = folder / "initdb"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_the_newest_packaged_version_is_taken(packaged: Path) -> None:
    for version in ("9", "17", "15"):
        make_program(packaged / version / "bin")
    assert postgresql.find_programs() == packaged / "17" / "bin"


def test_a_link_in_path_leads_to_the_programs(packaged: Path, tmp_path: Path) -> None:
    (tmp_path / "initdb").symlink_to(make_program(tmp_path / "opt" / "bin"))
    assert postgresql.find_programs() == tmp_path / "opt" / "bin"


def test_without_them_tests_fail_with_the_way_out(packaged: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="PostgreSQL is missing: sudo apt-get install postgresql"):
        postgresql.find_programs()
