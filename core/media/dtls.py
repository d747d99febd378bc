# SPDX-License-Identifier: Apache-2.0
"""DTLS-SRTP on the passive side (RFC 5764, RFC 8827): datagrams in, datagrams out, SRTP keys at the end.

OpenSSL does the protocol through memory BIOs; it sees one record at a time, and only what _dtls_records lets through.
Lost flights are repeated here, on a clock that is passed in: OpenSSL's first timer of a whole second is long for
somebody who waits for a picture. Keys are given out only after the peer's certificate has matched a fingerprint of its
offer.
DTLS 1.2 only: OpenSSL 4.0 has no DTLS 1.3. The browsers that offer it also offer 1.2.
"""

import math
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from podium.core.media._dtls_records import MAX_SENT, ClientRecords, pack_datagrams

_DTLS_1_2: Final = 0xFEFD
_CIPHERS: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
_EXPORTER_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_LIFETIME: Final = timedelta(days=30)

_FIRST_INTERVAL: Final = 0.25
_PATIENCE: Final = 30.0
_MAX_OUTGOING: Final = 64

_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class _Profile:
    """An SRTP protection profile: our number for it, and how long its master key and salt are."""

    number: int
    key_size: int
    salt_size: int


_PROFILES: Final = {  # the most wanted first (RFC 7714 section 14.2, RFC 5764 section 4.1.2)
    b"SRTP_AEAD_AES_128_GCM": _Profile(0x0007, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": _Profile(0x0001, 16, 14),
}


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master key + salt of each direction; `profile` numbered as in podium.core._fastpath PROFILE_*."""

    profile: int
    receive_key: bytes
    send_key: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys(profile={self.profile:#06x})"  # keys never reach logs


@final
class Certificate:
    """A self-signed ECDSA P-256 certificate, valid for 30 days; one per process, made with `Certificate.generate()`."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.context: Final = _make_context(key, certificate)
        self.fingerprint: Final = f"sha-256 {_fingerprint(certificate, 'sha-256')}"
        """As in a=fingerprint: `sha-256 AA:BB:...`."""

    @classmethod
    def generate(cls) -> "Certificate":
        """A new key and a certificate under a name that says nothing."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(8))])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _LIFETIME)
        )
        return cls(key, builder.sign(key, hashes.SHA256()))


@final
class DtlsServer:
    """One DTLS association, from the ClientHello to close_notify.

    After every call of a method: send what `take_outgoing` gives, look at `state`, and call `handle_timeout` when
    `next_timeout` seconds have passed.
    """

    def __init__(
        self,
        certificate: Certificate,
        *,
        expected_fingerprints: Sequence[tuple[str, str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state: Literal["connecting", "connected", "failed", "closed"] = "connecting"
        self.failure: str | None = None
        self.keys: SrtpKeys | None = None
        self._certificate = certificate
        self._expected = tuple(expected_fingerprints)
        self._clock = clock
        self._outgoing: list[bytes] = []
        self._flight: list[bytes] = []
        self._interval = _FIRST_INTERVAL
        self._repeat_at = math.inf
        self._give_up_at = math.inf
        self._trouble = "the peer did not go on with the handshake"
        self._records = ClientRecords()
        self._connection = self._new_connection()

    def receive_untrusted(self, datagram: bytes) -> None:
        """Take one datagram of the peer. Any bytes at all: what no client could have sent is dropped."""
        for record in self._records.admit_untrusted(datagram, connected=self.state == "connected"):
            if self.state in ("failed", "closed"):
                return
            if not self._take(record):
                self._take(record)

    def take_outgoing(self) -> list[bytes]:
        """The datagrams to send to the peer now, each at most 1200 bytes."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def next_timeout(self) -> float | None:
        """Seconds until `handle_timeout` has something to do; None while only the peer can move things on."""
        due = min(self._repeat_at, self._give_up_at)
        return None if due == math.inf else max(0.0, due - self._clock())

    def handle_timeout(self) -> None:
        """Send the flight again if its time has come; give up half a minute after the first word of the peer."""
        now = self._clock()
        if now >= self._give_up_at:
            self._fail(self._trouble)
        elif now >= self._repeat_at:
            self._interval *= 2
            self._repeat_at = now + self._interval
            self._queue(self._flight)

    def close(self) -> None:
        """Say goodbye, if there is somebody who could check that it was us."""
        if self.state == "connected":
            self._say_goodbye()
        if self.state != "failed":
            self._stop("closed")

    def _take(self, record: bytes) -> bool:
        """Let OpenSSL look at one record. False: it must be taken again, by a new connection."""
        if self._give_up_at == math.inf and self.state == "connecting":
            self._give_up_at = self._clock() + _PATIENCE
        self._connection.bio_write(record)
        try:
            if self.state == "connecting":
                self._connection.do_handshake()
                self._finish_handshake()
            else:
                self._discard_application_data()
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self._stop("closed")
        except SSL.Error as error:
            self._trouble = f"DTLS: {_describe(error)}"
            if self.state == "connecting" and not self._flight:
                # A forged ClientHello, or a piece of one, must not stand in the way of the real one.
                self._connection = self._new_connection()
                return False
            self._fail(self._trouble)
        self._collect()
        return True

    def _finish_handshake(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        profile = _PROFILES.get(self._connection.get_selected_srtp_profile())
        if certificate is None or not self._is_expected(certificate):
            self._refuse("the certificate does not match a fingerprint of the offer")
        elif profile is None:
            self._refuse("the peer offers no SRTP profile that this server speaks")
        else:
            self.keys = self._export_keys(profile)
            self.state = "connected"
            self._repeat_at = self._give_up_at = math.inf

    def _is_expected(self, certificate: x509.Certificate) -> bool:
        return any(
            name.lower() in _HASHES and _fingerprint(certificate, name.lower()) == value.upper()
            for name, value in self._expected
        )

    def _export_keys(self, profile: _Profile) -> SrtpKeys:
        """Both write keys, then both salts (RFC 5764 section 4.2)."""
        key, salt = profile.key_size, profile.salt_size
        material = self._connection.export_keying_material(_EXPORTER_LABEL, 2 * (key + salt))
        client_key, server_key = material[:key], material[key : 2 * key]
        client_salt, server_salt = material[2 * key : 2 * key + salt], material[2 * key + salt :]
        return SrtpKeys(profile.number, receive_key=client_key + client_salt, send_key=server_key + server_salt)

    def _discard_application_data(self) -> None:
        """There is none in DTLS-SRTP without data channels, but OpenSSL acts on alerts and repeats only when read."""
        while True:
            self._connection.recv(MAX_SENT)

    def _collect(self) -> None:
        datagrams = self._read_datagrams()
        self._queue(datagrams)
        if datagrams and self.state == "connecting":
            self._flight = datagrams
            self._repeat_at = self._clock() + self._interval

    def _read_datagrams(self) -> list[bytes]:
        chunks = []
        try:
            while True:
                chunks.append(self._connection.bio_read(65536))
        except SSL.WantReadError:
            return pack_datagrams(b"".join(chunks))

    def _queue(self, datagrams: list[bytes]) -> None:
        self._outgoing = (self._outgoing + datagrams)[-_MAX_OUTGOING:]

    def _refuse(self, reason: str) -> None:
        """The handshake is whole but not with whom we want to speak: let the peer know at once."""
        self._say_goodbye()
        self._fail(reason)

    def _say_goodbye(self) -> None:
        with suppress(SSL.Error):  # the peer may have been first
            self._connection.shutdown()
        self._collect()

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._stop("failed")

    def _stop(self, state: Literal["failed", "closed"]) -> None:
        self.state = state
        self._repeat_at = self._give_up_at = math.inf

    def _new_connection(self) -> SSL.Connection:
        connection = SSL.Connection(self._certificate.context, None)
        connection.set_accept_state()
        connection.set_ciphertext_mtu(MAX_SENT)
        return connection


def _make_context(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_SERVER_METHOD)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_cipher_list(_CIPHERS)
    context.set_tlsext_use_srtp(b":".join(_PROFILES))
    # Certificates are self-signed: any is let through here, the fingerprint decides.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    return context


def _fingerprint(certificate: x509.Certificate, name: str) -> str:
    return certificate.fingerprint(_HASHES[name]()).hex(":").upper()


def _describe(error: SSL.Error) -> str:
    """OpenSSL's own words, such as `no shared cipher`."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(entry[-1]) for entry in queue) or type(error).__name__
