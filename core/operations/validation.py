# SPDX-License-Identifier: Apache-2.0
"""From values that came from outside to a request, with refusals that name the field.

Fields that a struct does not have are refused whether or not the struct says so: a misspelt field is a mistake.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec

from podium.core.operations.errors import OperationError
from podium.core.plugins.errors import bulkhead

S = TypeVar("S", bound=msgspec.Struct)

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>.*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?:unknown|required) field `(?P<name>.*)`$", re.DOTALL)
_SHOWN = 64


@bulkhead
def read_untrusted(values: object, kind: type[S]) -> S:
    """The request. Raises OperationError `not_an_object`, `field_unknown`, `field_missing` or `field_invalid`."""
    if not isinstance(values, Mapping):
        raise OperationError("invalid", "not_an_object", "a request is one JSON object")
    for name in values:
        if name not in kind.__struct_fields__:
            raise _unknown(str(name), kind)
    try:
        return msgspec.convert(dict(values), kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), kind) from None
    except RecursionError:
        raise OperationError("invalid", "field_invalid", f"{kind.__name__}: nested too deeply") from None


def from_text_untrusted(name: str, text: list[str], kind: type[msgspec.Struct]) -> object:
    """The value of one field from text in a path or a query, where numbers and truth values have no type.

    What cannot be read stays as it is, so that `read_untrusted` refuses it.
    """
    hints = get_type_hints(kind, include_extras=True)
    for value in (text[0], text) if len(text) == 1 else (text,):
        try:
            return msgspec.to_builtins(msgspec.convert(value, hints[name], strict=False))
        except (msgspec.ValidationError, KeyError):
            continue
    return text[0] if len(text) == 1 else text


def _unknown(name: str, kind: type[Any]) -> OperationError:
    known = {field.lower(): field for field in kind.__struct_fields__}
    close = difflib.get_close_matches(name[:_SHOWN].lower(), known, n=1, cutoff=0.5)
    hint = f'; did you mean "{known[close[0]]}"?' if close else f"; there are {', '.join(known.values()) or 'none'}"
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "..."
    return OperationError("invalid", "field_unknown", f'{kind.__name__} has no field "{shown}"{hint}', shown)


def _explained(complaint: str, kind: type[Any]) -> OperationError:
    match = _PLACE.match(complaint)
    what, path = (match["what"], (match["path"] or "")[:_SHOWN]) if match else (complaint, "")
    named = _NAMED.search(what)
    if named is None:
        place = f"{kind.__name__}.{path}" if path else kind.__name__
        return OperationError("invalid", "field_invalid", f"{place}: {what[:500]}", path or None)
    field = ".".join(filter(None, (path, named["name"][:_SHOWN])))
    code = "field_missing" if what.startswith("Object missing") else "field_unknown"
    verb = "needs a" if code == "field_missing" else "has no"
    return OperationError("invalid", code, f'{kind.__name__} {verb} field "{field}"', field)
