"""`can`: RBAC's answer for a user, asked of the cluster and again whenever RBAC objects change."""

from __future__ import annotations

from collections.abc import Hashable

from labrunner.content.checks_model import CanCheck
from labrunner.verify.access import AccessAnswer
from labrunner.verify.api import ClusterError
from labrunner.verify.finding import Finding, error, failing, passing, pending
from labrunner.verify.store import EVERY_NAMESPACE, SourceKey
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, own_id

RBAC_KINDS = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def can_key(ident: str, check: CanCheck) -> Hashable:
    """Under which the answer is kept."""
    question = (check.user, check.groups, check.verb, check.resource, check.name, check.namespace)
    return (own_id(ident), "can", check.cluster, *question)


def can(check: CanCheck, world: World, ident: str) -> Finding:
    answer = world.probes.get(can_key(ident, check))
    if answer is None:
        return pending("asking the cluster")
    if isinstance(answer, ClusterError):
        return error(answer.reason)
    assert isinstance(answer, AccessAnswer)
    said = f"{_question(check, world)}: {_yes(answer.allowed)}"
    actual = {"allowed": answer.allowed, "reason": answer.reason}
    if answer.allowed == check.allowed:
        return passing(said, actual)
    wanted = _yes(check.allowed)
    reason = f" ({answer.reason})" if answer.reason else ""
    return failing(
        f"{said}, wanted {wanted}{reason}", (Difference("allowed", answer.allowed, wanted),), actual
    )


def _yes(allowed: bool) -> str:
    return "yes" if allowed else "no"


def _question(check: CanCheck, world: World) -> str:
    what = f"{check.resource}/{check.name}" if check.name else check.resource
    namespace = check.namespace or world.context.namespace
    where = f" in namespace {namespace}" if namespace and namespace != EVERY_NAMESPACE else ""
    if check.resource.startswith("/"):
        where = ""
    return f"can {check.user or 'the lab user'} {check.verb} {what}{where}?"


def rbac_sources(check: CanCheck) -> tuple[SourceKey, ...]:
    """What to watch so that the question is asked again in time."""
    version = "rbac.authorization.k8s.io/v1"
    return tuple(SourceKey(check.cluster, version, kind, EVERY_NAMESPACE) for kind in RBAC_KINDS)
