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
    subject = items[0]
    if what.startswith("table"):  # the table itself, or its comment
        return f"{what.replace('_', ' ')} {subject.name}"
    if what == "column":
        return f"column {items[1]}.{items[2].name}"
    kind = "foreign key" if what == "fk" else what
    named = f"{kind} {subject.name}" if subject.name else kind
    return f"{named} on {subject.table.name}({', '.join(column.name for column in subject.columns)})"
