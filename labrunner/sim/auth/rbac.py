"""The authorizers in their order: masters, nodes, then RBAC on the roles and bindings in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from labrunner.sim.auth import node_authorizer, rules
from labrunner.sim.auth.attributes import Attributes, Decision
from labrunner.sim.auth.identity import MASTERS, User, service_account_name
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, name_of, namespace_of

_GROUP: Final = "rbac.authorization.k8s.io"
CLUSTER_ROLES: Final = f"clusterroles.{_GROUP}"
CLUSTER_ROLE_BINDINGS: Final = f"clusterrolebindings.{_GROUP}"
ROLES: Final = f"roles.{_GROUP}"
ROLE_BINDINGS: Final = f"rolebindings.{_GROUP}"

Objects = list[Obj]
_NO_OPINION: Final = Decision(False)


class Objectstore(Protocol):
    """What the authorizer needs of ``store.Store``."""

    def get(self, gr: str, namespace: str, name: str) -> Obj | None: ...
    def list(self, gr: str, namespace: str | None = None) -> Objects: ...
    def subscribe(self, gr: str | None, fn: Callable[[Any], object]) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule that a user has (or the complaint on a role that is missing), and by which binding."""

    rule: Obj | None
    source: str = ""
    error: str = ""


class Authorizer:
    """Decides; members of ``system:masters`` may do anything, nodes what the Node authorizer or RBAC lets them.

    Bindings are indexed by namespace and again after each change, so that a request costs no listing of the store.
    """

    def __init__(self, store: Objectstore) -> None:
        self._store = store
        self._bindings: dict[str, Objects] = {}
        for gr in (CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS):
            store.subscribe(gr, self._forget)

    def _forget(self, _: object) -> None:
        self._bindings.clear()

    def _bindings_in(self, namespace: str) -> Objects:
        """Role bindings of a namespace; of the cluster for an empty one."""
        found = self._bindings.get(namespace)
        if found is None:
            gr = ROLE_BINDINGS if namespace else CLUSTER_ROLE_BINDINGS
            found = self._bindings[namespace] = self._store.list(gr, namespace or None)
        return found

    def authorize(self, user: User, wanted: Attributes) -> Decision:
        """Whether *user* may do what is *wanted*, and why (or why not)."""
        if MASTERS in user.groups:
            return Decision(True)
        node = node_authorizer.node_of(user)
        asked = node_authorizer.decide(node, wanted, self._store) if node is not None else _NO_OPINION
        if asked.allowed:
            return asked
        errors = []
        for grant in self.grants(user, wanted.namespace):
            if grant.rule is None:
                errors.append(grant.error)
            elif rules.allows(grant.rule, wanted):
                return Decision(True, f"RBAC: allowed by {grant.source}")
        reasons = [asked.reason] if asked.reason else []
        if errors:
            reasons.append("RBAC: " + (errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"))
        return Decision(False, "\n".join(reasons))

    def grants(self, user: User, namespace: str) -> Iterator[Grant]:
        """Every rule that *user* has in *namespace* (empty: cluster-wide only), cluster-wide ones first."""
        for binding in self._bindings_in(""):
            yield from self._grants_of(binding, user, "", f"ClusterRoleBinding {quote(name_of(binding))}")
        if namespace:
            for binding in self._bindings_in(namespace):
                label = quote(f"{name_of(binding)}/{namespace_of(binding)}")
                yield from self._grants_of(binding, user, namespace, f"RoleBinding {label}")

    def _grants_of(self, binding: Obj, user: User, namespace: str, label: str) -> Iterator[Grant]:
        subject = next((s for s in binding.get("subjects") or () if applies(s, user, namespace)), None)
        if subject is None:
            return
        reference = binding.get("roleRef") or {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        source = f"{label} of {kind} {quote(name)} to {_described(subject, namespace)}"
        role = self.role(kind, name, namespace)
        if role is None:
            yield Grant(None, source, f"{kind.lower()}.{_GROUP} {quote(name)} not found")
            return
        for rule in role.get("rules") or ():
            yield Grant(rule, source)

    def role(self, kind: str, name: str, namespace: str) -> Obj | None:
        """The role that a roleRef names."""
        if kind == "ClusterRole":
            return self._store.get(CLUSTER_ROLES, "", name)
        return self._store.get(ROLES, namespace, name)

    def rules_for(self, user: User, namespace: str) -> tuple[Objects, list[str]]:
        """All rules of *user* in *namespace*, and complaints on roles that are missing."""
        grants = list(self.grants(user, namespace))
        told = [node_authorizer.NO_RULES] if node_authorizer.node_of(user) is not None else []
        told += [g.error for g in grants if g.rule is None]
        return [g.rule for g in grants if g.rule is not None], told


def applies(subject: Obj, user: User, namespace: str) -> bool:
    """Whether *subject* of a binding (in *namespace*) is *user*."""
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "User":
        return bool(user.name == name)
    if kind == "Group":
        return name in user.groups
    if kind == "ServiceAccount":
        home = subject.get("namespace") or namespace
        return bool(home) and user.name == service_account_name(home, name)
    return False


def _described(subject: Obj, namespace: str) -> str:
    name = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        name = f"{name}/{subject.get('namespace') or namespace}"
    return f"{subject.get('kind')} {quote(name)}"
