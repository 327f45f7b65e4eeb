"""String formats that the API server checks in custom objects; formats it does not know are ignored.

The names are those that apiextensions supports; how each is read follows Go's standard library.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from labrunner.sim.names import dns_label, dns_subdomain

_DURATION: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_WORDY_DURATION: Final = re.compile(r"(\d+)\s*([A-Za-zµ]+)")
_UNITS: Final = re.compile(
    r"(ns|us|µs|ms|s|m|h|d|w|nanos?|micros?|millis?|(nano|micro|milli)seconds?|secs?|seconds?|mins?|minutes?"
    r"|hrs?|hours?|days?|wks?|weeks?)"
)
_TIME: Final = re.compile(
    r"^(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[-+]\d\d:?\d\d)?$"
)
_HOSTNAME: Final = re.compile(r"^([a-zA-Z0-9\u0080-\uffff_-]{1,63}\.)*[a-zA-Z0-9\u0080-\uffff_-]{1,63}\.?$")
_EMAIL: Final = re.compile(r"^(.*<)?[^@\s<>()\[\]:;,\\\"]+@[^@\s<>]+>?$")
_UUID: Final = r"^[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}$"


def _duration(text: str) -> bool:
    if text == "0":
        return True
    rest = text[1:] if text[:1] in "+-" else text
    position = 0
    while position < len(rest):
        part = _DURATION.match(rest, position)
        if part is None or rest[position] in "+-":
            break
        position = part.end()
    if rest and position == len(rest):
        return True
    found = _WORDY_DURATION.findall(text)
    return bool(found) and all(_UNITS.fullmatch(unit) for _, unit in found)


def _date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _date_time(text: str) -> bool:
    found = _TIME.match(text)
    return found is not None and _date(found[1])


def _base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _address(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return check


def _cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _uri(text: str) -> bool:
    """An absolute URI or an absolute path, as Go's ``url.ParseRequestURI`` wants it."""
    if not text or any(ord(c) < 0x20 or c == "\x7f" for c in text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return text.startswith("/") or bool(parts.scheme)


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text: compiled.match(text) is not None


def _hostname(text: str) -> bool:
    return len(text) <= 255 and _HOSTNAME.match(text) is not None


@cache
def _checks() -> dict[str, Callable[[str], bool]]:
    return {
        "bsonobjectid": _matching(r"^[0-9a-f]{24}$"),
        "uri": _uri,
        "email": _matching(_EMAIL.pattern),
        "hostname": _hostname,
        "ipv4": _address(4),
        "ipv6": _address(6),
        "cidr": _cidr,
        "mac": _matching(r"^([0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}$"),
        "uuid": _matching(_UUID % ("[0-9a-f]", "[0-9a-f]")),
        "uuid3": _matching(_UUID % ("3", "[0-9a-f]")),
        "uuid4": _matching(_UUID % ("4", "[89ab]")),
        "uuid5": _matching(_UUID % ("5", "[89ab]")),
        "isbn": _matching(r"^[\dX -]{10,17}$"),
        "isbn10": _matching(r"^[\dX -]{10,13}$"),
        "isbn13": _matching(r"^[\d -]{13,17}$"),
        "creditcard": _matching(r"^[\d -]{12,23}$"),
        "ssn": _matching(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$"),
        "hexcolor": _matching(r"^#?([0-9a-f]{3}|[0-9a-f]{6})$"),
        "rgbcolor": _matching(r"^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$"),
        "byte": _base64,
        "password": lambda text: True,  # noqa: ARG005
        "date": _date,
        "duration": _duration,
        "datetime": _date_time,
        "k8sshortname": lambda text: not dns_label(text),
        "k8slongname": lambda text: not dns_subdomain(text),
    }


def known(name: str) -> bool:
    """Whether the server checks that format."""
    return name.replace("-", "") in _checks()


def fits(name: str, text: str) -> bool:
    """Whether *text* is of the format; True for a format that is not known."""
    check = _checks().get(name.replace("-", ""))
    return check is None or check(text)
