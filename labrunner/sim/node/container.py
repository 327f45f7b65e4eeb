"""The state of one container of one pod, and its share of the pod's status."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.node import images
from labrunner.sim.node.bootstrap import RUNTIME
from labrunner.sim.node.outcomes import Outcome
from labrunner.sim.node.process import Process
from labrunner.sim.objects import Obj, clone, get_path

FIELDS: Final = {"init": "initContainers", "app": "containers", "ephemeral": "ephemeralContainers"}
FIRST_BACKOFF: Final = 10.0
LAST_BACKOFF: Final = 300.0
STABLE_AFTER: Final = 600.0


class Container:
    """A container as the simulated kubelet keeps it. ``kind``: init, app or ephemeral."""

    def __init__(self, spec: Obj, kind: str, initializing: bool) -> None:
        self.spec = spec
        self.kind = kind
        self.state: Obj = {"waiting": {"reason": "PodInitializing" if initializing else "ContainerCreating"}}
        self.last: Obj = {}
        self.restarts = 0
        self.ready = False
        self.started = False
        self.begun = False
        self.container_id = ""
        self.image_id = ""
        self.image = spec.get("image") or ""
        self.process: Process | None = None
        self.backoff = 0.0
        self.pull_backoff = 0.0
        self.pull_error = ""
        self.resources: Obj = clone(spec.get("resources") or {})
        """What the node has granted; a resize in place may ask for more."""
        self.comes_back = False
        """Whether it is going to run again after it has ended."""

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    @property
    def sidecar(self) -> bool:
        """An init container that stays."""
        return self.kind == "init" and self.spec.get("restartPolicy") == "Always"

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """The exit code when it is over and not about to be restarted."""
        code = get_path(self.state, "terminated", "exitCode")
        return None if code is None else int(code)

    @property
    def field_path(self) -> str:
        """Where in the pod it is, as events say it."""
        return f"spec.{FIELDS[self.kind]}{{{self.name}}}"

    def wait(self, reason: str, message: str = "") -> None:
        """Enter a waiting state; a finished run becomes the last state."""
        if "terminated" in self.state:
            self.last = {"terminated": self.state["terminated"]}
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = self.started = False

    def begin(self, pod_uid: str, now: datetime, process: Process) -> None:
        """A new run."""
        if "terminated" in self.state:
            self.last = {"terminated": self.state["terminated"]}
        if self.begun:
            self.restarts += 1
        self.begun = True
        self.new_id(pod_uid)
        self.process = process
        self.state = {"running": {"startedAt": timestamp(now)}}
        self.started = not self.spec.get("startupProbe")
        self.ready = self.started and not self.spec.get("readinessProbe")

    def new_id(self, pod_uid: str) -> None:
        """Name the run and its image."""
        seed = f"{pod_uid}/{self.name}/{self.restarts}".encode()
        self.container_id = f"{RUNTIME.partition('://')[0]}://{hashlib.sha256(seed).hexdigest()}"
        try:
            reference = images.parse(self.spec.get("image") or "")
        except images.BadReferenceError:
            return
        self.image, self.image_id = reference.full, images.image_id(reference)

    def end(self, code: int, now: datetime, reason: str = "", message: str = "") -> None:
        """The run is over."""
        started = get_path(self.state, "running", "startedAt", default=timestamp(now))
        found: Obj = {
            "containerID": self.container_id,
            "exitCode": code,
            "finishedAt": timestamp(now),
            "reason": reason or ("Completed" if code == 0 else "Error"),
            "startedAt": started,
        }
        if message:
            found["message"] = message
        self.state = {"terminated": found}
        self.started = False
        # An init container that is done counts as ready.
        self.ready = self.kind == "init" and not self.sidecar and code == 0
        if (now - parse_timestamp(started)).total_seconds() > STABLE_AFTER:
            self.backoff = 0.0

    def recover(self, status: Obj, env: dict[str, str], scripted: Outcome | None) -> None:
        """Take over from a status written before the server was restarted."""
        self.state = clone(status.get("state") or self.state)
        self.last = clone(status.get("lastState") or {})
        self.restarts = int(status.get("restartCount", 0))
        self.ready, self.started = bool(status.get("ready")), bool(status.get("started"))
        self.container_id, self.image_id = status.get("containerID", ""), status.get("imageID", "")
        self.image = status.get("image") or self.image
        self.begun = bool(self.container_id)
        if self.begun and status.get("resources"):
            self.resources = clone(status["resources"])
        self.backoff = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** (self.restarts - 1)) if self.restarts else 0.0
        started = get_path(self.state, "running", "startedAt")
        if started:
            self.process = Process(self.spec, env, parse_timestamp(started), scripted)

    def status(self) -> Obj:
        """The ``ContainerStatus``."""
        out: Obj = {
            "image": self.image if self.container_id else self.spec.get("image") or "",
            "imageID": self.image_id if self.container_id else "",
            "lastState": self.last,
            "name": self.name,
            "ready": self.ready and self.kind != "ephemeral",
            "restartCount": self.restarts,
            "started": self.started,
            "state": self.state,
        }
        if self.kind == "ephemeral":
            del out["started"]
        if self.container_id:
            out["containerID"] = self.container_id
            out["resources"] = clone(self.resources)
            requests = self.resources.get("requests")
            if requests:
                out["allocatedResources"] = dict(requests)
            out["user"] = {"linux": self._user()}
        mounts = [_mount(m) for m in self.spec.get("volumeMounts") or []]
        if mounts:
            out["volumeMounts"] = mounts
        return out

    def _user(self) -> Obj:
        context = self.spec.get("securityContext") or {}
        user = int(context.get("runAsUser") or 0)
        group = int(context.get("runAsGroup") or 0)
        return {"gid": group, "supplementalGroups": [group], "uid": user}


def _mount(mount: Obj) -> Obj:
    out: Obj = {"mountPath": mount["mountPath"], "name": mount["name"]}
    if mount.get("readOnly"):
        out["readOnly"] = True
        out["recursiveReadOnly"] = "Disabled"
    return out
