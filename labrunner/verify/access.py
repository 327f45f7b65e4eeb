"""RBAC's own answer to "may this user do that?", as `kubectl auth can-i --as` asks it. Blocking; for worker threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labrunner.content.checks_model import CanCheck
from labrunner.verify.api import ClusterError, KubeApi
from labrunner.verify.discovery import Discovery, Resource
from labrunner.verify.store import EVERY_NAMESPACE, SourceState

_REVIEWS = "/apis/authorization.k8s.io/v1/"
_SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """What the authorizer said. `reason` is its own, often empty."""

    allowed: bool
    reason: str = ""


def ask(api: KubeApi, discovery: Discovery, check: CanCheck, namespace: str | None) -> AccessAnswer:
    """Ask for `check`, in `namespace` where it names none. Raises ClusterError when there is no answer."""
    attributes = _attributes(api, discovery, check, namespace)
    if not check.user:
        return _answer(api.post(f"{_REVIEWS}selfsubjectaccessreviews", _review("Self", attributes)))
    body = _review("", {**attributes, "user": check.user, "groups": implied_groups(check.user, check.groups)})
    try:
        return _answer(api.post(f"{_REVIEWS}subjectaccessreviews", body))
    except ClusterError as problem:
        if problem.state is not SourceState.REFUSED:
            raise
    headers = {"Impersonate-User": check.user}
    if check.groups:
        headers["Impersonate-Group"] = check.groups[0]
    return _answer(api.post(f"{_REVIEWS}selfsubjectaccessreviews", _review("Self", attributes), headers))


def implied_groups(user: str, groups: tuple[str, ...]) -> list[str]:
    """The groups that the API server gives to an authenticated user of that name."""
    implied = list(groups)
    if user.startswith(_SERVICE_ACCOUNT):
        home = user.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
        implied += ["system:serviceaccounts", f"system:serviceaccounts:{home}"]
    implied.append("system:unauthenticated" if user == "system:anonymous" else "system:authenticated")
    return list(dict.fromkeys(implied))


def _review(prefix: str, spec: dict[str, Any]) -> dict[str, Any]:
    kind = f"{prefix}SubjectAccessReview"
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def _attributes(api: KubeApi, discovery: Discovery, check: CanCheck, namespace: str | None) -> dict[str, Any]:
    if check.resource.startswith("/"):
        return {"nonResourceAttributes": {"path": check.resource, "verb": check.verb}}
    name, _, subresource = check.resource.partition("/")
    plural, _, group = name.partition(".")
    found: Resource | None = None
    if plural != "*":
        found = discovery.by_name(api, plural, group or None)
    where = check.namespace or namespace or api.default_namespace
    if where == EVERY_NAMESPACE or (found is not None and not found.namespaced):
        where = ""
    asked = {
        "verb": check.verb,
        "group": found.group if found else group or ("*" if plural == "*" else ""),
        "resource": found.plural if found else plural,
        "subresource": subresource,
        "name": check.name or "",
        "namespace": where,
    }
    return {"resourceAttributes": {key: value for key, value in asked.items() if value}}


def _answer(review: Any) -> AccessAnswer:
    status = review.get("status") or {}
    if status.get("evaluationError") and not status.get("allowed"):
        return AccessAnswer(False, str(status["evaluationError"]))
    return AccessAnswer(bool(status.get("allowed")), str(status.get("reason") or ""))
