"""Roles, bindings and users, as short as tests want them."""

from __future__ import annotations

from typing import Any

from labrunner.sim.auth import Attributes, Authorizer, TokenIssuer, User
from labrunner.sim.http.authority import signing_key
from labrunner.sim.objects import Obj
from labrunner.sim.store import Store

JANE = User("jane", ("system:authenticated",))
ROOT = User("root", ("system:masters", "system:authenticated"))
PEM = signing_key()


def role(*policy: Obj, name: str = "r", namespace: str = "lab") -> Obj:
    return {"kind": "Role", "metadata": {"name": name, "namespace": namespace}, "rules": list(policy)}


def rule(verbs: str, resources: str, groups: str = "", names: str = "") -> Obj:
    made: Obj = {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": groups.split() or [""]}
    return {**made, "resourceNames": names.split()} if names else made


def binding(
    subject: Obj, role_name: str = "r", kind: str = "Role", name: str = "b", namespace: str = "lab"
) -> Obj:
    where = {"namespace": namespace} if namespace else {}
    return {
        "metadata": {"name": name, **where},
        "subjects": [subject],
        "roleRef": {"kind": kind, "name": role_name},
    }


def user(name: str = "jane") -> Obj:
    return {"kind": "User", "name": name}


def may(
    authorizer: Authorizer, who: User, verb: str, resource: str, namespace: str = "", **more: str
) -> bool:
    return authorizer.authorize(who, Attributes(verb, resource=resource, namespace=namespace, **more)).allowed


def token_of(issuer: TokenIssuer, store: Store, **spec: Any) -> str:
    account = store.get("serviceaccounts", "lab", "bob")
    assert account is not None
    answer = issuer.request(account, {"spec": spec})
    token: str = answer["status"]["token"]
    return token
