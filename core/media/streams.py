# SPDX-License-Identifier: Apache-2.0
"""The sources and slots of one transport, kept in line with what each negotiation agreed.

A section that sends becomes one source per simulcast layer, a section that receives becomes a slot. What did not
change between two negotiations keeps its worker objects and its SSRC, so nothing in a running call is interrupted.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.core import _fastpath
from podium.core.events import TrackKind, TrackSource
from podium.core.media.naming import kind_of
from podium.core.media.sdp import AgreedSection, Agreement, SlotParameters

MAX_LAYERS = 4

PayloadTypes = dict[int, tuple[int, int | None]]


@dataclass(frozen=True, slots=True)
class IncomingTrack:
    """What one section sends: its layers' sources, the smallest first."""

    mid: str
    kind: TrackKind
    source: TrackSource
    layers: tuple[_fastpath.Source, ...]
    origin: tuple[object, ...]
    """What was agreed about it, to notice a change."""


@dataclass(frozen=True, slots=True)
class OutgoingSlot:
    """What one section receives."""

    mid: str
    kind: TrackKind
    slot: _fastpath.Slot
    parameters: SlotParameters
    payload_types: PayloadTypes


@dataclass(frozen=True, slots=True)
class StreamChanges:
    """The difference that one negotiation made. A stream whose terms changed is closed and opened."""

    closed_tracks: tuple[IncomingTrack, ...] = ()
    closed_slots: tuple[OutgoingSlot, ...] = ()
    opened_tracks: tuple[IncomingTrack, ...] = ()
    opened_slots: tuple[OutgoingSlot, ...] = ()


class Streams:
    """All sources and slots of one transport, by MID."""

    def __init__(self, transport: _fastpath.Transport, cname: str) -> None:
        self._transport = transport
        self._cname = cname
        self._ssrcs: set[int] = set()
        self.tracks: dict[str, IncomingTrack] = {}
        self.slots: dict[str, OutgoingSlot] = {}

    def apply(self, agreement: Agreement, names: Mapping[str, TrackSource]) -> StreamChanges:
        """Close what is no longer agreed, then open what is new."""
        sections = {section.mid: section for section in agreement.sections if section.accepted}
        incoming = {mid: sections[mid] for mid in names}
        outgoing = {mid: section for mid, section in sections.items() if section.sends}
        closed_tracks = [
            track
            for mid, track in self.tracks.items()
            if mid not in incoming or _origin(incoming[mid], names[mid]) != track.origin
        ]
        closed_slots = [
            slot
            for mid, slot in self.slots.items()
            if mid not in outgoing or _payload_types(outgoing[mid]) != slot.payload_types
        ]
        self._close(closed_tracks, closed_slots)
        self._configure(agreement)
        self._ssrcs.update(ssrc for section in sections.values() for ssrc in _announced(section))
        opened_tracks = [self._open_track(incoming[mid], names[mid]) for mid in incoming if mid not in self.tracks]
        opened_slots = [self._open_slot(section) for mid, section in outgoing.items() if mid not in self.slots]
        return StreamChanges(tuple(closed_tracks), tuple(closed_slots), tuple(opened_tracks), tuple(opened_slots))

    def slot_parameters(self) -> dict[str, SlotParameters]:
        """What the answer says about each slot."""
        return {mid: slot.parameters for mid, slot in self.slots.items()}

    def _configure(self, agreement: Agreement) -> None:
        for extension, identifier in agreement.extensions.items():
            self._transport.set_extension(extension, identifier)
        for payload_type, codec in agreement.payload_types.items():
            self._transport.set_payload_type(payload_type, codec.codec, codec.clock_rate)
            if codec.rtx_payload_type is not None:
                self._transport.set_rtx_payload_type(codec.rtx_payload_type, payload_type)

    def _close(self, tracks: Sequence[IncomingTrack], slots: Sequence[OutgoingSlot]) -> None:
        for track in tracks:
            del self.tracks[track.mid]
            for source in track.layers:
                source.close()
        for slot in slots:
            del self.slots[slot.mid]
            slot.slot.close()

    def _open_track(self, section: AgreedSection, name: TrackSource) -> IncomingTrack:
        layers = tuple(self._add_source(section, rid, ssrc, rtx_ssrc) for rid, ssrc, rtx_ssrc in _layers(section))
        track = IncomingTrack(section.mid, kind_of(section), name, layers, _origin(section, name))
        self.tracks[section.mid] = track
        return track

    def _add_source(self, section: AgreedSection, rid: str, ssrc: int, rtx_ssrc: int | None) -> _fastpath.Source:
        """Blocked at first: packets may come before the room has said whom they are for."""
        video = section.kind == "video"
        return self._transport.add_source(
            _fastpath.VIDEO if video else _fastpath.AUDIO,
            mid=section.mid,
            rid=rid,
            ssrc=ssrc,
            rtx_ssrc=rtx_ssrc or 0,
            nack=video and section.nack,
            pli=video and any("nack pli" in codec.feedback for codec in section.codecs),
            blocked=True,
        )

    def _open_slot(self, section: AgreedSection) -> OutgoingSlot:
        payload_types = _payload_types(section)
        ssrc = self._new_ssrc()
        repairs = any(rtx is not None for _, rtx in payload_types.values())
        rtx_ssrc = self._new_ssrc() if repairs else None
        label = f"slot-{section.mid}"
        slot = self._transport.add_slot(
            _fastpath.VIDEO if section.kind == "video" else _fastpath.AUDIO,
            mid=section.mid,
            ssrc=ssrc,
            rtx_ssrc=rtx_ssrc or 0,
            payload_types=payload_types,
        )
        parameters = SlotParameters(ssrc, rtx_ssrc, self._cname, label, label)
        opened = OutgoingSlot(section.mid, kind_of(section), slot, parameters, payload_types)
        self.slots[section.mid] = opened
        return opened

    def _new_ssrc(self) -> int:
        """Random (RFC 3550 section 8.1), never used on this transport, by either side."""
        while True:
            ssrc = secrets.randbits(32)
            if ssrc and ssrc not in self._ssrcs:
                self._ssrcs.add(ssrc)
                return ssrc


def _layers(section: AgreedSection) -> list[tuple[str, int, int | None]]:
    """(rid, ssrc, rtx ssrc) of each stream to expect: known by RID, else by SSRC, else by MID alone."""
    if section.rids:
        return [(rid, 0, None) for rid in section.rids[:MAX_LAYERS]]
    if section.ssrcs:
        return [("", ssrc, rtx_ssrc) for ssrc, rtx_ssrc in section.ssrcs[:MAX_LAYERS]]
    return [("", 0, None)]


def _announced(section: AgreedSection) -> list[int]:
    return [ssrc for pair in section.ssrcs for ssrc in pair if ssrc]


def _origin(section: AgreedSection, name: TrackSource) -> tuple[object, ...]:
    return (section.kind, name, section.nack, tuple(_layers(section)))


def _payload_types(section: AgreedSection) -> PayloadTypes:
    """Codec -> payload types; of several variants of a codec the preferred one."""
    chosen: PayloadTypes = {}
    for codec in section.codecs:
        chosen.setdefault(codec.codec, (codec.payload_type, codec.rtx_payload_type))
    return chosen
