# SPDX-License-Identifier: Apache-2.0
"""Differences read as sentences, those without a name as well."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, UniqueConstraint

from podium.core.data.differences import describe

metadata = MetaData()
books = Table("books", metadata, Column("id", Integer, primary_key=True), Column("shelf", ForeignKey("shelves.id")))
unique = UniqueConstraint(books.c.shelf, name="uq_books_shelf")


def test_a_foreign_key_without_a_name() -> None:
    (key,) = books.foreign_key_constraints
    assert list(describe(("add_fk", key))) == ["foreign key on books(shelf) is in the models and not in the database"]


def test_a_constraint_with_a_name() -> None:
    assert list(describe(("remove_constraint", unique))) == [
        "constraint uq_books_shelf on books(shelf) is in the database and not in the models"
    ]


def test_the_comment_of_a_table() -> None:
    difference = ("remove_table_comment", books)
    assert list(describe(difference)) == ["table comment books is in the database and not in the models"]


def test_several_changes_of_a_column() -> None:
    changes: list[tuple[object, ...]] = [
        ("modify_type", None, "books", "id", {}, "TEXT", "INTEGER"),
        ("modify_nullable", None, "books", "id", {}, True, False),
    ]
    assert list(describe(changes)) == [
        "type of column books.id is 'TEXT' in the database, 'INTEGER' in the models",
        "nullable of column books.id is True in the database, False in the models",
    ]
