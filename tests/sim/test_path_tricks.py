"""Paths that hope to be read in two ways: what is authorized is what is answered."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim.http import Response
from labrunner.sim.http.parser import BadRequest
from tests.sim.http_client import Http

SECRET = "/api/v1/namespaces/closed/secrets/key"


@pytest.fixture
def http(tmp_path: Path) -> Http:
    """Jane may do anything in the namespace ``open``, and nothing else."""
    found = Http(tmp_path)
    for name in ("open", "closed"):
        found.ok("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    found.ok("POST", "/api/v1/namespaces/closed/secrets", {"metadata": {"name": "key"}})
    binding: dict[str, Any] = {
        "metadata": {"name": "jane"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
    }
    found.ok("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/open/rolebindings", binding)
    assert found("GET", "/api/v1/namespaces/open/secrets", user="jane").status == 200
    assert found("GET", SECRET).status == 200
    return found


@pytest.mark.parametrize("path", [
    SECRET,
    "/api/v1/namespaces/open/../closed/secrets/key",
    "/api/v1/namespaces/open/%2e%2e/closed/secrets/key",
    "/api/v1/namespaces/open/%2E%2E%2Fclosed%2Fsecrets%2Fkey",
    "/api/v1/namespaces/open%2f..%2fclosed/secrets/key",
    "/api/v1/namespaces/open/secrets/..%2f..%2fclosed%2fsecrets%2fkey",
    "/api/v1/namespaces/open/secrets/%252e%252e%252f%252e%252e%252fclosed",
    "/api/v1/namespaces/open/secrets/../../closed/secrets/key",
    "/api/v1/namespaces/open//closed/secrets/key",
    "/api/v1/namespaces/closed%2fsecrets%2fkey",
    "/api/v1%2fnamespaces/closed/secrets/key",
    "//api/v1/namespaces/closed/secrets/key",
    "/./api/v1/namespaces/closed/secrets/key",
    "/api/v1/../v1/namespaces/closed/secrets/key",
    "/api/v1/namespaces/closed/secrets/key/",
    "/api/v1/namespaces/closed/secrets/key?namespace=open",
    "/api/v1/namespaces/closed/secrets/key#/namespaces/open",
    "/api/v1/namespaces/closed/./secrets/key",
    "/API/v1/namespaces/closed/secrets/key",
    "/api/v1/namespaces/CLOSED/secrets/key",
    "/api/v1/watch/namespaces/closed/secrets/key",
    "/api/v1/proxy/namespaces/closed/secrets/key",
    "/api/v1/namespaces/open/secrets/key%20",
    "/api/v1/namespaces/closed/secrets;x/key",
    "/api/v1/namespaces/closed\\secrets\\key",
    "http://127.0.0.1/api/v1/namespaces/closed/secrets/key",
    "/simulated/v1/objects",
    "/simulated%2fv1/objects",
    "/simulated/v1/../v1/objects",
    "//simulated/v1/objects",
    "/version/../simulated/v1/objects",
    "/healthz/../api/v1/namespaces/closed/secrets/key",
])  # fmt: skip
def test_no_spelling_of_a_path_opens_what_is_closed(http: Http, path: str) -> None:
    for method in ("GET", "DELETE"):
        found = http.handle(method, path, user="jane")
        assert isinstance(found, Response), path
        assert found.status in (301, 307, 403, 404, 405), (path, found.status, found.body)
        assert b'"kind":"Secret"' not in found.body
    assert http("GET", SECRET).status == 200


@pytest.mark.parametrize("path", ["/api%00", "/api/v1/namespaces/%00", "/api/%ff", "/api/%zz", "/api?x=%00"])
def test_paths_that_are_no_text_are_refused(http: Http, path: str) -> None:
    with pytest.raises(BadRequest) as refused:
        http.handle("GET", path)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "name", ["..", "...", "%2e%2e%2fx", "a%2fb", "-", ".hidden", "x" * 101, "a%5Cb", "%0a"]
)
def test_snapshots_stay_in_their_directory(http: Http, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    for method, path in (("PUT", ""), ("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/diff")):
        assert http(method, f"/simulated/v1/snapshots/{name}{path}").status in (400, 404)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_compressed_body_is_not_what_was_declared(http: Http) -> None:
    """API servers do not take compressed requests: the body counts as it is."""
    body = gzip.compress(json.dumps({"metadata": {"name": "zipped"}}).encode())
    answer = http(
        "POST",
        "/api/v1/namespaces/open/configmaps",
        body,
        Content_Encoding="gzip",
        Content_Type="application/json",
    )
    assert answer.status == 400
    assert answer.body["reason"] == "BadRequest"
    assert http("GET", "/api/v1/namespaces/open/configmaps/zipped").status == 404
