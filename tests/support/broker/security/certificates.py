"""Authorities and certificates that live as long as a test; no key is kept."""

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY: Final = dt.timedelta(days=1)


class CertificatePair(NamedTuple):
    """The files of a certificate and of its key, and of both after each other, all in PEM."""

    cert_file: Path
    key_file: Path
    combined_file: Path


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class CertificateAuthority:
    """Signs certificates for hosts and for clients; `file` is its own certificate."""

    def __init__(self, folder: Path, name: str, now: dt.datetime) -> None:
        self._folder = folder
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.file = folder / f"{name}.pem"
        public = self._key.public_key()
        own = (
            self._builder(self._name, public, valid_until=now + 365 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(_signing_key_usage(), critical=True)
        )
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, common: str, *hosts: str, days: int = 1) -> CertificatePair:
        """Return a certificate for `hosts`, names or addresses, that ends `days` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        known = [_subject_alternative_name(host) for host in hosts]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        begun = self._builder(_name(common), key.public_key(), valid_until=self._now + days * _DAY)
        begun = begun.add_extension(issuer, critical=False)
        if known:
            begun = begun.add_extension(x509.SubjectAlternativeName(known), critical=False)
        certificate = begun.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        pair = CertificatePair(*(self._folder / f"{common}.{kind}.pem" for kind in ("cert", "key", "both")))
        pair.cert_file.write_bytes(certificate)
        pair.key_file.write_bytes(_pem(key))
        pair.combined_file.write_bytes(_pem(key) + certificate)
        return pair

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, valid_until: dt.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - 30 * _DAY)
            .not_valid_after(valid_until)
        )


def _subject_alternative_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _signing_key_usage() -> x509.KeyUsage:
    may = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **may)
