"""Pod life recorded on a real cluster: each event and each status it showed has to come up here as well."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Final

import pytest

from labrunner.sim.objects import Obj, clone, get_path, name_of
from tests.sim.life import recordings
from tests.sim.life.conftest import Cluster
from tests.sim.life.recordings import Step, neutral, plain

pytestmark = pytest.mark.skipif(
    not recordings.FOLDER.is_dir(), reason="the recordings are not part of a clone"
)

# What an overloaded machine (see the README of the recordings) or its other storage class added.
BY_CHANCE = ("timed out after", "context deadline exceeded", "CONTAINER_EXITED", "kubernetes.io/host-path")
# How many restarts had gone before a back-off of 20 s depended on how late the kubelet looked.
LATE: Final = ("pod/livehttp",)
# Another session cordoned and tainted the node, and pulls never ended.
OTHERS_DOING: Final = {"14": ("untolerated taint", "were unschedulable", 'image "busybox:1.35"')}
WAITED_FOR_VOLUMES = "pod has unbound immediate PersistentVolumeClaims. not found"


class Replay:
    """One transcript, replayed on a cluster of one node that has the two images of the recordings already."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.statuses: dict[str, list[str]] = {}
        self.events: dict[str, set[tuple[str, ...]]] = {}
        self.manifest: list[Obj] = []
        api = cluster.api
        api.delete("nodes", "simulated-control-plane")
        for number, image in enumerate(("busybox:1.36", "nginx:1.25")):
            cluster.pod(f"warm-{number}", image=image)
        cluster.clock.advance(3)
        for number in range(2):
            cluster.delete("pods", f"warm-{number}", grace_seconds=0)
        api.store.subscribe("pods", self._note_status)
        api.store.subscribe("events", self._note_event)

    def _note_status(self, change: object) -> None:
        pod = change.new  # type: ignore[attr-defined]
        if pod is not None:
            self.statuses.setdefault(name_of(pod), []).append(as_text(pod.get("status") or {}))

    def _note_event(self, change: object) -> None:
        event = change.new  # type: ignore[attr-defined]
        if event is not None:
            about = event["involvedObject"]
            key = neutral(f"{about['kind'].lower()}/{about['name']}")
            self.events.setdefault(key, set()).add(
                (event["type"], event["reason"], neutral(event["message"]))
            )

    def run(self, name: str) -> list[Step]:
        """Replays; what has to have been seen."""
        expected, now = [], 0.0
        for step in recordings.steps(name):
            self.cluster.clock.advance(max(0.0, step.at - now))
            now = max(now, step.at)
            if step.kind == "manifest":
                self.manifest = step.body  # type: ignore[assignment]
            elif step.kind == "command":
                self._command(step.text)
            else:
                expected.append(step)
        self.cluster.clock.advance(400)
        return expected

    def _command(self, text: str) -> None:
        words = shlex.split(text)[1:]
        action = ACTIONS.get(" ".join(words[:2])) or ACTIONS.get(words[0])
        if action is not None:
            action(self, words)

    def apply(self, _words: list[str]) -> None:
        for given in self.manifest:
            group, _, version = given["apiVersion"].rpartition("/")
            rt = self.cluster.api.registry.by_kind(group, version, given["kind"])
            assert rt is not None
            body = {**given, "metadata": {**given["metadata"], "namespace": "default"}}
            self.cluster.api.create(rt.gr, body)

    def run_pod(self, words: list[str]) -> None:
        image = next(w for w in words if w.startswith("--image=")).partition("=")[2]
        container: Obj = {"name": words[1], "image": image}
        if "--" in words:
            container["args"] = words[words.index("--") + 1 :]
        if self.cluster.api.get("pods", words[1], "default") is None:
            self.cluster.create("pods", words[1], {"containers": [container]})

    def delete(self, words: list[str]) -> None:
        gr = {"pod": "pods", "pvc": "persistentvolumeclaims"}[words[1]]
        if self.cluster.api.get(gr, words[2], "default"):
            grace = 0 if "--force" in words else 1 if "--now" in words else None
            self.cluster.delete(gr, words[2], grace_seconds=grace)

    def set_image(self, words: list[str]) -> None:
        kind, name = words[2].split("/")
        container, _, image = words[3].partition("=")
        gr = {"pod": "pods", "sts": "statefulsets.apps", "ds": "daemonsets.apps"}[kind]
        changed = clone(self.cluster.get(gr, name))
        spec = changed["spec"] if kind == "pod" else changed["spec"]["template"]["spec"]
        next(c for c in spec["containers"] if c["name"] == container)["image"] = image
        self.cluster.api.update(gr, changed)

    def create_config(self, words: list[str]) -> None:
        key, _, value = words[-1].partition("=")[2].partition("=")
        if words[1] == "configmap":
            self.cluster.create("configmaps", words[2], data={key: value})
        else:
            self.cluster.create("secrets", words[3], stringData={key: value})

    def scale(self, words: list[str]) -> None:
        self.cluster.change("statefulsets.apps", words[2], spec__replicas=int(words[3].partition("=")[2]))

    def node(self, change: Callable[[Obj], None]) -> None:
        node = clone(self.cluster.api.get("nodes", "simulated-node-1"))
        change(node["spec"])
        self.cluster.api.update("nodes", node)

    def taint(self, words: list[str]) -> None:
        def put(spec: Obj) -> None:
            spec["taints"] = [{"key": "team", "value": "blue", "effect": "NoSchedule"}]

        self.node(lambda spec: spec.pop("taints", None) if words[-1].endswith("-") else put(spec))

    def release(self, words: list[str]) -> None:
        changed = clone(self.cluster.get("pods", words[2]))
        changed["metadata"].pop("finalizers", None)
        self.cluster.api.update("pods", changed)


ACTIONS: dict[str, Callable[[Replay, list[str]], None]] = {
    "apply": Replay.apply,
    "run": Replay.run_pod,
    "delete pod": Replay.delete,
    "delete pvc": Replay.delete,
    "set image": Replay.set_image,
    "create configmap": Replay.create_config,
    "create secret": Replay.create_config,
    "scale sts": Replay.scale,
    "taint nodes": Replay.taint,
    "patch pod": Replay.release,
}


def as_text(status: Obj) -> str:
    """A comparable form of a status."""
    found = plain(status)
    if "9007199254740988Ki" in str(found.get("resources")):
        found["resources"] = {}  # what a node on cgroup v1 makes of "no limit"
    for condition in found.get("conditions") or []:
        if condition["type"] == "PodReadyToStartContainers" and not get_path(status, "podIP"):
            condition["status"] = "True"  # how long it is False depends on the machine
    return json.dumps(found, sort_keys=True)


def missing(replay: Replay, step: Step) -> str:
    """What the recording has and the replay has not; empty when it is there."""
    if step.kind == "status":
        kind, _, name = step.text.rpartition("/")
        if kind != "pod" or step.text in LATE or name not in replay.statuses:
            return ""  # of a workload's status, tests of workloads tell; generated names differ
        return "" if as_text(step.body) in replay.statuses[name] else f"{step.text}: {as_text(step.body)}"  # type: ignore[arg-type]
    sort, reason, message = step.body  # type: ignore[misc]
    known = replay.events.get(neutral(step.text))
    if known is None or any(part in message for part in BY_CHANCE) or message.endswith(WAITED_FOR_VOLUMES):
        return ""
    found = (sort, reason, neutral(message))
    return "" if found in known else f"{step.text}: {found}"


@pytest.mark.parametrize(
    "name", ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "14", "15"]
)
def test_everything_recorded_comes_up(cluster: Cluster, name: str) -> None:
    replay = Replay(cluster)
    expected = replay.run(name)
    assert sum(neutral(s.text) in replay.events for s in expected if s.kind == "event") >= 10
    excused = OTHERS_DOING.get(name, ())
    lacking = [m for m in (missing(replay, s) for s in expected) if m and not any(e in m for e in excused)]
    assert not lacking, "\n".join(lacking)
