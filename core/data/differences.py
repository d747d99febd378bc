# SPDX-License-Identifier: Apache-2.0
"""Alembic's differences between models and database, in sentences.

A difference is a tuple that begins with its kind, or a list of such for one column. Its further items depend on the
kind: a table, column, index or constraint, or for a changed column names, old and new value.
"""

from collections.abc import Iterator
from typing import Any


def describe(difference: Any) -> Iterator[str]:
    """One sentence for each change that the difference consists of."""
    if isinstance(difference, list):
        for one in difference:
            yield from describe(one)
        return
    kind, *items = difference
    action, _, what = kind.partition("_")
    if action == "modify":
        _schema, table, column, _options, existing, wanted = items
        yield f"{what} of column {table}.{column} is {existing!r} in the database, {wanted!r} in the models"
    else:
        missing, present = ("database", "models") if action == "add" else ("models", "database")
        yield f"{_name(what, items)} is in the {present} and not in the {missing}"


def _name(what: str, items: list[Any]) -> str:
    if what == "table":
        return f"table {items[0].name}"
    if what == "column":
        return f"column {items[1]}.{items[2].name}"
    subject = items[0]
    table = getattr(subject, "table", None)
    kind = {"fk": "foreign key"}.get(what, what.replace("_", " "))
    columns = ", ".join(column.name for column in getattr(subject, "columns", ()))
    return f"{kind} {subject.name or ''}".rstrip() + (f" on {table.name}({columns})" if table is not None else "")
