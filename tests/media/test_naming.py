# SPDX-License-Identifier: Apache-2.0
"""What the sections of an offer are."""

import pytest

from podium.core.events import TrackSource
from podium.core.media.naming import SourceError, name_sources
from podium.core.media.sdp import AgreedSection, AnswerSettings, negotiate, parse_offer
from tests.peers.offers import Section
from tests.rooms.browser import Browser

SENDING = (
    Section("0", "audio", "sendonly"),
    Section("1", "video", "sendrecv"),
    Section("2", "video", "sendonly"),
    Section("3", "audio", "sendonly"),
    Section("4", "video", "sendonly"),
    Section("5", "video", "recvonly"),
)


@pytest.fixture
def sections() -> tuple[AgreedSection, ...]:
    return negotiate(parse_offer(Browser().offer(*SENDING)), AnswerSettings()).sections


def test_unnamed_sections_are_taken_in_the_usual_order_and_surplus_ones_left(
    sections: tuple[AgreedSection, ...],
) -> None:
    assert name_sources(sections, {}, {}) == {"0": "microphone", "1": "camera", "2": "screen"}


def test_named_sections_keep_their_names_and_the_others_fill_up(sections: tuple[AgreedSection, ...]) -> None:
    names = name_sources(sections, {"1": "screen", "3": "screen"}, {})
    assert names == {"0": "microphone", "1": "screen", "2": "camera", "3": "screen"}


def test_earlier_names_stay_unless_named_anew(sections: tuple[AgreedSection, ...]) -> None:
    before: dict[str, TrackSource] = {"1": "screen", "2": "camera", "9": "camera"}
    assert name_sources(sections, {}, before)["1"] == "screen"
    assert name_sources(sections, {"1": "camera", "2": "screen"}, before)["1"] == "camera"


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"9": "camera"}, "source_unknown", "sources.9"),
        ({"5": "camera"}, "source_unknown", "sources.5"),
        ({"0": "camera"}, "source_invalid", "sources.0"),
        ({"1": "microphone"}, "source_invalid", "sources.1"),
        ({"1": "camera", "2": "camera"}, "source_repeated", "sources.2"),
    ],
)
def test_names_that_do_not_fit_are_refused_by_mid(
    sections: tuple[AgreedSection, ...], asked: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(SourceError) as caught:
        name_sources(sections, asked, {})
    assert (caught.value.code, caught.value.field) == (code, field)
