"""Label selectors, the store of objects, watch events and discovery."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.content.checks_model import CanCheck
from labrunner.verify.access import ask, implied_groups
from labrunner.verify.api import ClusterError, ExpiredError, NotFoundError
from labrunner.verify.discovery import Discovery, Resource
from labrunner.verify.labels import SelectorError, selects
from labrunner.verify.store import Changed, Listed, ObjectStore, SourceKey, SourceState, Troubled
from labrunner.verify.watching import _read

KEY = SourceKey("main", "v1", "ConfigMap", "shop")
PODS = Resource("v1", "Pod", "pods", True)


@pytest.mark.parametrize(
    ("selector", "labels", "holds"),
    [
        ("app=web", {"app": "web"}, True),
        ("app==web,tier!=db", {"app": "web"}, True),
        ("app=web,tier!=db", {"app": "web", "tier": "db"}, False),
        ("app in (web, api)", {"app": "api"}, True),
        ("app notin (web)", {}, True),
        ("app.kubernetes.io/name=x", {"app.kubernetes.io/name": "x"}, True),
        ("app", {"app": ""}, True),
        ("!app", {"app": "x"}, False),
        ("app=", {"app": ""}, True),
        ("", {}, True),
        ("app=web", None, False),
    ],
)
def test_label_selectors(selector: str, labels: dict[str, str] | None, holds: bool) -> None:
    assert selects(selector, labels) is holds


@given(st.text(alphabet="ab=!,() in", max_size=12))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    try:
        assert isinstance(selects(text, {"a": "b"}), bool)
    except SelectorError as problem:
        assert "label selector" in str(problem)


def thing(name: str, version: int, **data: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {"kind": "ConfigMap", "metadata": meta, "data": data}


class Told:
    def __init__(self) -> None:
        self.news: list[str | None] = []
        self.store = ObjectStore(
            lambda key, obj, before: self.news.append(obj["metadata"]["name"] if obj else None)
        )
        self.source = self.store.open(KEY)

    def names(self) -> list[str]:
        return sorted(name for _, name in self.source.objects)


def test_events_older_than_the_list_are_dropped() -> None:
    told = Told()
    told.store.report(KEY, Listed((thing("a", 5),), "10"))
    told.news.clear()
    told.store.report(KEY, Changed(thing("b", 9)))
    told.store.report(KEY, Changed(thing("a", 10), gone=True))
    assert (told.names(), told.news) == (["a"], [])
    told.store.report(KEY, Changed(thing("b", 11)))
    told.store.report(KEY, Changed(thing("a", 12), gone=True))
    assert (told.names(), told.news) == (["b"], ["b", "a"])


def test_a_list_taken_meanwhile_does_not_undo_newer_events() -> None:
    told = Told()
    told.store.report(KEY, Listed((), "10"))
    told.store.report(KEY, Changed(thing("a", 12)))
    told.store.report(KEY, Listed((), "11", fresh=False))
    assert told.names() == ["a"]
    told.store.report(KEY, Listed((), "3", fresh=True))  # the cluster was made anew and counts from the start
    assert told.names() == []
    told.store.report(KEY, Changed(thing("b", 4)))
    assert told.names() == ["b"]


def test_trouble_keeps_what_was_known_except_when_the_kind_is_gone() -> None:
    told = Told()
    told.store.report(KEY, Listed((thing("a", 5),), "10"))
    told.store.report(KEY, Troubled(SourceState.UNREACHABLE, "away"))
    assert (told.source.state, told.names()) == (SourceState.UNREACHABLE, ["a"])
    told.news.clear()
    told.store.report(KEY, Troubled(SourceState.UNREACHABLE, "away"))
    assert told.news == []
    told.store.report(KEY, Troubled(SourceState.NO_SUCH_KIND, "no kind"))
    assert told.names() == []


def test_reports_of_a_source_nobody_watches_are_ignored() -> None:
    told = Told()
    told.store.drop(KEY)
    told.store.report(KEY, Listed((thing("a", 5),), "10"))
    assert told.news == []
    assert told.store.source(KEY).state is SourceState.CONNECTING


def test_watch_events() -> None:
    found = _read({"type": "DELETED", "object": {"metadata": {"name": "x"}}}, PODS)
    assert found == Changed({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}, gone=True)
    assert _read({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "7"}}}, PODS) is None
    with pytest.raises(ExpiredError):
        _read({"type": "ERROR", "object": {"code": 410, "message": "too old"}}, PODS)
    with pytest.raises(ClusterError, match="ended the watch"):
        _read({"type": "ERROR", "object": {"code": 500, "message": "oops"}}, PODS)


class Answers:
    """An API whose answers are written down; what is not is 404."""

    default_namespace = "home"

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.posted: list[tuple[str, Any, Any]] = []
        self.refuse: set[str] = set()

    def get(self, path: str, query: Any = None, accept: str = "") -> Any:
        self.asked.append(path)
        if path not in self.answers:
            raise NotFoundError(path)
        return self.answers[path]

    def post(self, path: str, body: Any, headers: Any = None) -> Any:
        self.posted.append((path, body, headers))
        if path.rsplit("/", 1)[1] in self.refuse:
            raise ClusterError(SourceState.REFUSED, "not allowed")
        return {"status": {"allowed": True, "reason": "because"}}


CORE = {
    "resources": [
        {"name": "pods", "singularName": "pod", "kind": "Pod", "namespaced": True, "shortNames": ["po"]},
        {"name": "pods/log", "kind": "Pod", "namespaced": True},
        {"name": "nodes", "singularName": "", "kind": "Node", "namespaced": False},
    ]
}
APPS = {
    "resources": [
        {"name": "deployments", "singularName": "deployment", "kind": "Deployment", "namespaced": True}
    ]
}
LEGACY = {"groups": [{"name": "apps", "preferredVersion": {"groupVersion": "apps/v1"}}]}
AGGREGATED = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "metadata": {"name": "apps"},
            "versions": [
                {
                    "version": "v1",
                    "resources": [
                        {
                            "resource": "deployments",
                            "responseKind": {"kind": "Deployment"},
                            "scope": "Namespaced",
                            "singularResource": "deployment",
                            "shortNames": ["deploy"],
                        }
                    ],
                },
                {
                    "version": "v1beta1",
                    "resources": [{"resource": "deployments", "responseKind": {"kind": "Deployment"}}],
                },
            ],
        }
    ],
}


@pytest.mark.parametrize("groups", [LEGACY, AGGREGATED])
def test_kinds_are_found_through_either_discovery(groups: Any) -> None:
    api: Any = Answers(**{"/apis": groups, "/api/v1": CORE, "/apis/apps/v1": APPS})
    found = Discovery().by_kind(api, "", "Deployment")
    assert found is not None
    assert (found.api_version, found.plural, found.group) == ("apps/v1", "deployments", "apps")
    assert found.path("shop") == "/apis/apps/v1/namespaces/shop/deployments"
    assert found.path(None) == "/apis/apps/v1/deployments"
    node = Discovery().by_kind(api, "v1", "Node")
    assert node is not None
    assert node.path("shop") == "/api/v1/nodes"


def test_discovery_remembers_what_it_found_and_asks_again_for_what_it_did_not() -> None:
    api: Any = Answers(**{"/api/v1": CORE})
    discovery = Discovery()
    assert discovery.by_kind(api, "v1", "Pod") == discovery.by_kind(api, "v1", "pod")
    assert api.asked == ["/api/v1"]
    assert discovery.by_kind(api, "example.com/v1", "Teapot") is None
    api.answers["/apis/example.com/v1"] = {
        "resources": [{"name": "teapots", "kind": "Teapot", "namespaced": True}]
    }
    found = discovery.by_kind(api, "example.com/v1", "Teapot")
    assert found is not None and found.plural == "teapots"


@pytest.mark.parametrize(
    ("resource", "namespace", "attributes"),
    [
        ("pods", None, {"resource": "pods", "namespace": "shop"}),
        ("pods/log", None, {"resource": "pods", "subresource": "log", "namespace": "shop"}),
        ("po", "*", {"resource": "pods"}),
        ("deployments", "east", {"group": "apps", "resource": "deployments", "namespace": "east"}),
        ("deployments.apps", None, {"group": "apps", "resource": "deployments", "namespace": "shop"}),
        ("nodes", None, {"resource": "nodes"}),
        ("widgets.example.com", None, {"group": "example.com", "resource": "widgets", "namespace": "shop"}),
    ],
)
def test_questions_to_rbac_name_resources_as_kubectl_does(
    resource: str, namespace: Any, attributes: Any
) -> None:
    api: Any = Answers(**{"/apis": LEGACY, "/api/v1": CORE, "/apis/apps/v1": APPS})
    check = CanCheck("system:serviceaccount:shop:ci", "get", resource, namespace=namespace)
    answer = ask(api, Discovery(), check, "shop")
    assert (answer.allowed, answer.reason) == (True, "because")
    spec = api.posted[0][1]["spec"]
    assert spec["resourceAttributes"] == {"verb": "get", **attributes}
    assert spec["groups"] == ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"]


def test_where_reviews_are_refused_the_user_is_impersonated() -> None:
    api: Any = Answers(**{"/apis": LEGACY, "/api/v1": CORE, "/apis/apps/v1": APPS})
    api.refuse = {"subjectaccessreviews"}
    ask(api, Discovery(), CanCheck("eve", "get", "pods", groups=("dev",)), None)
    path, body, headers = api.posted[-1]
    assert path.endswith("/selfsubjectaccessreviews")
    assert body["spec"]["resourceAttributes"]["namespace"] == "home"
    assert headers == {"Impersonate-User": "eve", "Impersonate-Group": "dev"}
    ask(api, Discovery(), CanCheck("eve", "get", "/healthz"), None)
    assert api.posted[-1][1]["spec"]["nonResourceAttributes"] == {"path": "/healthz", "verb": "get"}


def test_groups_that_the_server_gives_by_itself() -> None:
    assert implied_groups("system:anonymous", ()) == ["system:unauthenticated"]
    assert implied_groups("eve", ("dev", "system:authenticated")) == ["dev", "system:authenticated"]
