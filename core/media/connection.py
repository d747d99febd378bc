# SPDX-License-Identifier: Apache-2.0
"""One browser's media transport: ICE-lite, DTLS and the worker's transport, held together. Sans-IO.

Datagrams and time are arguments, datagrams to send are return values. Offers change it (`negotiate`); checks and
handshakes reach it by `receive_*_untrusted`; `tick` is called a few times a second and notices what did not come.
RTP and RTCP never pass here: the worker forwards them by itself once it has keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

from podium.core import _fastpath
from podium.core.events import TrackSource, TransportState
from podium.core.media.dtls import Certificate, DtlsServer
from podium.core.media.ice import IceLite
from podium.core.media.naming import name_sources
from podium.core.media.sdp import (
    Agreement,
    AnswerSettings,
    NegotiationError,
    Offer,
    TransportParameters,
    check_continues,
    negotiate,
    restarts_ice,
    write_answer,
)
from podium.core.media.streams import IncomingTrack, OutgoingSlot, StreamChanges, Streams

CONSENT_SECONDS = 30.0  # RFC 7675 section 5.1
HANDSHAKE_SECONDS = 30.0
MAX_SLOTS = 128

Address = tuple[str, int]


class Outgoing(NamedTuple):
    """A datagram to send from the worker's port."""

    address: Address
    datagram: bytes


@dataclass(frozen=True, slots=True)
class Negotiation:
    """What one offer brought: the answer, and which streams came and went."""

    answer: str
    changes: StreamChanges


@dataclass(frozen=True, slots=True)
class ConnectionStatistics:
    """A connection as it is now."""

    state: TransportState
    failure: str | None
    negotiations: int
    tracks: int
    slots: int


@final
class Connection:
    """State: new -> connecting (negotiated) -> connected (keys) -> failed or closed, which are final.

    `cname` is the one that `transport` was made with; `clock` must run like the `now` of the other calls.
    """

    def __init__(
        self,
        transport: _fastpath.Transport,
        certificate: Certificate,
        candidates: tuple[Address, ...],
        settings: AnswerSettings,
        cname: str,
        clock: Callable[[], float],
    ) -> None:
        self.state: TransportState = "new"
        self.failure: str | None = None
        self._transport = transport
        self._certificate = certificate
        self._candidates = candidates
        self._settings = settings
        self._clock = clock
        self._streams = Streams(transport, cname)
        self._offer: Offer | None = None
        self._agreement: Agreement | None = None
        self._names: dict[str, TrackSource] = {}
        self._negotiations = 0
        self._agents: list[IceLite] = []
        self._dtls: DtlsServer | None = None
        self._dtls_address: Address | None = None
        self._started = 0.0
        self._consent = 0.0

    @property
    def transport_id(self) -> int:
        return self._transport.id

    @property
    def ufrags(self) -> frozenset[str]:
        """Local username fragments under which it can be reached; two during an ICE restart."""
        return frozenset(agent.local_ufrag for agent in self._agents) if not self.ended else frozenset()

    def codecs(self, mid: str) -> dict[int, tuple[str, int]]:
        """Payload types agreed on for one section: name and clock rate in Hz."""
        section = self._agreement.section(mid) if self._agreement is not None else None
        codecs = section.codecs if section is not None else ()
        return {codec.payload_type: (codec.name, codec.clock_rate) for codec in codecs}

    def set_groups(self, groups: int) -> None:
        """Which groups' restricted sources are forwarded here (see `_fastpath.Transport.set_groups`)."""
        if not self.ended:
            self._transport.set_groups(groups)

    @property
    def ended(self) -> bool:
        return self.state in ("failed", "closed")

    @property
    def tracks(self) -> Mapping[str, IncomingTrack]:
        return self._streams.tracks

    @property
    def slots(self) -> Mapping[str, OutgoingSlot]:
        return self._streams.slots

    def statistics(self) -> ConnectionStatistics:
        return ConnectionStatistics(self.state, self.failure, self._negotiations, len(self.tracks), len(self.slots))

    def continues(self, offer: Offer) -> bool:
        """Whether an offer is from the same browser object, by its certificate; another one needs a new connection."""
        if self.ended or self._offer is None:
            return not self.ended
        return not set(self._offer.fingerprints).isdisjoint(offer.fingerprints)

    def negotiate(self, offer: Offer, sources: Mapping[str, str], now: float) -> Negotiation:
        """Take a first or later offer. Raises NegotiationError or SourceError and then has changed nothing."""
        if self._offer is not None:
            check_continues(self._offer, offer)
        agreement = negotiate(offer, self._settings)
        if sum(section.sends for section in agreement.sections) > MAX_SLOTS:
            raise NegotiationError("sdp_unsupported", f"the offer wants to receive in more than {MAX_SLOTS} sections")
        names = name_sources(agreement.sections, sources, self._names)
        self._agree_on_transport(offer, now)
        changes = self._streams.apply(agreement, names)
        self._offer = offer
        self._agreement = agreement
        self._names = names
        self._negotiations += 1
        return Negotiation(write_answer(agreement, self._parameters(), self._streams.slot_parameters()), changes)

    def receive_stun_untrusted(self, datagram: bytes, address: Address, now: float) -> list[Outgoing]:
        """A connectivity check, or what looks like one."""
        for agent in self._agents if not self.ended else ():
            result = agent.receive_untrusted(datagram, address, now)
            if result.valid:
                self._reached(agent, address, result.nominated, now)
            if result.reply is not None:
                return [Outgoing(address, result.reply)]
        return []

    def receive_dtls_untrusted(self, datagram: bytes, address: Address) -> list[Outgoing]:
        """A datagram of the handshake or after it, from an address that passed a check."""
        if self._dtls is None or self.ended:
            return []
        self._dtls_address = address
        self._dtls.receive_untrusted(datagram)
        return self._advance(self._dtls)

    def tick(self, now: float) -> list[Outgoing]:
        """Repeat what was lost of the handshake; give up where nothing comes any more."""
        if self._dtls is None or self.ended:
            return []
        if now - self._consent > CONSENT_SECONDS:
            return self.fail("no consent to send for 30 seconds")
        if self.state == "connecting" and now - self._started > HANDSHAKE_SECONDS:
            return self.fail("no handshake within 30 seconds")
        timeout = self._dtls.next_timeout()
        if timeout is None or timeout > 0:
            return []
        self._dtls.handle_timeout()
        return self._advance(self._dtls)

    def close(self) -> list[Outgoing]:
        """End it from this side, with a farewell to the browser."""
        return self._end("closed")

    def fail(self, failure: str) -> list[Outgoing]:
        """End it because it is of no use any more."""
        self.failure = failure
        return self._end("failed")

    def _agree_on_transport(self, offer: Offer, now: float) -> None:
        if self._dtls is None:
            self._dtls = DtlsServer(self._certificate, expected_fingerprints=offer.fingerprints, clock=self._clock)
            self.state = "connecting"
            self._started = now
        if self._offer is not None and not restarts_ice(self._offer, offer):
            return
        for abandoned in self._agents[1:]:
            self._transport.remove_ufrag(abandoned.local_ufrag)
        agent = IceLite()
        agent.set_remote(offer.ice_ufrag, offer.ice_pwd)
        self._transport.add_ufrag(agent.local_ufrag)
        self._agents = [*self._agents[:1], agent]
        self._consent = now

    def _parameters(self) -> TransportParameters:
        agent = self._agents[-1]
        return TransportParameters(
            ice_ufrag=agent.local_ufrag,
            ice_pwd=agent.local_password,
            fingerprint=self._certificate.fingerprint,
            candidates=self._candidates,
            session_version=self._negotiations,
        )

    def _reached(self, agent: IceLite, address: Address, nominated: bool, now: float) -> None:
        """A check with valid integrity came. The first nomination of a restarted ICE retires the one before."""
        self._consent = now
        self._transport.add_remote(address, selected=nominated)
        if nominated:
            index = self._agents.index(agent)
            for retired in self._agents[:index]:
                self._transport.remove_ufrag(retired.local_ufrag)
            del self._agents[:index]

    def _advance(self, dtls: DtlsServer) -> list[Outgoing]:
        """Take over what the handshake has come to, and what it wants to say."""
        outgoing = self._take_outgoing()
        if dtls.state == "failed":
            return outgoing + self.fail(dtls.failure or "the DTLS handshake failed")
        if dtls.state == "closed":
            return outgoing + self._end("closed")
        if dtls.state == "connected" and dtls.keys is not None and self.state == "connecting":
            self._transport.set_keys(dtls.keys.profile, dtls.keys.receive_key, dtls.keys.send_key)
            self.state = "connected"
        return outgoing

    def _take_outgoing(self) -> list[Outgoing]:
        if self._dtls is None or self._dtls_address is None:
            return []
        return [Outgoing(self._dtls_address, datagram) for datagram in self._dtls.take_outgoing()]

    def _end(self, state: TransportState) -> list[Outgoing]:
        if self.ended:
            return []
        if self._dtls is not None:
            self._dtls.close()
        self.state = state
        self._transport.close()
        return self._take_outgoing()
