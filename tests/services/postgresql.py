# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the test session's own, from the system's packages.

It listens on a Unix socket in a temporary folder only, so there is no port that somebody else could take or reach.
PostgreSQL refuses to run as root: then it runs as `postgres`, the user its package makes. Nothing is flushed to disk.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

PACKAGED = Path("/usr/lib/postgresql")
MISSING = "PostgreSQL is missing: sudo apt-get install postgresql (tox run as root does it)"
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "listen_addresses": "''",
}


class PostgreSQL(NamedTuple):
    """A running server; `directory` has its socket."""

    directory: Path
    numbers: "count[int]"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://podium@/{database}?host={self.directory}"

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.directory), user="podium", dbname="postgres", autocommit=True)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The URL of an empty database, gone afterwards with whatever is still connected to it."""
        name = f"test_{next(self.numbers)}"
        identifier = sql.Identifier(name)
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
            try:
                yield self.url(name)
            finally:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Start a server, stop it and remove its files at the end."""
    programs = find_programs()
    user = "postgres" if os.getuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="podium-postgresql-"))
    try:
        if user:
            shutil.chown(directory, user, user)
        data, options = directory / "data", " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        initdb = ["--auth=trust", "--username=podium", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        run(programs / "initdb", *initdb, "--pgdata", data, user=user)
        control = (programs / "pg_ctl", "--pgdata", data)
        run(*control, "--wait", "--log", directory / "log", "-o", f"{options} -k {directory}", "start", user=user)
        try:
            yield PostgreSQL(directory, count(1))
        finally:
            run(*control, "--wait", "--mode", "immediate", "stop", user=user)
    finally:
        shutil.rmtree(directory)


def find_programs() -> Path:
    """The folder of initdb and pg_ctl, which Debian keeps out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent  # a link may stand alone, without pg_ctl beside it
    versions = sorted(PACKAGED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        pytest.fail(MISSING, pytrace=False)
    return versions[-1].parent


def run(*command: str | Path, user: str | None) -> None:
    """Run one of its programs; its own words are the error when it fails. What it starts must not keep a pipe open."""
    with tempfile.TemporaryFile("w+") as output:
        status = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            user=user,
            group=user,
            extra_groups=[] if user else None,
            check=False,
        ).returncode
        if status != 0:
            output.seek(0)
            raise RuntimeError(f"{command[0]} ended with status {status}:\n{output.read()}")
