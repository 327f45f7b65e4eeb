"""Identity and permission: certificates, tokens, impersonation, RBAC, escalation, reviews, bootstrap roles."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim.api import Api
from labrunner.sim.api.server import bootstrap
from labrunner.sim.auth import (
    ANONYMOUS,
    Attributes,
    Authenticator,
    Authorizer,
    TokenIssuer,
    User,
    bootstrap_objects,
    certificates,
    escalation,
    issuer_discovery,
    refusal,
    rules,
)
from labrunner.sim.auth.aggregation import aggregated_rules, outdated
from labrunner.sim.auth.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from labrunner.sim.auth.reconciliation import AUTO_UPDATE, mended
from labrunner.sim.auth.reviews import Reviewer
from labrunner.sim.auth.tokens import ISSUER, InvalidTokenError
from labrunner.sim.clock import FakeClock
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.store import Store

from .kinds import ROLE, ROLE_BINDING, Rt

JANE = User("jane", ("system:authenticated",))
ROOT = User("root", ("system:masters", "system:authenticated"))
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def store() -> Store:
    made = Store()
    for gr, obj in bootstrap_objects():
        made.put(gr, obj)
    account = {"metadata": {"name": "bob", "namespace": "lab", "uid": "u-1"}}
    made.put("serviceaccounts", account)
    return made


@pytest.fixture
def authorizer(store: Store) -> Authorizer:
    return Authorizer(store)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(store: Store, clock: FakeClock) -> TokenIssuer:
    return TokenIssuer(PEM, store.get, clock)


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


def test_nobody_may_anything_until_bound(store: Store, authorizer: Authorizer) -> None:
    assert not may(authorizer, JANE, "get", "pods", "lab")
    store.put(ROLES, role(rule("get list", "pods pods/log")))
    store.put(ROLE_BINDINGS, binding(user()))
    assert may(authorizer, JANE, "get", "pods", "lab")
    assert may(authorizer, JANE, "get", "pods", "lab", subresource="log")
    assert not may(authorizer, JANE, "get", "pods", "lab", subresource="exec")
    assert not may(authorizer, JANE, "delete", "pods", "lab")
    assert not may(authorizer, JANE, "get", "pods", "other")
    assert not may(authorizer, JANE, "get", "pods")
    assert not may(authorizer, JANE, "get", "pods", "lab", group="metrics.k8s.io")
    store.remove(ROLE_BINDINGS, "lab", "b")
    assert not may(authorizer, JANE, "get", "pods", "lab")


def test_the_reason_names_binding_role_and_subject(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLES, role(rule("get", "pods")))
    store.put(ROLE_BINDINGS, binding({"kind": "ServiceAccount", "name": "bob", "namespace": "lab"}))
    decision = authorizer.authorize(
        User("system:serviceaccount:lab:bob"), Attributes("get", resource="pods", namespace="lab")
    )
    words = 'RBAC: allowed by RoleBinding "b/lab" of Role "r" to ServiceAccount "bob/lab"'
    assert (decision.allowed, decision.reason) == (True, words)


def test_a_binding_to_a_missing_role_is_told(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLE_BINDINGS, binding(user(), role_name="gone"))
    wanted = Attributes("list", resource="pods", namespace="lab")
    decision = authorizer.authorize(JANE, wanted)
    assert decision.reason == 'RBAC: role.rbac.authorization.k8s.io "gone" not found'
    assert refusal(JANE, wanted, decision.reason).message == (
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "lab": '
        'RBAC: role.rbac.authorization.k8s.io "gone" not found'
    )


def test_cluster_roles_bound_in_a_namespace_reach_no_further(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLE_BINDINGS, binding({"kind": "Group", "name": "ops"}, "view", "ClusterRole"))
    ops = User("kim", ("ops", "system:authenticated"))
    assert may(authorizer, ops, "list", "configmaps", "lab")
    assert not may(authorizer, ops, "list", "secrets", "lab")
    assert not may(authorizer, ops, "list", "configmaps")


def test_resource_names_and_wildcards(store: Store, authorizer: Authorizer) -> None:
    policy = rule("get", "configmaps", names="one"), rule("*", "*/scale", "*"), rule("get", "*", "apps")
    store.put(ROLES, role(*policy))
    store.put(ROLE_BINDINGS, binding(user()))
    assert may(authorizer, JANE, "get", "configmaps", "lab", name="one")
    assert not may(authorizer, JANE, "get", "configmaps", "lab", name="two")
    assert not may(authorizer, JANE, "get", "configmaps", "lab")
    assert may(authorizer, JANE, "update", "deployments", "lab", group="apps", subresource="scale")
    assert may(authorizer, JANE, "get", "deployments", "lab", group="apps", subresource="status")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Attributes("list", resource="pods", namespace="shop"),
         'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop"'),
        (Attributes("delete", "apps", "v1", "deployments", name="web", namespace="shop"),
         'deployments.apps "web" is forbidden: User "jane" cannot delete resource "deployments" in API group "apps" '
         'in the namespace "shop"'),
        (Attributes("create", "", "v1", "pods", "exec", "p", "shop"),
         'pods "p" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" in the namespace "shop"'),
        (Attributes("list", resource="nodes"),
         'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope'),
        (Attributes("get", path="/metrics"), 'forbidden: User "jane" cannot get path "/metrics"'),
    ],
)  # fmt: skip
def test_refusals_are_worded_as_the_server_words_them(wanted: Attributes, words: str) -> None:
    error = refusal(JANE, wanted)
    assert (error.code, error.reason, error.message) == (403, "Forbidden", words)


def test_everybody_may_discover(authorizer: Authorizer) -> None:
    assert authorizer.authorize(JANE, Attributes("get", path="/apis/apps/v1")).allowed
    assert authorizer.authorize(ANONYMOUS, Attributes("get", path="/version")).allowed
    assert not authorizer.authorize(ANONYMOUS, Attributes("get", path="/apis")).allowed


def test_bootstrap_roles_are_complete_and_aggregated() -> None:
    found: dict[str, dict[str, Obj]] = {}
    for gr, obj in bootstrap_objects():
        found.setdefault(gr, {})[obj["metadata"]["name"]] = obj
    roles = found[CLUSTER_ROLES]
    assert {
        "cluster-admin",
        "admin",
        "edit",
        "view",
        "system:node",
        "system:controller:job-controller",
    } <= roles.keys()
    assert not rules.missing(roles["admin"]["rules"], roles["edit"]["rules"])
    assert not rules.missing(roles["edit"]["rules"], roles["view"]["rules"])
    assert rules.missing(roles["view"]["rules"], [rule("get", "secrets")])
    assert rules.missing(roles["edit"]["rules"], [rule("create", "roles", "rbac.authorization.k8s.io")])
    assert outdated(list(roles.values())) == []
    for name, bound in found[CLUSTER_ROLE_BINDINGS].items():
        assert bound["roleRef"]["name"] in roles, name
        assert bound["metadata"]["labels"] == {"kubernetes.io/bootstrapping": "rbac-defaults"}


def test_a_starting_server_mends_its_own_roles() -> None:
    view = {
        "metadata": {"name": "x", "labels": {"own": "1"}},
        "rules": [rule("get", "pods"), rule("get", "z")],
    }
    wanted = {"metadata": {"name": "x", "labels": {"boot": "1"}}, "rules": [rule("get list", "pods")]}
    better = mended(view, wanted)
    assert better is not None
    assert better["metadata"]["labels"] == {"boot": "1", "own": "1"}
    assert better["rules"] == [rule("get", "pods"), rule("get", "z"), rule("list", "pods")]
    assert mended(better, wanted) is None
    protected = {**view, "metadata": {"name": "x", "annotations": {AUTO_UPDATE: "false"}}}
    assert mended(protected, wanted) is None
    bound = binding(user("added"), "r", name="b", namespace="")
    given = mended(bound, binding(user("own"), "r", name="b", namespace=""))
    assert given is not None
    assert given["subjects"] == [user("added"), user("own")]
    elsewhere = mended(bound, binding(user("own"), "other", name="b", namespace=""))
    assert elsewhere is not None
    assert (elsewhere["roleRef"]["name"], elsewhere["subjects"]) == ("other", [user("own")])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("system:kubelet-api-admin", rule("*", "nodes/configz nodes/healthz nodes/pods")),
        ("system:node", rule("get", "resourceclaims", "resource.k8s.io")),
        ("system:kube-scheduler", rule("patch update", "resourceclaims/binding", "resource.k8s.io")),
        ("system:controller:device-taint-eviction-controller", rule("patch update", "pods/status")),
        ("system:monitoring", {"nonResourceURLs": ["/statusz"], "verbs": ["get"]}),
    ],
)
def test_bootstrap_roles_have_what_came_with_later_versions(name: str, expected: Obj) -> None:
    found = {obj["metadata"]["name"]: obj for gr, obj in bootstrap_objects() if gr == CLUSTER_ROLES}
    assert expected in found[name]["rules"]
    portworx = rule("get", "services")
    assert portworx not in found["system:controller:expand-controller"]["rules"]


def test_aggregation_gathers_labelled_roles() -> None:
    label = {"metadata": {"name": "a", "labels": {"x": "y"}}, "rules": [rule("get", "pods")]}
    other = {"metadata": {"name": "b", "labels": {"x": "z"}}, "rules": [rule("get", "nodes")]}
    gathers = {
        "metadata": {"name": "g"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]},
    }
    assert aggregated_rules(gathers, [label, other, gathers]) == label["rules"]
    assert outdated([label, other, gathers]) == [(gathers, label["rules"])]


# Escalation


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


# Credentials


def certificate(*names: tuple[x509.ObjectIdentifier, str]) -> bytes:
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key())
    )
    builder = builder.serial_number(5).not_valid_before(day).not_valid_after(day + datetime.timedelta(days=9))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_certificate_gives_name_and_groups() -> None:
    o = NameOID.ORGANIZATION_NAME
    der = certificate((o, "dev"), (NameOID.COMMON_NAME, "jané"), (o, "ops"), (NameOID.COUNTRY_NAME, "DE"))
    found = certificates.user_of(der)
    assert found is not None
    assert (found.name, found.groups) == ("jané", ("dev", "ops"))
    assert found.extra[certificates.CREDENTIAL_ID][0].startswith("X509SHA256=")
    assert certificates.user_of(certificate((o, "dev"))) is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_no_certificate_at_all_is_nobody(noise: bytes) -> None:
    assert certificates.user_of(noise) is None or certificates.user_of(noise).name  # type: ignore[union-attr]


def test_an_expired_certificate_is_no_credential(issuer: TokenIssuer, store: Store, clock: FakeClock) -> None:
    der = certificate((NameOID.COMMON_NAME, "jane"))
    end = datetime.datetime(2026, 1, 10, tzinfo=datetime.UTC)
    assert certificates.valid_until(der) == end
    authenticator = Authenticator(issuer)
    clock.advance((end - clock.now()).total_seconds() - 1)
    assert authenticator.authenticate({}, der).name == "jane"
    token = token_of(issuer, store)
    clock.advance(2)
    with pytest.raises(ApiError, match="Unauthorized"):
        authenticator.authenticate({}, der)
    assert authenticator.authenticate({"authorization": f"Bearer {token}"}, der).name.endswith(":bob")


def token_of(issuer: TokenIssuer, store: Store, **spec: Any) -> str:
    account = store.get("serviceaccounts", "lab", "bob")
    assert account is not None
    answer = issuer.request(account, {"spec": spec})
    token: str = answer["status"]["token"]
    return token


def test_a_token_is_good_until_it_expires_or_its_account_goes(
    store: Store, issuer: TokenIssuer, clock: FakeClock
) -> None:
    token = token_of(issuer, store, expirationSeconds=600)
    authenticator = Authenticator(issuer)
    headers = {"authorization": f"Bearer {token}"}
    found = authenticator.authenticate(headers, None)
    groups = ("system:serviceaccounts", "system:serviceaccounts:lab", "system:authenticated")
    assert (found.name, found.groups, found.uid) == ("system:serviceaccount:lab:bob", groups, "u-1")
    clock.advance(601)
    with pytest.raises(ApiError) as late:
        authenticator.authenticate(headers, None)
    assert (late.value.code, late.value.message) == (401, "Unauthorized")
    fresh = {"authorization": f"Bearer {token_of(issuer, store)}"}
    store.remove("serviceaccounts", "lab", "bob")
    with pytest.raises(ApiError, match="Unauthorized"):
        authenticator.authenticate(fresh, None)


POD: Obj = {
    "metadata": {"name": "p", "namespace": "lab", "uid": "pod-1"},
    "spec": {"serviceAccountName": "bob", "nodeName": "n"},
}


def test_a_token_dies_with_the_pod_it_is_bound_to(store: Store, issuer: TokenIssuer) -> None:
    store.put("pods", POD)
    store.put("nodes", {"metadata": {"name": "n", "uid": "node-1"}})
    token = token_of(issuer, store, boundObjectRef={"kind": "Pod", "name": "p", "uid": "pod-1"})
    found, shared = Authenticator(issuer).review(token, [ISSUER])
    assert shared == [ISSUER]
    told = {key.partition("/")[2]: value for key, value in found.extra.items() if "credential" not in key}
    assert told == {
        "node-name": ("n",), "node-uid": ("node-1",), "pod-name": ("p",), "pod-uid": ("pod-1",),
    }  # fmt: skip
    store.remove("nodes", "", "n")  # a pod's node is only told
    assert Authenticator(issuer).review(token, [ISSUER])[0].name == found.name
    store.remove("pods", "lab", "p")
    with pytest.raises(InvalidTokenError, match="service account token has been invalidated"):
        Authenticator(issuer).review(token, [ISSUER])


def test_a_token_is_for_its_audiences_only(store: Store, issuer: TokenIssuer, reviewer: Reviewer) -> None:
    token = token_of(issuer, store, audiences=["vault", "x"])
    with pytest.raises(ApiError, match="Unauthorized"):
        Authenticator(issuer).authenticate({"authorization": f"Bearer {token}"}, None)

    def asked(**spec: Any) -> Obj:
        review: Obj = {"kind": "TokenReview", "spec": {"token": token, **spec}}
        status: Obj = reviewer.answer(review, ROOT)["status"]
        return status

    assert asked(audiences=["vault", "y"])["audiences"] == ["vault"]
    assert asked()["error"] == (
        '[invalid bearer token, token audiences ["vault" "x"] is invalid for the target audiences '
        f'["{ISSUER}"]]'
    )


def test_the_public_key_verifies_what_the_issuer_signs(store: Store, issuer: TokenIssuer) -> None:
    key = issuer_discovery.keys(issuer)["keys"][0]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
    header, claims, signature = token_of(issuer, store).split(".")
    assert json.loads(unbase64(header))["kid"] == key["kid"]
    x, y = (int.from_bytes(unbase64(key[name]), "big") for name in ("x", "y"))
    raw = unbase64(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        ({"expirationSeconds": 60}, 422, "may not specify a duration less than 10 minutes"),
        ({"boundObjectRef": {"kind": "Pod", "name": "gone"}}, 404, 'pods "gone" not found'),
        (
            {"boundObjectRef": {"kind": "Pod", "name": "p", "uid": "other"}},
            409,
            'cannot be fulfilled on Pod "p": the UID in the bound object reference',
        ),
        (
            {"boundObjectRef": {"kind": "Pod", "name": "strange"}},
            400,
            'cannot bind token for serviceaccount "bob" to pod running with different serviceaccount name.',
        ),
        ({"boundObjectRef": {"kind": "ConfigMap", "name": "c"}}, 400, "cannot bind token to object of type"),
    ],
)
def test_token_requests_that_are_refused(
    issuer: TokenIssuer, store: Store, spec: Obj, code: int, words: str
) -> None:
    store.put("pods", POD)
    store.put(
        "pods", {"metadata": {"name": "strange", "namespace": "lab"}, "spec": {"serviceAccountName": "x"}}
    )
    with pytest.raises(ApiError, match=words) as caught:
        token_of(issuer, store, **spec)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t[:-4] + "AAAA",
        lambda t: t.split(".")[0],
        lambda t: t.replace(".", ".x", 1),
        lambda _: "a.b.c",
    ],
)
def test_forged_tokens_are_refused(issuer: TokenIssuer, store: Store, damage: Callable[[str], str]) -> None:
    forged = damage(token_of(issuer, store))
    with pytest.raises(ApiError, match="Unauthorized"):
        Authenticator(issuer).authenticate({"authorization": f"Bearer {forged}"}, None)


def test_no_credentials_are_anonymous_and_a_certificate_beats_a_token(issuer: TokenIssuer) -> None:
    authenticator = Authenticator(issuer)
    assert authenticator.authenticate({}, None) == ANONYMOUS
    der = certificate((NameOID.COMMON_NAME, "jane"))
    assert authenticator.authenticate({"authorization": "Bearer bad"}, der).name == "jane"


# Reviews


@pytest.fixture
def reviewer(authorizer: Authorizer, issuer: TokenIssuer, clock: FakeClock) -> Reviewer:
    return Reviewer(authorizer, Authenticator(issuer), clock)


def test_access_reviews(reviewer: Reviewer, store: Store) -> None:
    store.put(ROLES, role(rule("get", "pods")))
    store.put(ROLE_BINDINGS, binding(user()))
    asked = {"verb": "get", "resource": "pods", "namespace": "lab"}
    mine = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
    words = 'RBAC: allowed by RoleBinding "b/lab" of Role "r" to User "jane"'
    assert reviewer.answer(mine, JANE)["status"] == {"allowed": True, "reason": words}
    theirs = {"kind": "SubjectAccessReview", "spec": {"user": "eve", "resourceAttributes": asked}}
    assert reviewer.answer(theirs, ROOT)["status"] == {"allowed": False}
    with pytest.raises(ApiError, match="at least one of user or group must be specified"):
        reviewer.answer({"kind": "SubjectAccessReview", "spec": {"resourceAttributes": asked}}, ROOT)
    local = {"kind": "LocalSubjectAccessReview", "spec": {"user": "jane", "resourceAttributes": asked}}
    with pytest.raises(ApiError, match=r"must match metadata\.namespace"):
        reviewer.answer(local, ROOT, "other")


@pytest.mark.parametrize(
    ("kind", "spec", "metadata", "words"),
    [
        ("SelfSubjectAccessReview", {}, {}, "exactly one of nonResourceAttributes or resourceAttributes must be"),
        ("SelfSubjectAccessReview", {"resourceAttributes": {}, "nonResourceAttributes": {}}, {},
         "spec.nonResourceAttributes: Invalid value: {}: cannot be specified in combination with resourceAttributes"),
        ("SelfSubjectAccessReview", {"resourceAttributes": {}}, {"name": "x"},
         'metadata: Invalid value: {"name":"x"}: must be empty'),
        ("SubjectAccessReview", {"resourceAttributes": {}}, {},
         'spec.user: Invalid value: "": at least one of user or group must be specified'),
        ("SelfSubjectAccessReview", {"resourceAttributes": {"fieldSelector": {}}}, {},
         "spec.resourceAttributes.fieldSelector.requirements: Required value: when "
         "spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required"),
        ("LocalSubjectAccessReview", {"user": "u", "nonResourceAttributes": {"path": "/"}}, {"namespace": "lab"},
         "disallowed on this kind of request"),
    ],
)  # fmt: skip
def test_reviews_that_are_refused(
    reviewer: Reviewer, kind: str, spec: Obj, metadata: Obj, words: str
) -> None:
    with pytest.raises(ApiError) as caught:
        reviewer.answer(
            {"kind": kind, "metadata": metadata, "spec": spec}, ROOT, metadata.get("namespace", "")
        )
    assert caught.value.code == 422
    assert words in caught.value.message


def test_a_review_may_narrow_its_question_by_a_field(reviewer: Reviewer) -> None:
    asked: Obj = {"verb": "list", "resource": "pods"}
    node = {"user": "system:node:n", "groups": ["system:nodes"]}

    def allowed(**more: Obj) -> bool:
        spec = {**node, "resourceAttributes": {**asked, **more}}
        return bool(reviewer.answer({"kind": "SubjectAccessReview", "spec": spec}, ROOT)["status"]["allowed"])

    assert not allowed()
    assert allowed(fieldSelector={"rawSelector": "spec.nodeName=n"})
    rule = {"key": "spec.nodeName", "operator": "In", "values": ["n"]}
    assert allowed(fieldSelector={"requirements": [rule]})
    assert not allowed(fieldSelector={"requirements": [{**rule, "values": ["other"]}]})


def test_rules_review_lists_what_one_has(reviewer: Reviewer, store: Store) -> None:
    store.put(ROLES, role(rule("get", "pods")))
    store.put(ROLE_BINDINGS, binding(user()))
    review = {"kind": "SelfSubjectRulesReview", "spec": {"namespace": "lab"}}
    status = reviewer.answer(review, JANE)["status"]
    assert rule("get", "pods") in status["resourceRules"]
    assert any("/api/*" in r["nonResourceURLs"] for r in status["nonResourceRules"])
    assert status["incomplete"] is False
    with pytest.raises(ApiError, match="no namespace on request"):
        reviewer.answer({"kind": "SelfSubjectRulesReview", "spec": {}}, JANE)


def test_who_am_i_and_whose_token_is_this(reviewer: Reviewer, store: Store, issuer: TokenIssuer) -> None:
    me = reviewer.answer({"kind": "SelfSubjectReview"}, JANE)
    assert me["metadata"]["creationTimestamp"]
    assert me["status"] == {"userInfo": {"username": "jane", "groups": ["system:authenticated"]}}
    good = reviewer.answer({"kind": "TokenReview", "spec": {"token": token_of(issuer, store)}}, ROOT)[
        "status"
    ]
    assert (good["authenticated"], good["user"]["username"]) == (True, "system:serviceaccount:lab:bob")
    bad = reviewer.answer({"kind": "TokenReview", "spec": {"token": "x"}}, ROOT)["status"]
    assert bad == {"user": {}, "error": "invalid bearer token"}


def test_a_restart_writes_nothing_where_nothing_lacks_and_mends_what_was_broken(api: Api) -> None:
    before = api.store.resource_version
    bootstrap(api)
    assert api.store.resource_version == before
    broken = clone(api.get(CLUSTER_ROLES, "system:basic-user") or {})
    broken["rules"] = []
    api.update(CLUSTER_ROLES, broken)
    bootstrap(api)
    assert (api.get(CLUSTER_ROLES, "system:basic-user") or {})["rules"]
