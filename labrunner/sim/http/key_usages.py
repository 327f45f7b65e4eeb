"""The usages that a CertificateSigningRequest names, as extensions of a certificate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

_KEY: Final = {
    "signing": "digital_signature", "digital signature": "digital_signature",
    "content commitment": "content_commitment", "key encipherment": "key_encipherment",
    "key agreement": "key_agreement", "data encipherment": "data_encipherment", "cert sign": "key_cert_sign",
    "crl sign": "crl_sign", "encipher only": "encipher_only", "decipher only": "decipher_only",
}  # fmt: skip
_EXTENDED: Final = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": ObjectIdentifier("2.16.840.1.113730.4.1"),
}
_ONLY_WITH_AGREEMENT: Final = ("encipher_only", "decipher_only")


def extensions(usages: Iterable[str]) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """(Extension, critical) for *usages*: none for an empty half, as the built-in signers do it."""
    wanted = tuple(usages)
    flags = dict.fromkeys(_KEY.values(), False)
    flags.update({_KEY[usage]: True for usage in wanted if usage in _KEY})
    if any(flags.values()):
        if not flags["key_agreement"]:
            flags.update(dict.fromkeys(_ONLY_WITH_AGREEMENT, False))
        yield x509.KeyUsage(**flags), True
    extended = [oid for usage, oid in _EXTENDED.items() if usage in wanted]
    if extended:
        yield x509.ExtendedKeyUsage(list(dict.fromkeys(extended))), False
