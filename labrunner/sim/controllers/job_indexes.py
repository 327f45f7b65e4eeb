"""The completion indexes of Indexed Jobs: how they are written, and how often each has failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from labrunner.sim.objects import Obj, annotations_of, get_path

INDEX: Final = "batch.kubernetes.io/job-completion-index"
FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES: Final = "batch.kubernetes.io/job-index-ignored-failure-count"
_LONGEST_SPAN: Final = 1_000_000


def is_indexed(job: Obj) -> bool:
    """Whether every completion has a number of its own."""
    return bool(get_path(job, "spec", "completionMode") == "Indexed")


def has_limit_per_index(job: Obj) -> bool:
    """Whether failures are counted for each index."""
    return get_path(job, "spec", "backoffLimitPerIndex") is not None


def _number(pod: Obj, annotation: str, default: int) -> int:
    text = annotations_of(pod).get(annotation, "")
    return int(text) if text.isdigit() else default


def index_of(pod: Obj) -> int:
    """The completion index of a pod; -1 without one."""
    return _number(pod, INDEX, -1)


def failures_of(pod: Obj) -> int:
    """How many pods of its index failed before *pod*."""
    return _number(pod, FAILURES, 0)


def all_failures_of(pod: Obj) -> int:
    """Like :func:`failures_of`, with those that the failure policy ignored."""
    return failures_of(pod) + _number(pod, IGNORED_FAILURES, 0)


def parse_indexes(text: str, below: int = _LONGEST_SPAN) -> set[int]:
    """``0-2,4`` as numbers, as far as they are smaller than *below*."""
    out: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            out.update(range(int(first), min(int(last or first), below - 1) + 1))
    return out


def format_indexes(numbers: Iterable[int]) -> str:
    """Numbers as ``0-2,4``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    # Two neighbours are written as a list, as the real controller does: 0,1 but 0-2.
    return ",".join(str(a) if a == b else (f"{a},{b}" if b == a + 1 else f"{a}-{b}") for a, b in spans)
