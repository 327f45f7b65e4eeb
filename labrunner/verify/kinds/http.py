"""`http`: what a request is answered with, and how the answers to many divide."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from labrunner.content.checks_model import HttpCheck, Matcher, Split
from labrunner.verify.answers import HttpAnswer, NetworkFailure
from labrunner.verify.finding import Finding, failing, passing
from labrunner.verify.jsonpath import as_text, compile_path
from labrunner.verify.kinds.network import WANTED_FAILURES, asked_from, failure_fits
from labrunner.verify.kinds.pods import pod_key, pod_trouble
from labrunner.verify.matching import accepts, differences
from labrunner.verify.phrasing import MISSING, phrase
from labrunner.verify.shares import counted, fits, interval
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World

Answer = HttpAnswer | NetworkFailure
_GOOD = Matcher("between", (200, 299))
_OTHER = "anything else"
_SHOWN = 3


def request(check: HttpCheck, world: World, ident: str) -> Finding:
    answers = world.probes.get(pod_key(ident, check))
    trouble = pod_trouble(answers)
    if trouble is not None:
        return trouble
    assert isinstance(answers, tuple)
    where = f"{_address(check)}{asked_from(check.source, world)}"
    if check.split is not None:
        return _division(check, check.split, answers, where)
    judged = [(answer, _differences(check, answer)) for answer in answers]
    wrong = [(answer, found) for answer, found in judged if found]
    if not wrong:
        times = f", {len(answers)} times" if len(answers) > 1 else ""
        return passing(f"{where}: {_told(answers[0])}{times}", _actual(answers[0]))
    answer, found = wrong[0]
    share = f"{len(wrong)} of {len(answers)} requests, the first: " if len(answers) > 1 else ""
    return failing(f"{where}: {share}{_in_words(found[0])}", found, _actual(answer))


def _address(check: HttpCheck) -> str:
    if check.endpoint is None:
        return check.url
    target = check.endpoint.target
    return f"{target.kind} {target.name}:{check.endpoint.port}{check.url if check.url != '/' else ''}"


def _differences(check: HttpCheck, answer: Answer) -> tuple[Difference, ...]:
    """Where an answer is not what the check wants."""
    if check.fails:
        if isinstance(answer, NetworkFailure) and failure_fits(check.fails, answer):
            return ()
        return (Difference("answer", _told(answer), WANTED_FAILURES[check.fails]),)
    if isinstance(answer, NetworkFailure):
        return (Difference("answer", answer.in_words(), "an answer"),)
    parsed = _parsed(answer.body) if check.json is not None else MISSING
    body = MISSING if answer.body is None else answer.body
    wanted: list[tuple[str, Matcher | None, Any]] = [("status", check.status or _GOOD, answer.status)]
    wanted += [
        (f"headers.{name}", matcher, _or_missing(answer.header(name))) for name, matcher in check.headers
    ]
    wanted += [("body", check.text, body), ("json", check.json, parsed)]
    return tuple(
        one
        for name, matcher, value in wanted
        if matcher is not None and not accepts(matcher, value)
        for one in differences(matcher, value, name)
    )


def _or_missing(value: str | None) -> Any:
    return MISSING if value is None else value


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return MISSING


def _told(answer: Answer) -> str:
    if isinstance(answer, NetworkFailure):
        return answer.in_words()
    return f"status {answer.status}"


def _in_words(first: Difference) -> str:
    if first.path == "answer":
        return f"{first.observed}, wanted {first.wanted}"
    if first.path == "status":
        return f"status {first.observed}, wanted {first.wanted}"
    shown = "no JSON" if first.path == "json" and first.observed is None else phrase(first.observed)
    return f"{first.path} is {shown}, wanted {first.wanted}"


def _actual(answer: Answer) -> dict[str, Any]:
    """For `{{actual…}}`."""
    if isinstance(answer, NetworkFailure):
        return {"failure": answer.way, "said": answer.said}
    actual: dict[str, Any] = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    parsed = _parsed(answer.body)
    return actual if parsed is MISSING else {**actual, "json": parsed}


# How answers divide


def _division(check: HttpCheck, split: Split, answers: Sequence[Answer], where: str) -> Finding:
    labels = [_label(check, split, answer) for answer in answers]
    counts = Counter(label for label, _ in labels)
    total = len(answers)
    wanted: list[tuple[str, int, float | None]] = [
        (one.label, counts[one.label], one.share) for one in split.shares
    ]
    spare = 1.0 - sum(one.share for one in split.shares)
    strange = Counter(said for label, said in labels if label == _OTHER)
    if counts[_OTHER] or spare > 1e-4:
        wanted.append((_OTHER, counts[_OTHER], max(0.0, spare) if spare > 1e-4 else 0.0))
    words = ", ".join(counted(*one[:2], total, one[2]) for one in wanted)
    if strange:
        words += f" ({'; '.join(said for said, _ in strange.most_common(_SHOWN))})"
    actual = {label: _share(count, total) for label, count, _ in wanted}
    wrong = [one for one in wanted if one[2] is not None and not fits(one[1], total, one[2], len(wanted))]
    if not wrong:
        return passing(f"{where}: {words}", {"shares": actual, "requests": total})
    found = tuple(
        Difference(f"ratio.{label}", count / total, f"{share:g}")
        for label, count, share in wrong
        if share is not None
    )
    return failing(f"{where}: {words}", found, {"shares": actual, "requests": total})


def _share(count: int, total: int) -> dict[str, Any]:
    low, high = interval(count, total)
    return {"count": count, "share": count / total, "low": low, "high": high}


def _label(check: HttpCheck, split: Split, answer: Answer) -> tuple[str, str]:
    """The share an answer belongs to, and for one that belongs to none what it is instead."""
    wrong = _differences(check, answer)
    if isinstance(answer, NetworkFailure) or wrong:
        return _OTHER, _in_words(wrong[0])
    value = _classified(split.by, answer)
    for one in split.shares:
        if accepts(one.matcher, value):
            return one.label, ""
    return _OTHER, f"{split.by} is {phrase(value)}"


def _classified(by: str, answer: HttpAnswer) -> Any:
    """The part of an answer that tells which share it belongs to."""
    kind, _, name = by.partition(":")
    if kind == "header":
        return _or_missing(answer.header(name))
    if kind == "json":
        found = compile_path(name).select(_parsed(answer.body))
        return as_text(found[0]) if found else MISSING
    return MISSING if answer.body is None else answer.body.strip()
