"""Questions about access, answered at once and never stored: the reviews of ``authorization`` and ``authentication``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from labrunner.sim.auth import review_rules
from labrunner.sim.auth.attributes import Attributes
from labrunner.sim.auth.authentication import Authenticator
from labrunner.sim.auth.identity import User
from labrunner.sim.auth.rbac import Authorizer
from labrunner.sim.auth.tokens import ISSUER, InvalidTokenError
from labrunner.sim.clock import Clock, timestamp
from labrunner.sim.errors import FieldError, bad_request, invalid
from labrunner.sim.objects import Obj, namespace_of

_BAD_TOKEN: Final = "invalid bearer token"  # noqa: S105 - a message


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Answers reviews."""

    authorizer: Authorizer
    authenticator: Authenticator
    clock: Clock

    def answer(self, review: Obj, user: User, namespace: str = "") -> Obj:
        """*review* with its status, for the kinds in :data:`KINDS`. Raises ApiError (400, 422)."""
        status = _ANSWERS[review["kind"]](self, review, user, namespace)
        return {**review, "status": status}

    def self_subject_access(self, review: Obj, user: User, _: str) -> Obj:
        """May I?"""
        spec = review.get("spec") or {}
        _check("SelfSubjectAccessReview", review_rules.access(spec) + review_rules.bare(review))
        return self._decide(spec, user)

    def subject_access(self, review: Obj, _: User, __: str) -> Obj:
        """May that user?"""
        spec = review.get("spec") or {}
        _check("SubjectAccessReview", review_rules.subject(spec) + review_rules.bare(review))
        return self._decide(spec, _subject(spec))

    def local_subject_access(self, review: Obj, _: User, namespace: str) -> Obj:
        """May that user, in this namespace?"""
        spec = review.get("spec") or {}
        where = namespace or namespace_of(review)
        problems = review_rules.subject(spec) + review_rules.bare(review, local=True)
        _check("LocalSubjectAccessReview", problems + review_rules.local(spec, where))
        return self._decide(spec, _subject(spec))

    def self_subject_rules(self, review: Obj, user: User, _: str) -> Obj:
        """What may I do in a namespace?"""
        namespace = (review.get("spec") or {}).get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        found, complaints = self.authorizer.rules_for(user, namespace)
        resources, urls = [], []
        for rule in found:
            if rule.get("resources"):
                kept = ("verbs", "apiGroups", "resources", "resourceNames")
                resources.append({key: rule[key] for key in kept if rule.get(key)})
            if rule.get("nonResourceURLs"):
                urls.append({key: rule[key] for key in ("verbs", "nonResourceURLs")})
        status: Obj = {"resourceRules": resources, "nonResourceRules": urls, "incomplete": bool(complaints)}
        if complaints:
            status["evaluationError"] = ", ".join(complaints)
        return status

    def self_subject(self, review: Obj, user: User, _: str) -> Obj:
        """Who am I?"""
        review["metadata"] = {
            **(review.get("metadata") or {}),
            "creationTimestamp": timestamp(self.clock.now()),
        }
        return {"userInfo": user.info()}

    def token(self, review: Obj, _: User, __: str) -> Obj:
        """Whose token is this?"""
        spec = review.get("spec") or {}
        if not spec.get("token"):
            raise bad_request("token is required for TokenReview in authentication")
        try:
            user, shared = self.authenticator.review(spec["token"], spec.get("audiences") or [ISSUER])
        except InvalidTokenError as error:
            why = str(error)
            return {"user": {}, "error": f"[{_BAD_TOKEN}, {why}]" if why else _BAD_TOKEN}
        return {"authenticated": True, "user": user.info(), "audiences": shared}

    def _decide(self, spec: Obj, user: User) -> Obj:
        decision = self.authorizer.authorize(user, _attributes(spec))
        status: Obj = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return status


_ANSWERS: Final[dict[str, Callable[[Reviewer, Obj, User, str], Obj]]] = {
    "SelfSubjectAccessReview": Reviewer.self_subject_access,
    "SubjectAccessReview": Reviewer.subject_access,
    "LocalSubjectAccessReview": Reviewer.local_subject_access,
    "SelfSubjectRulesReview": Reviewer.self_subject_rules,
    "SelfSubjectReview": Reviewer.self_subject,
    "TokenReview": Reviewer.token,
}
KINDS: Final = frozenset(_ANSWERS)


def _attributes(spec: Obj) -> Attributes:
    resource = spec.get("resourceAttributes")
    if resource is None:
        path = spec.get("nonResourceAttributes") or {}
        return Attributes(path.get("verb", ""), path=path.get("path") or "/")
    return Attributes(
        verb=resource.get("verb", ""),
        group=resource.get("group", ""),
        version=resource.get("version", ""),
        resource=resource.get("resource", ""),
        subresource=resource.get("subresource", ""),
        name=resource.get("name", ""),
        namespace=resource.get("namespace", ""),
        field_selector=_field_selector(resource.get("fieldSelector") or {}),
    )


def _field_selector(selector: Obj) -> str:
    terms = [
        f"{rule.get('key')}{'=' if rule.get('operator') == 'In' else '!='}{rule['values'][0]}"
        for rule in selector.get("requirements") or ()
        if len(rule.get("values") or ()) == 1
    ]
    return ",".join(terms) or selector.get("rawSelector", "")


def _subject(spec: Obj) -> User:
    extra = {key.lower(): tuple(values or ()) for key, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), extra)


def _check(kind: str, problems: list[FieldError]) -> None:
    if problems:
        raise invalid(f"{kind}.authorization.k8s.io", "", problems)
