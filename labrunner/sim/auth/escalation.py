"""Nobody grants more than they hold: checks on writing roles and bindings."""

from __future__ import annotations

from typing import Final

from labrunner.sim.auth import rules
from labrunner.sim.auth.attributes import Attributes
from labrunner.sim.auth.identity import MASTERS, User
from labrunner.sim.auth.rbac import Authorizer
from labrunner.sim.errors import ApiError, Named, forbidden
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, name_of, namespace_of

GROUP: Final = "rbac.authorization.k8s.io"
_ROLE_KINDS: Final = ("Role", "ClusterRole")
_BINDING_KINDS: Final = ("RoleBinding", "ClusterRoleBinding")


def check(user: User, rt: Named, new: Obj, old: Obj | None, authorizer: Authorizer) -> None:
    """Refuse (403) a role with rules, or a binding to a role with rules, that *user* does not hold.

    Other kinds pass, as does a write that leaves the rules (or the binding's role and subjects) as they were.
    """
    if rt.group != GROUP or MASTERS in user.groups:
        return
    if rt.kind in _ROLE_KINDS:
        _check_role(user, rt, new, old, authorizer)
    elif rt.kind in _BINDING_KINDS:
        _check_binding(user, rt, new, old, authorizer)


def _check_role(user: User, rt: Named, new: Obj, old: Obj | None, authorizer: Authorizer) -> None:
    unchanged = old is not None and all(new.get(key) == old.get(key) for key in ("rules", "aggregationRule"))
    # A request to create tells no name, so a right to escalate roles of some names does not reach it.
    name = name_of(new) if old is not None else ""
    if unchanged or _may("escalate", user, rt.plural, new, name, authorizer):
        return
    wanted = list(new.get("rules") or ())
    if new.get("aggregationRule"):
        # Whoever writes an aggregation rule could gather any rule there is.
        wanted = [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            {"nonResourceURLs": ["*"], "verbs": ["*"]},
        ]
        if not rules.missing(authorizer.rules_for(user, "")[0], wanted):
            return
        raise forbidden(rt, name_of(new), "must have cluster-admin privileges to use an aggregationRule")
    _confirm(user, rt, new, wanted, authorizer)


def _check_binding(user: User, rt: Named, new: Obj, old: Obj | None, authorizer: Authorizer) -> None:
    if old is not None and all(new.get(key) == old.get(key) for key in ("roleRef", "subjects")):
        return
    reference = new.get("roleRef") or {}
    plural = "clusterroles" if reference.get("kind") == "ClusterRole" else "roles"
    if _may("bind", user, plural, new, reference.get("name", ""), authorizer):
        return
    role = authorizer.role(reference.get("kind", ""), reference.get("name", ""), namespace_of(new))
    if role is None:
        about = f"{plural[:-1]}.{GROUP} {quote(reference.get('name', ''))}"
        details = {"name": reference.get("name", ""), "group": rt.group, "kind": plural[:-1]}
        raise ApiError(404, "NotFound", f"{about} not found", details)
    _confirm(user, rt, new, list(role.get("rules") or ()), authorizer)


def _may(verb: str, user: User, plural: str, obj: Obj, name: str, authorizer: Authorizer) -> bool:
    wanted = Attributes(verb, GROUP, "v1", plural, name=name, namespace=namespace_of(obj))
    return authorizer.authorize(user, wanted).allowed


def _confirm(user: User, rt: Named, obj: Obj, wanted: list[Obj], authorizer: Authorizer) -> None:
    owned, errors = authorizer.rules_for(user, namespace_of(obj))
    lacking = rules.missing(owned, wanted)
    if not lacking:
        return
    lines = "\n".join(sorted({rules.compact_text(rule) for rule in lacking}))
    text = (
        f"user {quote(user.name)} (groups={rules.quoted(user.groups)}) is attempting to grant RBAC permissions "
        f"not currently held:\n{lines}"
    )
    if errors:
        text += f"; resolution errors: [{' '.join(errors)}]"
    raise forbidden(rt, name_of(obj), text)
