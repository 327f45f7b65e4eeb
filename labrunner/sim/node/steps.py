"""The vocabulary of simulated programs: what they do, one step after the other, and what they run in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """``kind``: out, message (text), sleep (seconds), file, gone (path), exit (code), forever, unknown (text)."""

    kind: str
    text: str = ""
    number: float = 0.0


Steps = Generator[Step, None, int]
"""Steps, then an exit code (``shell.FOREVER`` for none)."""


@dataclass(slots=True)
class Context:
    """What a program runs in. ``now`` counts seconds since its start; ``files`` are those it made."""

    env: Mapping[str, str] = field(default_factory=dict)
    clock_text: Callable[[float], str] = lambda _at: ""
    now: float = 0.0
    files: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    memory_limit: int = 0
    message_path: str = "/dev/termination-log"
    term_exit: int | None = None
    ignores_term: bool = True
    work: int = 0


class Exit(Exception):  # noqa: N818 - control flow, not an error
    """The whole program ends with ``code``."""

    def __init__(self, code: int) -> None:
        self.code = code


class Break(Exception):  # noqa: N818 - control flow, not an error
    """The innermost loop ends."""
