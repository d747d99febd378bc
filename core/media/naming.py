# SPDX-License-Identifier: Apache-2.0
"""What each section of an offer shows: a microphone, a camera or a screen.

A browser says so beside its offer, by MID. Where it does not, the first audio section is the microphone, the first
video section the camera and the second the screen; further ones have no name and what they send is not received.
"""

from collections.abc import Iterable, Mapping

from podium.core.errors import PodiumError
from podium.core.events import TrackKind, TrackSource
from podium.core.media.sdp import AgreedSection

_NAMES: dict[str, tuple[TrackSource, ...]] = {"audio": ("microphone", "screen"), "video": ("camera", "screen")}
_UNASKED: dict[str, tuple[TrackSource, ...]] = {"audio": ("microphone",), "video": ("camera", "screen")}


class SourceError(PodiumError):
    """The `sources` beside an offer do not fit its sections."""


def kind_of(section: AgreedSection) -> TrackKind:
    """Kind of an accepted section; there are only two."""
    return "audio" if section.kind == "audio" else "video"


def name_sources(
    sections: Iterable[AgreedSection], asked: Mapping[str, str], before: Mapping[str, TrackSource]
) -> dict[str, TrackSource]:
    """Name of each sending section by MID. `before` holds the names of earlier negotiations, which stay."""
    sending = {section.mid: section for section in sections if section.receives}
    for mid in asked:
        if mid not in sending:
            raise SourceError("source_unknown", f"no accepted section with mid {mid!r} sends media", f"sources.{mid}")
    names: dict[str, TrackSource] = {}
    for mid, section in sending.items():
        if mid in asked:
            names[mid] = _checked(asked[mid], mid, section.kind)
        elif mid in before:
            names[mid] = before[mid]
    _refuse_twins(names, sending)
    return names | _remaining(names, sending)


def _checked(name: str, mid: str, kind: str) -> TrackSource:
    for known in _NAMES[kind]:
        if name == known:
            return known
    expected = " or ".join(_NAMES[kind])
    raise SourceError("source_invalid", f"an {kind} section is a {expected}, not {name!r}", f"sources.{mid}")


def _refuse_twins(names: Mapping[str, TrackSource], sending: Mapping[str, AgreedSection]) -> None:
    taken: dict[tuple[str, str], str] = {}
    for mid, name in names.items():
        twin = taken.setdefault((sending[mid].kind, name), mid)
        if twin != mid:
            raise SourceError("source_repeated", f"mid {twin!r} is the {name} already", f"sources.{mid}")


def _remaining(names: Mapping[str, TrackSource], sending: Mapping[str, AgreedSection]) -> dict[str, TrackSource]:
    taken = {(sending[mid].kind, name) for mid, name in names.items()}
    free = {kind: [name for name in order if (kind, name) not in taken] for kind, order in _UNASKED.items()}
    given: dict[str, TrackSource] = {}
    for mid, section in sending.items():
        if mid not in names and free[section.kind]:
            given[mid] = free[section.kind].pop(0)
    return given
