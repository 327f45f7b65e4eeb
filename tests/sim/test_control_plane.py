"""What the control plane keeps about itself, and the paths that are about the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import controllers

from .http_client import Http

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


@pytest.fixture
def http(tmp_path: Path) -> Http:
    return Http(tmp_path)


def names(listed: Any) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


def test_an_extension_server_is_not_available(http: Http) -> None:
    controllers.start(http.api)
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "service": {"namespace": "kube-system", "name": "metrics-server"},
    }
    http.ok("POST", SERVICES, {"metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": spec})
    http.clock.advance(1)
    found = http.ok("GET", f"{SERVICES}/v1beta1.metrics.k8s.io")["status"]["conditions"][0]
    assert (found["status"], found["reason"]) == ("False", "ServiceNotFound")
    assert found["message"] == 'service/metrics-server in "kube-system" is not present'


def test_leases_and_component_statuses(http: Http) -> None:
    leases = names(http.ok("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"))
    assert leases[0].startswith("apiserver-")
    assert leases[1:] == ["kube-controller-manager", "kube-scheduler"]
    statuses = http.ok("GET", "/api/v1/componentstatuses")
    assert names(statuses) == ["controller-manager", "scheduler", "etcd-0"]
    one = http.ok("GET", "/api/v1/componentstatuses/etcd-0")
    assert one["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
    assert http("GET", "/api/v1/componentstatuses/x").status == 404


def test_health_endpoints(http: Http) -> None:
    assert http("GET", "/readyz").body == b"ok"
    assert http("GET", "/livez/etcd").body == b"ok"
    assert http("GET", "/livez/shutdown").status == 404
    verbose = http("GET", "/readyz", query={"verbose": "", "exclude": ["etcd", "nosuch"]}).body.decode()
    lines = verbose.splitlines()
    assert lines[:3] == ["[+]ping ok", "[+]log ok", "[+]etcd excluded: ok"]
    assert lines[-3:] == [
        "[+]shutdown ok",
        'warn: some health checks cannot be excluded: no matches for "nosuch"',
        "readyz check passed",
    ]
    assert http("GET", "/healthz", query={"verbose": ""}).body.endswith(b"healthz check passed\n")


def test_metrics_count_objects(http: Http) -> None:
    found = http("GET", "/metrics").body.decode()
    assert 'apiserver_storage_objects{resource="namespaces"} 4\n' in found
    assert http("GET", "/metrics", user="jane").status == 403


def test_every_path_of_the_root_document_answers(http: Http) -> None:
    for path in http.ok("GET", "/")["paths"]:
        assert http("GET", path).status == 200, path
