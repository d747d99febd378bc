# SPDX-License-Identifier: Apache-2.0
"""Offer and answer (RFC 3264, RFC 8829): read a browser's offer, decide, write the answer. Podium never offers.

Podium's answers are ICE-lite, DTLS passive, one BUNDLE, rtcp-mux. Reading is done here rather than by a general SDP
library because an offer comes from the network: each refusal names its line, and identifiers stay text.
"""

from podium.core.media.sdp._model import (
    AgreedCodec,
    AgreedSection,
    Agreement,
    AnswerSettings,
    Direction,
    NegotiationError,
    Offer,
    OfferedCodec,
    Section,
    SlotParameters,
    TransportParameters,
)
from podium.core.media.sdp._negotiate import check_continues, negotiate, restarts_ice
from podium.core.media.sdp._parse import parse_offer
from podium.core.media.sdp._write import write_answer

__all__ = [
    "AgreedCodec",
    "AgreedSection",
    "Agreement",
    "AnswerSettings",
    "Direction",
    "NegotiationError",
    "Offer",
    "OfferedCodec",
    "Section",
    "SlotParameters",
    "TransportParameters",
    "check_continues",
    "negotiate",
    "parse_offer",
    "restarts_ice",
    "write_answer",
]
