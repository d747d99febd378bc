# SPDX-License-Identifier: Apache-2.0
"""The DTLS client of the synthetic peer: pyOpenSSL on memory BIOs, sans-IO, with SRTP keys at the end (RFC 5764)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy

LARGEST_DATAGRAM = 1200


@dataclass(frozen=True)
class Profile:
    """An SRTP protection profile: its OpenSSL name, pylibsrtp's number, and the lengths of key and salt."""

    name: bytes
    libsrtp: int
    key: int
    salt: int


GCM_128 = Profile(b"SRTP_AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12)
CM_SHA1_80 = Profile(b"SRTP_AES128_CM_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14)


@dataclass(frozen=True)
class Keys:
    """Master key and salt of each direction, as seen from the client."""

    profile: Profile
    send: bytes
    receive: bytes


class Identity:
    """A self-signed certificate; several peers may share one, which saves a benchmark some seconds."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "synthetic peer")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        self.certificate = builder.sign(self.key, hashes.SHA256())

    @property
    def fingerprint(self) -> str:
        """As in an SDP attribute: `sha-256 AA:BB:...`."""
        return f"sha-256 {_colons(self.certificate)}"


def _colons(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class DtlsClient:
    """The active side of one handshake."""

    def __init__(
        self, identity: Identity, fingerprint: str, profiles: tuple[Profile, ...] = (GCM_128, CM_SHA1_80)
    ) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.use_certificate(identity.certificate)
        context.use_privatekey(identity.key)
        context.set_tlsext_use_srtp(b":".join(profile.name for profile in profiles))
        self._profiles = profiles
        self._expected = fingerprint.upper()
        self._connection = SSL.Connection(context)
        self._connection.set_connect_state()
        self._connection.set_ciphertext_mtu(LARGEST_DATAGRAM)
        self.keys: Keys | None = None
        self.closed = False

    def receive(self, datagram: bytes) -> None:
        self._connection.bio_write(datagram)
        if self.keys is None:
            self.advance()
        else:
            self._read()

    def advance(self) -> None:
        """Do what can be done of the handshake now; raises SSL.Error when it has failed."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or _colons(certificate) != self._expected:
            raise ValueError("the server's certificate does not have the fingerprint of its SDP")
        self.keys = self._export()

    def take_outgoing(self) -> list[bytes]:
        """Datagrams to send, cut between records."""
        try:
            data = self._connection.bio_read(1 << 16)
        except SSL.WantReadError:
            return []
        datagrams: list[bytes] = []
        for record in _records(data):
            if datagrams and len(datagrams[-1]) + len(record) <= LARGEST_DATAGRAM:
                datagrams[-1] += record
            else:
                datagrams.append(record)
        return datagrams

    def next_timeout(self) -> float | None:
        return self._connection.DTLSv1_get_timeout()

    def handle_timeout(self) -> None:
        self._connection.DTLSv1_handle_timeout()

    def close(self) -> None:
        """Say close_notify; what is to be sent is in `take_outgoing`."""
        if self.keys is not None and not self.closed:
            self._connection.shutdown()
        self.closed = True

    def _read(self) -> None:
        try:
            self._connection.recv(2048)
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error:
            # Nothing to read, or a datagram that is not for us: DTLS drops it silently.
            return

    def _export(self) -> Keys:
        name = self._connection.get_selected_srtp_profile()
        profile = next((each for each in self._profiles if each.name == name), None)
        if profile is None:
            raise ValueError("no SRTP profile was agreed on")
        material = self._connection.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key + profile.salt), None
        )
        keys, salts = material[: 2 * profile.key], material[2 * profile.key :]
        ours = keys[: profile.key] + salts[: profile.salt]
        theirs = keys[profile.key :] + salts[profile.salt :]
        return Keys(profile, ours, theirs)


def _records(data: bytes) -> Iterator[bytes]:
    """The DTLS records in a run of bytes (RFC 6347 section 4.1, RFC 9147 section 4)."""
    position = 0
    while position < len(data):
        first = data[position]
        if first >> 5 == 1:
            at = position + (3 if first & 0x08 else 2)
            end = at + 2 + int.from_bytes(data[at : at + 2], "big") if first & 0x04 else len(data)
        else:
            end = position + 13 + int.from_bytes(data[position + 11 : position + 13], "big")
        yield data[position:end]
        position = end
