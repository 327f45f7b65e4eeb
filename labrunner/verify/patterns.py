"""Authors' regular expressions, run so that no pattern can hang the app.

Python's matcher can take exponential time and holds the interpreter's lock meanwhile. On the main thread a timer
signal interrupts it; elsewhere the match runs in a child process that can be killed.
"""

from __future__ import annotations

import functools
import re
import signal
import subprocess
import sys
import threading

TIME_LIMIT = 0.5
"""Seconds that one match may take."""

TEXT_LIMIT = 256 * 1024
"""Characters of the text that are looked at, from its start."""

_CHILD = """\
import re, sys
pattern, text = sys.stdin.read().split("\\0", 1)
sys.exit(0 if re.search(pattern, text, re.MULTILINE) else 1)
"""


class PatternError(ValueError):
    """The pattern is not a regular expression, or took too long: the check's fault, never the learner's."""


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """`^` and `$` match at every line. Raises PatternError."""
    try:
        return re.compile(pattern, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as problem:
        raise PatternError(f"/{pattern}/ is not a regular expression: {problem}") from None


def found_in(pattern: str, text: str) -> bool:
    """Whether the pattern occurs anywhere in the text. Raises PatternError."""
    compiled = compile_pattern(pattern)
    text = text[:TEXT_LIMIT]
    if len(text) < 2000 and _is_plain(pattern):
        return compiled.search(text) is not None
    if threading.current_thread() is threading.main_thread():
        return _search_with_alarm(compiled, text)
    return _search_in_child(pattern, text)


def _is_plain(pattern: str) -> bool:
    """Whether at most one repetition is in it, which cannot take more than quadratic time."""
    return sum(pattern.count(sign) for sign in "*+{?") <= 1


class _TimeUpError(Exception):
    pass


def _search_with_alarm(compiled: re.Pattern[str], text: str) -> bool:
    def on_alarm(*_: object) -> None:
        raise _TimeUpError

    before = signal.signal(signal.SIGALRM, on_alarm)
    pending, _ = signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
    try:
        return compiled.search(text) is not None
    except _TimeUpError:
        raise _too_slow(compiled.pattern) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, pending)
        signal.signal(signal.SIGALRM, before)


def _search_in_child(pattern: str, text: str) -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=f"{pattern}\0{text}".encode("utf-8", "surrogatepass"),
            timeout=TIME_LIMIT + 1.0,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_slow(pattern) from None
    return done.returncode == 0


def _too_slow(pattern: str) -> PatternError:
    return PatternError(
        f"/{pattern}/ took longer than {TIME_LIMIT:g} s; make it simpler (no nested repetition)"
    )
