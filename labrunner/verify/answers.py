"""What the network gave: an answer, or a failure of one of a few ways. Also why it could not be asked at all."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from labrunner.verify.pods import Obstacle, PodTroubleError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

WORDS = {
    "refused": "the connection is refused",  # by the host, or by a firewall that says so
    "timeout": "there is no answer in time",
    "name": "the name is not known",
    "tls": "no TLS connection comes about",
    "reset": "the connection is cut off",
    "other": "the request fails",
}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One HTTP response. Header names are in lower case; `body` is None where the tool does not give it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = ""

    def header(self, name: str) -> str | None:
        """All values of a header, joined as HTTP has it."""
        found = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(found) if found else None


@dataclass(frozen=True, slots=True)
class NetworkFailure:
    """No answer: `way` is a key of WORDS, `said` the tool's own words."""

    way: str
    said: str = ""

    def in_words(self) -> str:
        detail = f" ({self.said[:200]})" if self.said and self.way in ("tls", "other") else ""
        return WORDS[self.way] + detail


@dataclass(frozen=True, slots=True)
class Connected:
    """A TCP connection was taken."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A name's addresses, sorted."""

    addresses: tuple[str, ...]


def failure_of(problem: BaseException) -> NetworkFailure:
    """The way in which a request from this machine failed."""
    said = (str(problem) or type(problem).__name__).splitlines()[0][:200]
    if isinstance(problem, ssl.SSLError):
        return NetworkFailure("tls", said)
    if isinstance(problem, socket.gaierror):
        return NetworkFailure("name", said)
    if isinstance(problem, TimeoutError):
        return NetworkFailure("timeout", said)
    if isinstance(problem, ConnectionRefusedError):
        return NetworkFailure("refused", said)
    if isinstance(problem, ConnectionError | EOFError):
        return NetworkFailure("reset", said)
    if isinstance(problem, OSError) and problem.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return NetworkFailure("refused", said)
    return NetworkFailure("other", said)


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """The text with each `${NAME}` filled from the lab's environment. Raises PodTroubleError for one without value."""

    def value(found: re.Match[str]) -> str:
        known = environment.get(found[1])
        if not known:
            raise PodTroubleError(Obstacle.MISSING, f"the lab has no value for {found[1]} yet")
        return known

    return _VARIABLE.sub(value, text)


def has_variables(*texts: str | None) -> bool:
    """Whether one of the texts takes something from the lab's environment."""
    return any(text is not None and _VARIABLE.search(text) for text in texts)
