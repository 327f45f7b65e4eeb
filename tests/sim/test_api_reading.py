"""Get, list, watch, discovery and negotiation, as clients ask for them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim.api.listing import EXPIRED
from labrunner.sim.http import Response

from .custom import definition, properties
from .http_client import Http

MAPS = "/api/v1/namespaces/default/configmaps"
TEXT = {"type": "string"}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
def http(tmp_path: Path) -> Http:
    return Http(tmp_path)


def make(http: Http, name: str, labels: dict[str, str] | None = None, **data: str) -> Any:
    metadata: dict[str, Any] = {"name": name}
    if labels:
        metadata["labels"] = labels
    return http.ok("POST", MAPS, {"metadata": metadata, "data": data})


def names(listed: Any) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


def test_objects_come_back_in_the_servers_field_order(http: Http) -> None:
    made = make(http, "x", {"a": "b"}, k="v")
    assert list(made) == ["kind", "apiVersion", "metadata", "data"]
    assert list(made["metadata"])[:4] == ["name", "namespace", "uid", "resourceVersion"]
    assert http.ok("GET", f"{MAPS}/x") == made


def test_items_of_builtin_lists_carry_no_kind(http: Http) -> None:
    make(http, "x")
    listed = http.ok("GET", MAPS)
    assert listed["kind"] == "ConfigMapList"
    assert "kind" not in listed["items"][0]


def test_pages_show_one_moment_even_when_objects_change_between_them(http: Http) -> None:
    for number in range(5):
        make(http, f"m{number}")
    first = http.ok("GET", MAPS, query={"limit": 2})
    assert names(first) == ["m0", "m1"]
    assert first["metadata"]["remainingItemCount"] == 3
    http.ok("DELETE", f"{MAPS}/m3")
    make(http, "m2a")
    token = first["metadata"]["continue"]
    second = http.ok("GET", MAPS, query={"limit": 2, "continue": token})
    third = http.ok("GET", MAPS, query={"continue": second["metadata"]["continue"]})
    assert names(second) + names(third) == ["m2", "m3", "m4"]
    assert "continue" not in third["metadata"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    http.api.store.compact()
    make(http, "later")
    late = http("GET", MAPS, query={"limit": 2, "continue": token})
    assert (late.status, late.body["reason"], late.body["message"]) == (410, "Expired", EXPIRED)


def test_selectors_choose_and_refuse_in_the_servers_words(http: Http) -> None:
    make(http, "x", {"tier": "front"})
    make(http, "y", {"tier": "back"})
    assert names(http.ok("GET", MAPS, query={"labelSelector": "tier in (front,other)"})) == ["x"]
    assert names(http.ok("GET", MAPS, query={"fieldSelector": "metadata.name!=x"})) == ["y"]
    bad = http("GET", MAPS, query={"labelSelector": "a=b=c"})
    assert (bad.status, bad.body["message"]) == (400, "found '=', expected: ',' or 'end of string'")
    bad = http("GET", "/api/v1/pods", query={"fieldSelector": "bogus.field=x"})
    assert (bad.status, bad.body["message"]) == (400, "field label not supported: bogus.field")


def test_a_version_from_the_future_is_refused_and_an_exact_one_listed(http: Http) -> None:
    make(http, "x")
    then = http.ok("GET", MAPS)["metadata"]["resourceVersion"]
    make(http, "y")
    exact = {"resourceVersion": then, "resourceVersionMatch": "Exact"}
    assert names(http.ok("GET", MAPS, query=exact)) == ["x"]
    assert names(http.ok("GET", MAPS, query={"resourceVersion": then})) == ["x", "y"]
    future = http("GET", MAPS, query={"resourceVersion": "999999"})
    assert (future.status, future.body["reason"]) == (504, "Timeout")
    assert http("GET", MAPS, query={"resourceVersion": "abc"}).status == 400
    assert http("GET", MAPS, query={"resourceVersionMatch": "Exact"}).status == 422


def test_a_watch_tells_every_change_after_its_version(http: Http) -> None:
    version = http.ok("GET", MAPS)["metadata"]["resourceVersion"]
    make(http, "x", k="1")
    tap = http.watch(MAPS, query={"resourceVersion": version})
    http.ok("PUT", f"{MAPS}/x", {"metadata": {"name": "x"}, "data": {"k": "2"}})
    http.ok("DELETE", f"{MAPS}/x")
    events = tap.events()
    assert [kind for kind, _ in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in events]
    assert versions == sorted(set(versions))
    assert events[2][1]["data"] == {"k": "2"}
    http.ok("POST", "/api/v1/namespaces/kube-public/configmaps", {"metadata": {"name": "elsewhere"}})
    assert tap.events() == []


def test_objects_enter_and_leave_a_filtered_watch(http: Http) -> None:
    version = http.ok("GET", MAPS)["metadata"]["resourceVersion"]
    tap = http.watch(MAPS, query={"resourceVersion": version, "labelSelector": "on=yes"})
    make(http, "x")
    for value in ("yes", "yes2", "yes"):
        http.ok("PUT", f"{MAPS}/x", {"metadata": {"name": "x", "labels": {"on": value}}})
    http.ok("DELETE", f"{MAPS}/x")
    assert [kind for kind, _ in tap.events()] == ["ADDED", "DELETED", "ADDED", "DELETED"]


def test_watch_list_marks_the_end_of_the_initial_events(http: Http) -> None:
    make(http, "x")
    query = {
        "sendInitialEvents": "true",
        "allowWatchBookmarks": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    tap = http.watch(MAPS, query=query)
    events = tap.events()
    assert [kind for kind, _ in events] == ["ADDED", "BOOKMARK"]
    assert events[1][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(events[1][1]["metadata"]["resourceVersion"]) == http.api.store.resource_version
    make(http, "y")
    assert [kind for kind, _ in tap.events()] == ["ADDED"]
    http.clock.advance(61)
    assert [kind for kind, _ in tap.events()] == ["BOOKMARK"]
    refused = http("GET", MAPS, query={"watch": "1", "sendInitialEvents": "true"})
    assert refused.status == 422


def test_a_watch_from_the_compacted_past_ends_in_410(http: Http) -> None:
    make(http, "x")
    make(http, "y")
    http.api.store.compact()
    tap = http.watch(MAPS, query={"resourceVersion": "1"})
    ((kind, status),) = tap.events()
    assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert tap.finished


def test_a_watch_ends_at_its_timeout_and_is_forgotten(http: Http) -> None:
    tap = http.watch(MAPS, query={"timeoutSeconds": "5", "allowWatchBookmarks": "true"})
    tap.events()
    http.clock.advance(6)
    assert tap.finished
    make(http, "x")
    assert [kind for kind, _ in tap.events()] == ["BOOKMARK"]


def test_tables_are_watched_with_their_columns_once(http: Http) -> None:
    tap = http.watch(MAPS, Accept=TABLE)
    make(http, "x", k="v")
    make(http, "y")
    first, second = (obj for _, obj in tap.events())
    assert first["kind"] == "Table"
    assert first["rows"][0]["cells"][:2] == ["x", 1]
    assert first["columnDefinitions"]
    assert second["columnDefinitions"] is None


def test_representations(http: Http) -> None:
    make(http, "x")
    table = http.ok("GET", MAPS, Accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    kind = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    listed = http.ok("GET", MAPS, Accept=kind)
    assert listed["kind"] == "PartialObjectMetadataList"
    assert "data" not in listed["items"][0]
    text = http("GET", f"{MAPS}/x", Accept="application/yaml").body
    assert text.startswith(b"apiVersion: v1\n")
    assert b"\nkind: ConfigMap\nmetadata:\n" in text
    assert re.search(rb'\n  resourceVersion: "\d+"\n', text)
    assert http("GET", f"{MAPS}/x", Accept="text/html").status == 406
    protobuf_first = "application/vnd.kubernetes.protobuf,application/json"
    assert http.ok("GET", f"{MAPS}/x", Accept=protobuf_first)["kind"] == "ConfigMap"


def test_discovery_aggregated_and_legacy_agree(http: Http) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    aggregated = http.ok("GET", "/apis", Accept=accept)
    apps = next(item for item in aggregated["items"] if item["metadata"]["name"] == "apps")
    legacy = http.ok("GET", "/apis/apps/v1")
    plain = [r["name"] for r in legacy["resources"] if "/" not in r["name"]]
    assert [r["resource"] for r in apps["versions"][0]["resources"]] == plain
    scale = next(r for r in legacy["resources"] if r["name"] == "deployments/scale")
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")
    etag = http("GET", "/apis", Accept=accept).header("Etag")[0]
    assert http("GET", "/apis", Accept=accept, If_None_Match=etag).status == 304
    assert http.ok("GET", "/api")["versions"] == ["v1"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("GET", "/api/v1/nonsense", 404),
        ("GET", "/apis/nonsense/v1/things", 404),
        ("GET", "/api/v1/namespaces/default/nodes", 404),
        ("GET", "/api/v1/pods/x", 404),
        ("POST", "/api/v1/pods", 405),
        ("PUT", "/api/v1/namespaces/default/pods", 405),
        ("POST", f"{MAPS}/x", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("GET", "/api/v1/namespaces/default/pods/x/nonsense", 404),
        ("POST", "/version", 405),
        ("GET", "/api/v1/namespaces/../../etc/passwd", 404),
        ("GET", "//api//v1", 404),
        ("BREW", "/api/v1/pods", 405),
    ],
)
def test_what_is_not_there(http: Http, method: str, path: str, status: int) -> None:
    answer = http.handle(method, path)
    assert isinstance(answer, Response)
    assert answer.status == status


def test_health_version_and_identity(http: Http) -> None:
    for path in ("/healthz", "/livez", "/readyz", "/version"):
        assert http("GET", path, user="").status == 200
    assert http("GET", "/readyz/ping").status == 200
    assert http("GET", "/readyz/ping", user="").status == 403
    assert http.ok("GET", "/version")["gitVersion"].endswith("+simulated")
    assert http("GET", MAPS, user="nobody").status == 401
    refused = http("GET", MAPS, user="jane")
    assert refused.status == 403
    assert refused.body["message"] == (
        'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"'
    )
    anonymous = http("GET", "/apis", user="")
    assert anonymous.body["message"] == 'forbidden: User "system:anonymous" cannot get path "/apis"'


def test_parameters_of_watches_are_refused_in_lists(http: Http) -> None:
    refused = http("GET", MAPS, query={"sendInitialEvents": "true"})
    assert refused.body["message"].endswith(
        "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"
    )
    refused = http("GET", MAPS, query={"watch": "1", "resourceVersionMatch": "Exact"})
    assert 'supported values: "NotOlderThan"' in refused.body["message"]


def test_watch_on_the_path_of_one_object_means_nothing(http: Http) -> None:
    made = make(http, "x")
    assert http.ok("GET", f"{MAPS}/x", query={"watch": "1"}) == made


def test_any_word_but_false_switches_watching_on(http: Http) -> None:
    make(http, "x")
    assert [kind for kind, _ in http.watch(MAPS, query={"watch": "maybe"}).events()] == ["ADDED"]
    assert http.ok("GET", MAPS, query={"watch": "0"})["kind"] == "ConfigMapList"


def test_an_object_that_leaves_the_selection_is_shown_as_it_was(http: Http) -> None:
    make(http, "x", {"app": "a"})
    tap = http.watch(MAPS, query={"labelSelector": "app=a"})
    tap.events()
    made = http.ok(
        "PATCH",
        f"{MAPS}/x",
        {"metadata": {"labels": {"app": "b"}}},
        Content_Type="application/merge-patch+json",
    )
    ((kind, shown),) = tap.events()
    assert kind == "DELETED"
    assert shown["metadata"]["labels"] == {"app": "a"}
    assert shown["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_an_expired_token_comes_with_one_to_go_on_by(http: Http) -> None:
    for name in ("a", "b", "c"):
        make(http, name)
    first = http.ok("GET", MAPS, query={"limit": 2})
    make(http, "d")
    http.ok("POST", "/simulated/v1/compact")
    expired = http("GET", MAPS, query={"limit": 2, "continue": first["metadata"]["continue"]})
    assert expired.status == 410
    assert "Continuing with the provided token results in an inconsistent list" in expired.body["message"]
    rest = http.ok("GET", MAPS, query={"continue": expired.body["metadata"]["continue"]})
    assert names(rest) == ["c", "d"]


def test_what_tables_hold_is_one_of_three(http: Http) -> None:
    refused = http("GET", MAPS, query={"includeObject": "Foo"}, Accept=TABLE)
    assert refused.status == 400
    assert refused.body["message"] == (
        'Unable to convert to Table as requested: includeObject: Invalid value: "Foo": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )


VERBATIM = {"accept": "application/json, */*", "user_agent": "kubectl/v1.37.1 (linux/amd64)"}


def test_those_who_read_answers_as_they_come_see_the_order_of_go(http: Http) -> None:
    services = "/api/v1/namespaces/default/services"
    spec = {
        "type": "ClusterIP",
        "selector": {"b": "x", "a": "y"},
        "ports": [{"targetPort": 8080, "port": 80}],
    }
    metadata = {"name": "web", "annotations": {"note": "a <b> & c"}}
    http.ok("POST", services, {"spec": spec, "metadata": metadata})
    answer = http("GET", f"{services}/web", **VERBATIM)
    shown = answer.body["spec"]
    assert list(shown)[:6] == ["ports", "selector", "clusterIP", "clusterIPs", "type", "sessionAffinity"]
    assert list(shown["ports"][0]) == ["protocol", "port", "targetPort"]
    assert list(shown["selector"]) == ["a", "b"]
    assert rb'"a \u003cb\u003e \u0026 c"' in answer.raw.body
    listed = http.ok("GET", services, **VERBATIM)
    assert list(listed) == ["kind", "apiVersion", "metadata", "items"]
    assert list(listed["items"][-1]["spec"])[:3] == ["ports", "selector", "clusterIP"]
    assert b"a <b> & c" in http("GET", f"{services}/web").raw.body


def test_custom_objects_are_shown_by_key(http: Http) -> None:
    http.ok(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        definition(properties(a=TEXT, b=TEXT)),
    )
    things = "/apis/example.com/v1/namespaces/default/things"
    http.ok(
        "POST",
        things,
        {
            "apiVersion": "example.com/v1",
            "kind": "Thing",
            "spec": {"b": "1", "a": "2"},
            "metadata": {"name": "x"},
        },
    )
    assert list(http.ok("GET", f"{things}/x", **VERBATIM)["spec"]) == ["a", "b"]
    listed = http.ok("GET", things, **VERBATIM)
    assert list(listed) == ["apiVersion", "items", "kind", "metadata"]
    assert listed["metadata"]["continue"] == ""
