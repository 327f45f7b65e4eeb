"""Rules for names, labels and their keys, in the API server's words. Each returns the complaints, empty if fine."""

from __future__ import annotations

import re
from typing import Final

_SUBDOMAIN: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_LABEL_VALUE: Final = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_QUALIFIED: Final = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

_ENDS: Final = "and must start and end with an alphanumeric character"

_SUBDOMAIN_RE = re.compile(_SUBDOMAIN)
_LABEL_RE = re.compile(_LABEL)
_LABEL_1035_RE = re.compile(_LABEL_1035)
_LABEL_VALUE_RE = re.compile(_LABEL_VALUE)
_QUALIFIED_RE = re.compile(_QUALIFIED)


def _regex(message: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} bytes"


def dns_subdomain(value: str) -> list[str]:
    """RFC 1123 subdomain, at most 253 bytes: most objects' names."""
    problems = [_too_long(253)] if len(value.encode()) > 253 else []
    if not _SUBDOMAIN_RE.fullmatch(value):
        message = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
            + _ENDS
        )
        problems.append(_regex(message, _SUBDOMAIN, "example.com"))
    return problems


def dns_label(value: str) -> list[str]:
    """RFC 1123 label, at most 63 bytes: namespaces, containers."""
    problems = [_too_long(63)] if len(value.encode()) > 63 else []
    if not _LABEL_RE.fullmatch(value):
        if _SUBDOMAIN_RE.fullmatch(value):
            problems.append("must not contain dots")
        else:
            message = (
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                + _ENDS
            )
            problems.append(_regex(message, _LABEL, "my-name", "123-abc"))
    return problems


def dns_1035_label(value: str) -> list[str]:
    """RFC 1035 label, at most 63 bytes: services."""
    problems = [_too_long(63)] if len(value.encode()) > 63 else []
    if not _LABEL_1035_RE.fullmatch(value):
        message = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character"
        )
        problems.append(_regex(message, _LABEL_1035, "my-name", "abc-123"))
    return problems


def label_value(value: str) -> list[str]:
    """A label's value, at most 63 bytes."""
    problems = [_too_long(63)] if len(value.encode()) > 63 else []
    if not _LABEL_VALUE_RE.fullmatch(value):
        message = f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"
        problems.append(_regex(message, _LABEL_VALUE, "MyValue", "my_value", "12345"))
    return problems


def qualified_name(value: str) -> list[str]:
    """A label's or annotation's key: ``[prefix/]name``."""
    parts = value.split("/")
    if len(parts) > 2:
        message = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', " + _ENDS
        text = _regex(message, _QUALIFIED, "MyName", "my.name", "123-abc")
        return [text + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems: list[str] = []
    name = parts[-1]
    if len(parts) == 2:
        if not parts[0]:
            problems.append("prefix part must be non-empty")
        else:
            problems += [f"prefix part {text}" for text in dns_subdomain(parts[0])]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append(f"name part {_too_long(63)}")
    if not _QUALIFIED_RE.fullmatch(name):
        message = "name part must consist of alphanumeric characters, '-', '_' or '.', " + _ENDS
        problems.append(_regex(message, _QUALIFIED, "MyName", "my.name", "123-abc"))
    return problems


def path_segment(value: str) -> list[str]:
    """A name that may hold anything a URL path segment can (RBAC objects)."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in ("/", "%") if char in value]
