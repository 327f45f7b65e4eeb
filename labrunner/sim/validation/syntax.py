"""Syntax of ports, keys, identities and addresses, with the API server's messages (names: ``sim.names``).

Each rule takes a value and returns messages, none when the value is fine; :func:`check` turns them into field errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.errors import FieldError, invalid_value, required
from labrunner.sim.names import dns_label, dns_subdomain

Rule = Callable[[str], list[str]]
Errors = list[FieldError]

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_UNDERSCORE: Final = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_UNDERSCORE: Final = rf"{_LABEL_UNDERSCORE}(\.{_LABEL_UNDERSCORE})*"
_WILDCARD: Final = rf"\*\.{_SUBDOMAIN}"
_CONFIG_KEY: Final = "[-._a-zA-Z0-9]+"
_HTTP_HEADER: Final = "[-A-Za-z0-9]+"
_PERCENT: Final = "[0-9]+%"
_HTTP_PATH: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

RFC_1123: Final = "must consist of lower case alphanumeric characters"
NEGATIVE: Final = "must be greater than or equal to 0"
IMMUTABLE: Final = "field is immutable"


def regex_error(message: str, pattern: str, *examples: str) -> str:
    """A message that ends in examples and the expression, as the server composes them."""
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{e}', " for e in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def longer_than(limit: int) -> str:
    """The message for a string of more than *limit* bytes."""
    return f"must be no more than {limit} bytes"


def out_of_range(low: int, high: int) -> str:
    """The message for a number outside *low* to *high*."""
    return f"must be between {low} and {high}, inclusive"


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value, re.ASCII) is not None


def dns_subdomain_underscore(value: str) -> list[str]:
    """A subdomain whose labels may hold underscores (DNS search paths)."""
    out = [longer_than(253)] if len(value.encode()) > 253 else []
    if not _matches(_SUBDOMAIN_UNDERSCORE, value):
        text = (
            f"a lowercase RFC 1123 subdomain {RFC_1123}, '_', '-' or '.', "
            "and must start and end with an alphanumeric character"
        )
        out.append(regex_error(text, _SUBDOMAIN_UNDERSCORE, "example.com"))
    return out


def wildcard_subdomain(value: str) -> list[str]:
    """``*.`` and a subdomain."""
    out = [longer_than(253)] if len(value.encode()) > 253 else []
    if not _matches(_WILDCARD, value):
        text = (
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
            "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
        )
        out.append(regex_error(text, _WILDCARD, "*.example.com"))
    return out


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    out = [longer_than(253)] if len(value) > 253 else []
    if not _matches(_CONFIG_KEY, value):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        out.append(regex_error(text, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return out + _directory_prefix(value)


def _directory_prefix(value: str) -> list[str]:
    if value == ".":
        return ["must not be '.'"]
    if value == "..":
        return ["must not be '..'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def env_name(value: str) -> list[str]:
    """The name of an environment variable, by the relaxed rule in force since 1.32."""
    if not value:
        return ["environment variable name must be non-empty"]
    if any(not " " <= char <= "~" or char == "=" for char in value):
        return [
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        ]
    return []


def http_header_name(value: str) -> list[str]:
    """The name of an HTTP header."""
    if _matches(_HTTP_HEADER, value):
        return []
    text = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [regex_error(text, _HTTP_HEADER, "X-Header-Name")]


def percent(value: str) -> list[str]:
    """``25%``."""
    if _matches(_PERCENT, value):
        return []
    text = "a valid percent string must be a numeric string followed by an ending '%'"
    return [regex_error(text, _PERCENT, "1%", "93%")]


def port_name(value: str) -> list[str]:
    """The name of a container port, as services refer to it."""
    out = [longer_than(15)] if len(value) > 15 else []
    if not _matches("[-a-z0-9]+", value):
        out.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if re.search("[a-z]", value) is None:
        out.append("must contain at least one letter (a-z)")
    if "--" in value:
        out.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        out.append("must not begin or end with a hyphen")
    return out


def port_number(value: int) -> list[str]:
    """A port between 1 and 65535."""
    return [] if 1 <= value <= 65535 else [out_of_range(1, 65535)]


def check(path: str, value: str, rule: Rule) -> Errors:
    """Field errors at *path* for what *rule* says of *value*."""
    return [invalid_value(path, value, message) for message in rule(value)]


def check_port(path: str, value: Any) -> Errors:
    """Field errors for a port given by number or by name (IntOrString)."""
    if isinstance(value, str):
        return check(path, value, port_name)
    number = value or 0
    return [invalid_value(path, number, message) for message in port_number(number)]


def check_port_number(path: str, value: Any) -> Errors:
    """Field errors for a port number."""
    return [invalid_value(path, value or 0, message) for message in port_number(value or 0)]


def non_negative(path: str, value: int | None) -> Errors:
    """Field errors for a number below zero; null passes."""
    return [invalid_value(path, value, NEGATIVE)] if value is not None and value < 0 else []


def identity(path: str, value: int | None) -> Errors:
    """Field errors for a user or group id."""
    if value is None or 0 <= value <= 0xFFFFFFFF:
        return []
    return [invalid_value(path, value, out_of_range(0, 0xFFFFFFFF))]


def fully_qualified_domain(path: str, value: str) -> Errors:
    """Field errors for a domain of at least two labels; a trailing dot is fine."""
    name = value.removesuffix(".")
    if not value:
        return [required(path)]
    if problems := dns_subdomain(name):
        return [invalid_value(path, name, ",".join(problems))]
    labels = name.split(".")
    if len(labels) < 2:
        text = "should be a domain with at least two segments separated by dots"
        return [invalid_value(path, name, text)]
    for label in labels:
        if problems := dns_label(label):
            return [invalid_value(path, label, ",".join(problems))]
    return []


def domain_prefixed_path(path: str, value: str) -> Errors:
    """Field errors for ``example.com/controller``."""
    if not value:
        return [required(path)]
    host, _, rest = value.partition("/")
    if not host or not rest:
        return [invalid_value(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    out = check(path, host, dns_subdomain)
    if not _matches(_HTTP_PATH, rest):
        out.append(invalid_value(path, rest, regex_error("Invalid path", _HTTP_PATH)))
    return out


def one_of(path: str, value: Any, allowed: Iterable[str]) -> Errors:
    """Field errors for an enumeration: required when empty, unsupported otherwise."""
    options = list(allowed)
    if not value:
        return [required(path)]
    if value in options:
        return []
    shown = ", ".join(gotext.quote(option) for option in options)
    return [FieldError("FieldValueNotSupported", path, f"supported values: {shown}", value)]
