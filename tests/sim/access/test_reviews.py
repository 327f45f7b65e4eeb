"""Access reviews, rules reviews, token reviews: the answers and the refusals."""

from __future__ import annotations

import pytest

from labrunner.sim.auth import TokenIssuer
from labrunner.sim.auth.rbac import ROLE_BINDINGS, ROLES
from labrunner.sim.auth.reviews import Reviewer
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from labrunner.sim.store import Store
from tests.sim.access.grants import JANE, ROOT, binding, role, rule, token_of, user


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
