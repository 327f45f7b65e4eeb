"""Who a client certificate speaks for: common name and organizations of its subject.

A few lines of DER instead of a cryptography library: the certificate has been verified by TLS already, and a library
would double the memory of the server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from labrunner.sim.auth.identity import User

_SEQUENCE, _SET, _OID, _CONTEXT_0 = 0x30, 0x31, 0x06, 0xA0
_COMMON_NAME: Final = bytes.fromhex("550403")
_ORGANIZATION: Final = bytes.fromhex("55040a")
_USER_ID: Final = bytes.fromhex("2b0601040183c25302")
_UTF16, _UTC_TIME = 0x1E, 0x17
CREDENTIAL_ID: Final = "authentication.kubernetes.io/credential-id"


@lru_cache(maxsize=128)
def user_of(certificate: bytes) -> User | None:
    """The user of a certificate in DER; None when its subject has no common name or it cannot be read."""
    try:
        names = list(_subject(certificate))
    except (IndexError, ValueError):
        return None
    common = next((value for oid, value in names if oid == _COMMON_NAME), "")
    if not common:
        return None
    return User(
        common,
        tuple(value for oid, value in names if oid == _ORGANIZATION),
        next((value for oid, value in names if oid == _USER_ID), ""),
        {CREDENTIAL_ID: ("X509SHA256=" + hashlib.sha256(certificate).hexdigest(),)},
    )


@lru_cache(maxsize=128)
def valid_until(certificate: bytes) -> datetime:
    """The end of a certificate's life. Raises ValueError, IndexError for one that cannot be read."""
    _, end = list(_elements(_fields(certificate)[3]))[:2]
    text = end[1].decode("ascii")
    if end[0] == _UTC_TIME:
        text = ("19" if text >= "5" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _fields(certificate: bytes) -> list[bytes]:
    """Serial number, signature algorithm, issuer, validity, subject and what follows."""
    outer = list(_elements(certificate))[0][1]  # noqa: RUF015 - an IndexError is wanted where nothing is there
    body = list(_elements(outer))[0][1]  # noqa: RUF015
    parts = list(_elements(body))
    return [content for _, content in parts[1 if parts[0][0] == _CONTEXT_0 else 0 :]]


def _subject(certificate: bytes) -> Iterator[tuple[bytes, str]]:
    """(Object identifier, text) of each attribute of the subject."""
    for _, names in _elements(_fields(certificate)[4]):
        for _, attribute in _elements(names):
            (oid_tag, oid), (text_tag, text) = list(_elements(attribute))[:2]
            if oid_tag == _OID:
                yield oid, text.decode("utf-16-be" if text_tag == _UTF16 else "utf-8")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(Tag, content) of the elements that follow each other in *data*. Raises IndexError, ValueError."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("truncated")
        yield tag, data[position : position + length]
        position += length
