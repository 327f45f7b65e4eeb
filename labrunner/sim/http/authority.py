"""Issuing certificates. Imports ``cryptography``: loaded only when something has to be signed."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from labrunner.sim.http import key_usages

DAYS: Final = 365 * 10
_BACKDATED: Final = datetime.timedelta(minutes=5)
_SHORT: Final = 8 * 3600
_RSA_BITS: Final = 2048


class Authority:
    """A certificate authority with an EC P-256 key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @staticmethod
    def create(common_name: str) -> Authority:
        """A new, self-signed one."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (
            _builder(name, name, key.public_key(), DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return Authority(builder.sign(key, hashes.SHA256()), key)

    @staticmethod
    def load(certificate: bytes, key: bytes) -> Authority:
        """From PEM. Raises ValueError."""
        loaded = load_pem_private_key(key, None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise ValueError("the authority's key is not an EC key")
        return Authority(x509.load_pem_x509_certificate(certificate), loaded)

    def pem(self) -> tuple[bytes, bytes]:
        """Certificate and key."""
        return self._certificate.public_bytes(Encoding.PEM), _pem_key(self._key)

    def issue_server(
        self, common_name: str, names: tuple[str, ...], addresses: tuple[str, ...]
    ) -> tuple[bytes, bytes]:
        """A server certificate for *names* and *addresses*, and its key, in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        found: list[x509.GeneralName] = [x509.DNSName(n) for n in names]
        found += [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = self._leaf(subject, key.public_key(), ExtendedKeyUsageOID.SERVER_AUTH, DAYS)
        builder = builder.add_extension(x509.SubjectAlternativeName(found), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM), _pem_key(key)

    def issue_client(self, user: str, groups: tuple[str, ...]) -> tuple[bytes, bytes]:
        """A client certificate (O: groups, CN: user) and its key, in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        builder = self._leaf(subject, key.public_key(), ExtendedKeyUsageOID.CLIENT_AUTH, DAYS)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM), _pem_key(key)

    def sign_request(
        self, request: bytes, *, seconds: int, usages: Iterable[str], now: datetime.datetime
    ) -> bytes:
        """A certificate for a PEM certificate signing request, good for *seconds*. Raises ValueError when it is none.

        Subject and alternative names are the request's; *usages* are those of a CertificateSigningRequest.
        """
        found = x509.load_pem_x509_csr(request)
        if not found.is_signature_valid:
            raise ValueError("the signature of the certificate signing request is wrong")
        begin = now - _BACKDATED
        # Short lives are not cut by what the beginning is dated back.
        end = (now if seconds < _SHORT else begin) + datetime.timedelta(seconds=seconds)
        builder = (
            x509.CertificateBuilder()
            .subject_name(found.subject)
            .issuer_name(self._certificate.subject)
            .public_key(found.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(min(end, self._certificate.not_valid_after_utc))
        )
        for extension, critical in key_usages.extensions(usages):
            builder = builder.add_extension(extension, critical)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        try:
            names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            pass
        else:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _leaf(
        self, subject: x509.Name, public: CertificatePublicKeyTypes, use: x509.ObjectIdentifier, days: int
    ) -> x509.CertificateBuilder:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _builder(subject, self._certificate.subject, public, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(identifier, critical=False)
        )


def signing_key() -> bytes:
    """A new RSA key in PEM."""
    return _pem_key(rsa.generate_private_key(65537, _RSA_BITS))


def _builder(
    subject: x509.Name, issuer: x509.Name, public: CertificatePublicKeyTypes, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_encipherment=not authority, key_cert_sign=authority, crl_sign=authority,
        content_commitment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
