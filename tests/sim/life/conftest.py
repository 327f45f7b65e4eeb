"""A simulated cluster in this process, alive: controllers, scheduler and nodes on a clock the test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from labrunner.sim import controllers
from labrunner.sim.api import Api
from labrunner.sim.clock import FakeClock
from labrunner.sim.objects import Obj, clone, get_path, name_of


class Cluster:
    """Shorthand for what the tests of controllers and pod life do all the time, in namespace ``default``."""

    def __init__(self, api: Api, clock: FakeClock) -> None:
        self.api = api
        self.clock = clock
        self.controllers = controllers.start(api, root_ca="CERTIFICATE")
        clock.advance(0.1)

    def create(self, gr: str, name: str, spec: Obj | None = None, **extra: object) -> Obj:
        metadata: Obj = {"name": name, "namespace": "default", **extra.pop("metadata", {})}  # type: ignore[dict-item]
        body: Obj = {"metadata": metadata, **extra}
        if spec is not None:
            body["spec"] = spec
        return self.api.create(gr, body)

    def pod(self, name: str, *command: str, image: str = "busybox:1.36", **container: object) -> Obj:
        spec: Obj = dict(container.pop("spec", {}))  # type: ignore[call-overload]
        metadata = container.pop("metadata", {})
        first: Obj = {"name": "app", "image": image, **container}
        if command:
            first["command"] = list(command)
        return self.create("pods", name, {"containers": [first], **spec}, metadata=metadata)

    def get(self, gr: str, name: str) -> Obj:
        found = self.api.get(gr, name, "default")
        assert found is not None, f"no {gr} {name}"
        return found

    def change(self, gr: str, name: str, **paths: object) -> Obj:
        """Set fields by paths written with double underscores: ``spec__replicas=3``."""
        changed = clone(self.get(gr, name))
        for path, value in paths.items():
            *parents, last = path.split("__")
            here = changed
            for step in parents:
                here = here.setdefault(step, {})
            here[last] = value
        return self.api.update(gr, changed)

    def delete(self, gr: str, name: str, **options: object) -> None:
        self.api.delete(gr, name, "default", **options)  # type: ignore[arg-type]

    def status(self, gr: str, name: str) -> Obj:
        return dict(self.get(gr, name).get("status") or {})

    def names(self, gr: str) -> list[str]:
        return [name_of(o) for o in self.api.list(gr, "default")]

    def state(self, pod: str, container: int = 0) -> str:
        """``running``, or the reason a container waits or has ended."""
        found = self.status("pods", pod).get("containerStatuses") or [{}]
        state = found[container].get("state") or {}
        if "running" in state:
            return "running"
        return str(next(iter(state.values()), {}).get("reason", ""))

    def phase(self, pod: str) -> str:
        return str(get_path(self.get("pods", pod), "status", "phase"))

    def condition(self, gr: str, name: str, kind: str) -> Obj:
        for found in get_path(self.get(gr, name), "status", "conditions", default=[]):
            if found["type"] == kind:
                return dict(found)
        return {}

    def events(self, name: str, reason: str = "") -> list[str]:
        """Messages of the events about an object, in the order of their making."""
        found = [
            e
            for e in self.api.list("events")
            if get_path(e, "involvedObject", "name") == name and (not reason or e.get("reason") == reason)
        ]
        found.sort(key=lambda e: int(e["metadata"]["resourceVersion"]))
        return [str(e.get("message")) for e in found]

    def reasons(self, name: str) -> list[str]:
        found = [e for e in self.api.list("events") if get_path(e, "involvedObject", "name") == name]
        found.sort(key=lambda e: e["metadata"]["name"])
        return [str(e.get("reason")) for e in found]


@pytest.fixture
def cluster(api: Api, clock: FakeClock) -> Iterator[Cluster]:
    found = Cluster(api, clock)
    yield found
    found.controllers.stop()


def template(*command: str, image: str = "nginx:1.25", app: str = "web", **spec: object) -> Obj:
    """A pod template labelled ``app``."""
    container: Obj = {"name": "app", "image": image}
    if command:
        container["command"] = list(command)
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}


def deployment(replicas: int = 3, **spec: object) -> Obj:
    """A deployment's spec."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "template": spec.pop("template", None) or template(),
        **spec,
    }
