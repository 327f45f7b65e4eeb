"""Nobody grants more than they hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim.auth import Attributes, Authorizer, User, escalation, rules
from labrunner.sim.auth.rbac import ROLE_BINDINGS, ROLES
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from labrunner.sim.store import Store
from tests.sim.access.grants import JANE, ROOT, binding, role, rule, user
from tests.sim.kinds import ROLE, ROLE_BINDING, Rt


def forbid(who: User, rt: Rt, new: Obj, authorizer: Authorizer, old: Obj | None = None) -> str:
    with pytest.raises(ApiError) as caught:
        escalation.check(who, rt, new, old, authorizer)
    assert caught.value.code == 403
    return caught.value.message


def test_nobody_grants_more_than_they_hold(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLES, role(rule("get list", "pods")))
    store.put(ROLE_BINDINGS, binding(user()))
    escalation.check(JANE, ROLE, role(rule("get", "pods"), name="new"), None, authorizer)
    message = forbid(JANE, ROLE, role(rule("get delete", "pods secrets"), name="new"), authorizer)
    assert message == (
        'roles.rbac.authorization.k8s.io "new" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting '
        "to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'
    )
    escalation.check(ROOT, ROLE, role(rule("*", "*", "*")), None, authorizer)
    held = role(rule("*", "*", "*"))
    escalation.check(JANE, ROLE, {**held, "metadata": {**held["metadata"], "labels": {}}}, held, authorizer)


def test_binding_takes_the_roles_rights_or_the_verb_bind(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLES, role(rule("get", "secrets"), name="secret"))
    wanted = binding(user("eve"), "secret", name="new")
    assert "not currently held" in forbid(JANE, ROLE_BINDING, wanted, authorizer)
    store.put(ROLES, role(rule("bind", "roles", "rbac.authorization.k8s.io", names="secret")))
    store.put(ROLE_BINDINGS, binding(user()))
    escalation.check(JANE, ROLE_BINDING, wanted, None, authorizer)
    with pytest.raises(ApiError) as missing:
        escalation.check(JANE, ROLE_BINDING, binding(user(), "nosuch", name="new"), None, authorizer)
    assert missing.value.message == 'role.rbac.authorization.k8s.io "nosuch" not found'


WORDS = st.lists(st.sampled_from(["get", "list", "*", "delete"]), min_size=1, max_size=2)
RESOURCES = st.lists(st.sampled_from(["pods", "pods/log", "*", "*/scale", "secrets"]), min_size=1, max_size=2)
RULES = st.builds(
    lambda v, r, g, n: {"verbs": v, "resources": r, "apiGroups": g, **({"resourceNames": n} if n else {})},
    WORDS, RESOURCES, st.lists(st.sampled_from(["", "apps", "*"]), min_size=1, max_size=2),
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(RULES, max_size=3), st.lists(RULES, max_size=2), st.data())
def test_what_covered_rules_allow_the_covering_ones_allow(
    owned: list[Obj], wanted: list[Obj], data: st.DataObject
) -> None:
    if rules.missing(owned, wanted):
        return
    resource, _, sub = data.draw(st.sampled_from(["pods", "pods/log", "x/scale", "secrets"])).partition("/")
    asked = Attributes(
        data.draw(st.sampled_from(["get", "delete"])), data.draw(st.sampled_from(["", "apps"])), "v1",
        resource, sub, data.draw(st.sampled_from(["a", "b", ""])),
    )  # fmt: skip
    if any(rules.allows(r, asked) for r in wanted):
        assert any(rules.allows(r, asked) for r in owned)
