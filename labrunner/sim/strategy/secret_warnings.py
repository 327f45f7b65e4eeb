"""Warnings about TLS secrets whose certificate and key are not a pair, in the words of Go's TLS library."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from labrunner.sim.objects import Obj

_BLOCK: Final = re.compile(
    r"^-----BEGIN ([^\n]+?)-----[ \t]*\r?\n(.*?)^-----END \1-----", re.DOTALL | re.MULTILINE
)
_SWITCHED: Final = (
    "tls: failed to find certificate PEM data in certificate input, but did find a private key; "
    "PEM inputs may have been switched"
)


def secret(obj: Obj) -> list[str]:
    """A Secret of the TLS type with something wrong in it."""
    if obj.get("type") != "kubernetes.io/tls":
        return []
    data: Obj = obj.get("data") or {}
    problem = _pair_problem(_decoded(data.get("tls.crt")), _decoded(data.get("tls.key")))
    return [problem] if problem else []


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value or ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _blocks(pem: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for kind, body in _BLOCK.findall(pem.decode("latin-1")):
        try:
            found.append((kind, base64.b64decode("".join(body.split()), validate=True)))
        except (binascii.Error, ValueError):
            continue
    return found


def _pair_problem(certificate: bytes, key: bytes) -> str:
    blocks = _blocks(certificate)
    certificates = [der for kind, der in blocks if kind == "CERTIFICATE"]
    if not certificates:
        kinds = [kind for kind, _ in blocks]
        if not kinds:
            return "tls: failed to find any PEM data in certificate input"
        if len(kinds) == 1 and kinds[0].endswith("PRIVATE KEY"):
            return _SWITCHED
        return (
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the '
            f"following types: [{' '.join(kinds)}]"
        )
    skipped: list[str] = []
    for kind, der in _blocks(key):
        if kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY"):
            return _mismatch(certificates[0], der, kind)
        skipped.append(kind)
    if not skipped:
        return "tls: failed to find any PEM data in key input"
    if skipped == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks '
        f"of the following types: [{' '.join(skipped)}]"
    )


def _mismatch(certificate: bytes, key: bytes, kind: str) -> str:
    from cryptography import x509  # heavy, and TLS secrets are rare
    from cryptography.hazmat.primitives import serialization

    try:
        public = x509.load_der_x509_certificate(certificate).public_key()
    except Exception:  # the library raises errors of many types for data that is no certificate
        return "x509: malformed certificate"
    pem = f"-----BEGIN {kind}-----\n{base64.encodebytes(key).decode()}-----END {kind}-----\n"
    try:
        found = serialization.load_pem_private_key(pem.encode(), None)
    except Exception:
        return "tls: failed to parse private key"
    if type(found.public_key()) is not type(public):
        return "tls: private key type does not match public key type"
    encoding = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    same = found.public_key().public_bytes(*encoding) == public.public_bytes(*encoding)
    return "" if same else "tls: private key does not match public key"
