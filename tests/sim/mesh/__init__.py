"""What tests of the mesh kinds share: example objects, a server with a set's kinds, and its verdicts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from labrunner.sim import kindsets
from tests.sim.http_client import Http

Object = dict[str, Any]
Definitions = list[Object]
FOLDER = Path(__file__).parent
SETS = ("gateway-api", "istio", "linkerd")


def read(path: Path) -> list[Object]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [each for each in yaml.load_all(path.read_bytes(), loader) if each]


@cache
def examples(set_name: str) -> list[Object]:
    """Valid objects, at least one of each kind; not to be changed."""
    return read(FOLDER / f"{set_name}.yaml")


@cache
def ours(set_name: str) -> Definitions:
    """The set's definitions; not to be changed."""
    return list(kindsets.load(set_name).definitions)


class Mesh:
    """A server in this process that serves some definitions."""

    def __init__(self, directory: Path, definitions: Definitions) -> None:
        self.http = Http(directory)
        for each in definitions:
            created = self.http("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", each)
            assert created.status == 201, created.body
        self._scopes = {
            (each["spec"]["group"], each["spec"]["names"]["kind"]): (
                each["spec"]["names"]["plural"],
                "" if each["spec"]["scope"] == "Cluster" else "/namespaces/default",
            )
            for each in definitions
        }

    def path(self, obj: Object) -> str:
        """Where objects like this one are."""
        plural, scope = self._scopes[obj["apiVersion"].partition("/")[0], obj["kind"]]
        return f"/apis/{obj['apiVersion']}{scope}/{plural}"

    def verdict(self, obj: Object) -> tuple[int, Object]:
        """The status and answer to a dry run of creating *obj*: the object as it would be, or the refusal."""
        answer = self.http("POST", f"{self.path(obj)}?dryRun=All&fieldValidation=Strict", obj)
        if answer.status == 201:
            return 201, {**answer.body, "metadata": answer.body["metadata"]["name"]}
        return answer.status, answer.body

    def refusals(self, obj: Object) -> list[str]:
        """The reasons for which *obj* is refused, as ``field: message``; empty when it is taken."""
        status, body = self.verdict(obj)
        if status == 201:
            return []
        causes = body.get("details", {}).get("causes")
        return [f"{each['field']}: {each['message']}" for each in causes] if causes else [body["message"]]
