"""The ready sets of service-mesh kinds: what they serve, take and refuse."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import kindsets, process
from labrunner.sim.kindsets.schema import Notation, UnknownPieceError
from tests.sim.conftest import Kubectl, kubectl_binary
from tests.sim.http_client import Http
from tests.sim.mesh import FOLDER, SETS, Mesh, examples, ours
from tests.sim.mesh.variations import Mistake, changed, mistakes

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
NEVER_SAID = {
    "type must be one of ['Exact', 'PathPrefix', 'RegularExpression']": "the field's enum has refused it before",
}
ELSEWHERE = {
    "Value is immutable": "needs an object that is there",
    "Hostname value must only contain valid characters (matching ^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    "(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)": "is about the status",
    "While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route "
    "must be less than 128": "needs many matches",
}
"""Messages that tests of their own bring out."""


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mesh]:
    return {name: Mesh(tmp_path_factory.mktemp(name), ours(name)) for name in SETS}


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_installed_at_once_and_established(name: str, tmp_path: Path) -> None:
    http = Http(tmp_path)
    start = time.process_time()
    said = http.ok("PUT", f"/simulated/v1/kinds/{name}")
    assert time.process_time() - start < 0.5
    assert said["installed"]
    crds = http.ok("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    assert {each["metadata"]["name"] for each in crds} == set(said["definitions"])
    for each in crds:
        conditions = {c["type"]: c["status"] for c in each["status"]["conditions"]}
        assert conditions["Established"] == conditions["NamesAccepted"] == "True", each["metadata"]["name"]
        assert "NonStructuralSchema" not in conditions
        assert each["metadata"]["labels"]["simulated.labrunner.dev/kinds"] == name


@pytest.mark.parametrize("name", SETS)
def test_every_kind_has_an_example_and_takes_it(name: str, meshes: dict[str, Mesh]) -> None:
    kinds = {(each["spec"]["group"], each["spec"]["names"]["kind"]) for each in ours(name)}
    assert {(obj["apiVersion"].partition("/")[0], obj["kind"]) for obj in examples(name)} == kinds
    for obj in examples(name):
        assert meshes[name].refusals(obj) == [], f"{obj['kind']} {obj['metadata']['name']}"


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda mistake: mistake.name)
def test_a_mistake_is_refused_in_the_real_words(mistake: Mistake, meshes: dict[str, Mesh]) -> None:
    said = meshes[mistake.set_name].refusals(mistake.wrong)
    assert any(each.startswith(f"{mistake.field}: ") and each.endswith(mistake.says) for each in said), said


@pytest.mark.parametrize("name", SETS)
def test_every_rule_refuses_something(name: str) -> None:
    shown = {mistake.says for mistake in mistakes() if mistake.set_name == name}
    rules = {message for each in ours(name) for message in _messages(each)}
    assert rules - shown - ELSEWHERE.keys() - NEVER_SAID.keys() == set()


@pytest.mark.parametrize("name", SETS)
def test_a_field_that_is_not_there_is_named(name: str, meshes: dict[str, Mesh]) -> None:
    for obj in examples(name):
        said = meshes[name].refusals(changed(obj, ("spec", "speling"), 1))
        assert len(said) == 1
        assert said[0].endswith('strict decoding error: unknown field "spec.speling"'), said


def test_a_class_keeps_its_controller(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, ours("gateway-api"))
    path = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"
    made = mesh.http.ok("POST", path, examples("gateway-api")[0])
    made["spec"]["controllerName"] = "example.org/others"
    refused = mesh.http("PUT", f"{path}/own", made)
    assert refused.status == 422
    assert refused.body["details"]["causes"][0]["field"] == "spec.controllerName"
    assert refused.body["message"].endswith("Value is immutable")


def test_a_gateway_waits_for_its_controller_and_keeps_what_it_says(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, ours("gateway-api"))
    path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways"
    made = mesh.http.ok("POST", path, examples("gateway-api")[1])
    assert [each["type"] for each in made["status"]["conditions"]] == ["Accepted", "Programmed"]
    made["status"]["addresses"] = [{"type": "Hostname", "value": "a_b"}]
    refused = mesh.http("PUT", f"{path}/door/status", made)
    assert refused.status == 422
    assert "Hostname value must only contain valid characters (matching" in refused.body["message"]


@pytest.mark.parametrize(
    ("kind", "match"),
    [("HTTPRoute", {"path": {"value": "/a"}}), ("GRPCRoute", {"method": {"service": "a"}})],
)
def test_a_route_has_few_matches(kind: str, match: Any, meshes: dict[str, Mesh]) -> None:
    def refusals(*counts: int) -> list[str]:
        rules = [{"matches": [match] * count} for count in counts]
        route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "spec": {"rules": rules}}
        return meshes["gateway-api"].refusals({**route, "metadata": {"name": "many"}})

    assert refusals(64, 64) == refusals(*[8] * 16) == []
    for counts in ((64, 64, 1), [9] * 16):
        [said] = refusals(*counts)
        assert said.startswith("spec.rules: Invalid value: ")
        assert said.endswith("the total number of matches across all rules in a route must be less than 128")


@pytest.mark.parametrize("name", SETS)
def test_columns(name: str, tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, ours(name))
    rows = {}
    for obj in examples(name):
        mesh.http.ok("POST", mesh.path(obj), obj)
        table = mesh.http.ok("GET", mesh.path(obj), Accept=TABLE)
        titles = [each["name"] for each in table["columnDefinitions"]]
        rows[obj["kind"]] = dict(zip(titles, table["rows"][-1]["cells"], strict=True))
    assert {kind: row for kind, row in rows.items() if kind in COLUMNS[name]} == COLUMNS[name]
    assert all(next(iter(row)) == "Name" for row in rows.values())


COLUMNS: dict[str, dict[str, dict[str, Any]]] = {
    "istio": {
        "PeerAuthentication": {"Name": "strict", "Mode": "STRICT", "Age": "0s"},
        "VirtualService": {
            "Name": "shop", "Gateways": '["door","mesh"]', "Hosts": '["shop","shop.example.org"]', "Age": "0s",
        },
        "DestinationRule": {"Name": "shop", "Host": "shop", "Age": "0s"},
        "WorkloadEntry": {"Name": "box", "Age": "0s", "Address": "unix:///run/shop.sock"},
        "Gateway": {"Name": "door", "Age": "0s"},
    },
    "gateway-api": {
        "GatewayClass": {
            "Name": "own", "Controller": "example.org/gateways", "Accepted": "Unknown", "Age": "0s",
            "Description": "For the lab",
        },
        "Gateway": {"Name": "door", "Class": "own", "Address": None, "Programmed": "Unknown", "Age": "0s"},
        "GRPCRoute": {"Name": "stock", "Hostnames": '["*.example.org"]', "Age": "0s"},
        "ListenerSet": {"Name": "more", "Accepted": "Unknown", "Programmed": "Unknown", "Age": "0s"},
    },
    "linkerd": {
        "ServerAuthorization": {"Name": "web", "Server": "shop"},
        "HTTPLocalRateLimitPolicy": {
            "Name": "slow", "Target_kind": "Server", "Target_name": "shop", "Total_RPS": 100, "Identity_RPS": 20,
        },
        "ExternalWorkload": {"Name": "box", "Identity": "spiffe://example.org/box", "Age": "0s"},
    },
}  # fmt: skip


EXPLAINED = {
    "peerauthentication.spec.mtls.mode": "PeerAuthentication\nVERSION:    v1\n\nFIELD: mode <string>\nENUM:",
    "virtualservice.spec.http.route.destination": "GROUP:      networking.istio.io\nKIND:       VirtualService",
    "httproute.spec.rules.matches": "FIELD: matches <[]Object>",
    "btlspolicy": "How a gateway speaks TLS to a service.",
    "externalworkload.spec.meshTLS": "identity\t<string> -required-",
}


def test_kubectl_knows_them(fresh_server: process.Running, tmp_path: Path) -> None:
    kubectl = Kubectl(kubectl_binary(), fresh_server.kubeconfig, tmp_path)
    for name in SETS:
        kubectl.ok("replace", "--raw", f"/simulated/v1/kinds/{name}", "-f", "-", stdin="{}")
    for field, said in EXPLAINED.items():
        assert said in kubectl.ok("explain", field)
    for name in SETS:
        kubectl.ok("apply", "-f", str(FOLDER / f"{name}.yaml"))
    shown = kubectl.ok("get", "vs,gc,saz")
    assert [line.split()[:3] for line in shown.splitlines() if line] == [
        ["NAME", "GATEWAYS", "HOSTS"],
        ["virtualservice.networking.istio.io/shop", '["door","mesh"]', '["shop","shop.example.org"]'],
        ["NAME", "CONTROLLER", "ACCEPTED"],
        ["gatewayclass.gateway.networking.k8s.io/own", "example.org/gateways", "Unknown"],
        ["NAME", "SERVER"],
        ["serverauthorization.policy.linkerd.io/web", "shop"],
    ]
    assert "peerauthentication.security.istio.io/strict" in kubectl.ok(
        "get", "security-istio-io", "-o", "name"
    )


def test_the_notation_names_what_it_does_not_know() -> None:
    with pytest.raises(UnknownPieceError, match="'Selektor'"):
        Notation({"Selector": "string"}).expand({"fields": {"a": "list of Selektor"}})
    with pytest.raises(ValueError, match="'a b c' is not a term"):
        Notation({}).expand("a b c")


def test_the_notation_adds_to_a_piece() -> None:
    notation = Notation({"Named": {"fields": {"name!": "string 1..9"}, "rules": {"short": "true"}}})
    found = notation.expand(
        {"type": "Named", "fields": {"port!": "uint32"}, "rules": {"more": "false"}, "doc": "One."}
    )
    assert found == {
        "type": "object",
        "description": "One.",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 9},
            "port": {"type": "integer", "minimum": 0, "maximum": 4294967295},
        },
        "required": ["name", "port"],
        "x-kubernetes-validations": [
            {"message": "short", "rule": "true"},
            {"message": "more", "rule": "false"},
        ],
    }
    assert notation.expand("list 1..3 of Named -- Some.")["maxItems"] == 3
    assert "port" not in notation.expand("Named")["properties"]


def test_a_server_starts_without_reading_any_set() -> None:
    code = "import sys, labrunner.sim.api.control; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_an_unknown_set_is_answered_with_those_there_are(tmp_path: Path) -> None:
    refused = Http(tmp_path)("PUT", "/simulated/v1/kinds/isto")
    assert refused.status == 404
    assert (
        refused.body["message"] == "there are no kinds called 'isto'; there are: gateway-api, istio, linkerd"
    )
    with pytest.raises(kindsets.UnknownSetError):
        kindsets.load("../istio")


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _messages(each)
    elif isinstance(value, dict):
        rules = value.get("x-kubernetes-validations", ())
        yield from (rule["message"] for rule in rules if "rule" in rule)
        for each in value.values():
            yield from _messages(each)
