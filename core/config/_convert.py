# SPDX-License-Identifier: Apache-2.0
"""From what somebody wrote to the value of a setting.

A value of podium.toml has a type already and keeps it: `"8082"` is no port. A value from the environment or from a
secret's file is text and is read as its key wants it: lists are separated by commas.
"""

import re
from typing import Any, get_args, get_origin

import msgspec

from ._schema import Key
from ._values import IpAddress, PortRange

_WHOLE = re.compile(r"-?[0-9]+")
_TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def convert(key: Key, value: object, *, is_text: bool) -> object:
    """The value of `key`, or ValueError."""
    if is_text:
        value = _read(key.type, str(value))
    if get_origin(key.type) is tuple:
        return _convert_list(key, value)
    if key.type in (IpAddress, PortRange):
        return _make(key.type, value)
    return msgspec.convert(value, key.annotation)


def _read(kind: Any, text: str) -> object:
    """Text as the nearest value TOML has for this type."""
    if kind is bool:
        return _TRUTH.get(text.strip().lower(), text)
    if kind in (int, float):
        return _number(kind, text)
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _number(kind: Any, text: str) -> object:
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    try:
        return float(text) if kind is float else text
    except ValueError:
        return text


def _convert_list(key: Key, value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")
    kind = get_args(key.type)[0]
    items = tuple(_make(kind, item) if kind is IpAddress else msgspec.convert(item, kind) for item in value)
    if len(set(items)) != len(items):
        raise ValueError("something is in the list twice")
    if any(len(items) < (meta.min_length or 0) for meta in key.metas):
        raise ValueError("the list is empty")
    return items


def _make(kind: Any, value: object) -> object:
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise ValueError("not a text")
    return PortRange.parse(value) if kind is PortRange else kind(value)
