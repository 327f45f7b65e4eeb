"""The ``authorizer`` of CEL: may this user, or this service account, do that?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: of *path*, or of a resource. ``subject`` is a service account (namespace, name) or None."""

    subject: tuple[str, str] | None = None
    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


#: Answers a question: allowed, and why.
Judge = Callable[[Question], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A question on its way to the judge: as Authorizer, PathCheck, GroupCheck or ResourceCheck of CEL."""

    judge: Judge
    question: Question = Question()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer."""

    allowed: bool
    reason: str = ""


def _with(key: str) -> Callable[[Authorizer, str], Authorizer]:
    def narrowed(found: Authorizer, value: str) -> Authorizer:
        change: dict[str, Any] = {key: value}
        return Authorizer(found.judge, replace(found.question, **change))

    return narrowed


def _check(found: Authorizer, verb: str) -> Verdict:
    return Verdict(*found.judge(replace(found.question, verb=verb)))


def _account(found: Authorizer, namespace: str, name: str) -> Authorizer:
    return Authorizer(found.judge, replace(found.question, subject=(namespace, name)))


AUTHORIZATION: Final[dict[str, Callable[..., Any]]] = {
    **{key: _with(key) for key in ("path", "group", "resource", "subresource", "namespace", "name")},
    "fieldSelector": lambda found, _: found,
    "labelSelector": lambda found, _: found,
    "serviceAccount": _account,
    "check": _check,
    "allowed": lambda verdict: verdict.allowed,
    "reason": lambda verdict: verdict.reason,
    "errored": lambda _: False,
    "error": lambda _: "",
}
