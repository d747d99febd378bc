# SPDX-License-Identifier: Apache-2.0
"""Plugins with tables, written down where a test can import them."""

import importlib
from itertools import count, pairwise
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, ForeignKey, Integer, MetaData, String, Table

from podium.core.data import NAMING_CONVENTION, PluginTables, UtcDateTime
from podium.core.data.engine import Limits, make_engine, parse_url

_numbers = count(1)

MAKE_BOOKS = """
    op.create_table(
        "library_books",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_library_books"),
    )
"""
MAKE_LOANS = """
    op.create_table(
        "library_loans",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("book_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_library_loans"),
        sa.ForeignKeyConstraint(
            ["book_id"], ["library_books.id"], name="fk_library_loans_book_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_library_loans_at", "library_loans", ["at"])
"""


def library() -> MetaData:
    """The tables that the two revisions above make."""
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    Table(
        "library_books", metadata, Column("id", Integer, primary_key=True), Column("title", String(100), nullable=False)
    )
    Table(
        "library_loans",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("book_id", ForeignKey("library_books.id", ondelete="CASCADE"), nullable=False),
        Column("at", UtcDateTime(), nullable=False, index=True),
    )
    return metadata


class Histories:
    """Writes packages with revisions."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.syspath_prepend(folder)

    def write(self, *bodies: str) -> str:
        """The name of a package with one revision for each body: 0001, 0002 and so on."""
        package = f"history_{next(_numbers)}"
        folder = self._folder / package
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        importlib.invalidate_caches()
        self.append(package, *bodies)
        return package

    def append(self, package: str, *bodies: str) -> None:
        """Further revisions."""
        folder = self._folder / package
        first = len(list(folder.glob("0*.py")))
        names = [None, *(f"{number:04}" for number in range(1, first + len(bodies) + 1))][first:]
        for (before, name), body in zip(pairwise(names), bodies, strict=True):
            (folder / f"{name}_step.py").write_text(
                "import sqlalchemy as sa\nfrom alembic import op\n\n"
                f"revision = {name!r}\ndown_revision = {before!r}\n\n\n"
                f"def upgrade() -> None:\n    {body.strip()}\n"
            )

    def plugin(
        self, name: str, *bodies: str, metadata: MetaData | None = None, claims: tuple[str, ...] = ()
    ) -> PluginTables:
        return PluginTables(name, metadata or MetaData(), self.write(*bodies), frozenset(claims))

    def library(self) -> PluginTables:
        return self.plugin("library", MAKE_BOOKS, MAKE_LOANS, metadata=library())


def engine_of(url: str) -> Engine:
    return make_engine(parse_url(url), Limits(connections=1))
