"""Starting one container: image, configuration, create, start, postStart, with the kubelet's errors on the way."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from labrunner.sim.node import config, images, probes, programs
from labrunner.sim.node.container import FIRST_BACKOFF, LAST_BACKOFF, Container
from labrunner.sim.node.process import Process, command_line
from labrunner.sim.objects import get_path

if TYPE_CHECKING:
    from labrunner.sim.node.life import PodLife

PULL: Final = 0.06
FAILED_PULL: Final = 0.5
CREATE: Final = 0.02
START: Final = 0.03
RESYNC: Final = 12.0
_EPOCH: Final = "1970-01-01T00:00:00Z"


class Starter:
    """Brings the containers of one pod to run."""

    def __init__(self, life: PodLife) -> None:
        self._life = life
        self._busy: set[str] = set()
        self._generation: dict[str, int] = {}

    def note_image(self, container: Container) -> None:
        """A recovered container has its image on the node."""
        if container.image_id:
            self._life.host.images.add(container.image)

    def attempt(self, container: Container) -> None:
        """Begin to start *container*, unless that is under way."""
        if container.name in self._busy or container.running:
            return
        self._busy.add(container.name)
        number = self._generation[container.name] = self._generation.get(container.name, 0) + 1
        self._image(container, number)

    def retry(self, container: Container) -> None:
        """Begin anew: the image has changed."""
        self._busy.discard(container.name)
        container.pull_backoff = 0.0
        self.attempt(container)

    def poke(self, container: Container) -> None:
        """Try again soon when the container waits for configuration that may be there now."""
        reason = get_path(container.state, "waiting", "reason", default="")
        if reason == "CreateContainerConfigError" and not self._config_problem(container):
            self._busy.discard(container.name)
            self._life.after(0.2, lambda: self.attempt(container))

    def _still(self, container: Container, number: int) -> bool:
        return self._generation.get(container.name) == number and not self._life.stopping

    def _later(self, container: Container, number: int, seconds: float) -> None:
        def again() -> None:
            if self._still(container, number):
                self._busy.discard(container.name)
                self.attempt(container)

        self._life.after(seconds, again)

    # image

    def _image(self, container: Container, number: int) -> None:
        text = container.spec.get("image") or ""
        try:
            reference = images.parse(text)
        except images.BadReferenceError as error:
            message = (
                f'Failed to apply default image tag "{text}": couldn\'t parse image name "{text}": {error}'
            )
            self._life.tell("Warning", "InspectFailed", message, container)
            self._refuse(container, number, "InvalidImageName", message)
            return
        present = reference.full in self._life.host.images
        policy = container.spec.get("imagePullPolicy") or "IfNotPresent"
        if policy == "Never" and not present:
            message = f'Container image "{text}" is not present with pull policy of Never'
            self._life.tell("Warning", "ErrImageNeverPull", message, container)
            self._refuse(container, number, "ErrImageNeverPull", message)
        elif present and policy != "Always":
            said = f'Container image "{text}" already present on machine and can be accessed by the pod'
            self._life.tell("Normal", "Pulled", said, container)
            self._create(container, number)
        else:
            self._pull(container, number, reference)

    def _refuse(self, container: Container, number: int, reason: str, message: str) -> None:
        """An error that is looked at again at every sync of the pod."""
        self._life.tell("Warning", "Failed", f"Error: {reason}", container)
        container.wait(reason, message)
        self._life.report.soon()
        self._later(container, number, RESYNC)

    def _pull(self, container: Container, number: int, reference: images.Reference) -> None:
        text = container.spec["image"]
        self._life.tell("Normal", "Pulling", f'Pulling image "{text}"', container)
        scripted = self._life.outcomes.find(container.spec, "pull")
        if scripted is None:
            problem = images.pull_problem(reference)
        else:
            problem = "" if scripted.argument == "ok" else images.failure(reference, scripted.argument)
        if problem:
            self._life.after(FAILED_PULL, lambda: self._pull_failed(container, number, problem))
        else:
            took = self._pull_time(container)
            self._life.after(took, lambda: self._pulled(container, number, reference, took))

    def _pull_time(self, container: Container) -> float:
        """No two pulls take equally long."""
        seed = zlib.crc32(f"{self._life.uid}/{container.name}/{container.restarts}".encode())
        return PULL + (seed % 60) / 1000

    def _pulled(self, container: Container, number: int, reference: images.Reference, seconds: float) -> None:
        if not self._still(container, number):
            return
        self._life.host.images.add(reference.full)
        container.pull_backoff = 0.0
        took = f"{round(seconds * 1000)}ms"
        text = container.spec["image"]
        size = images.size_of(reference)
        said = (
            f'Successfully pulled image "{text}" in {took} ({took} including waiting). '
            f"Image size: {size} bytes."
        )
        self._life.tell("Normal", "Pulled", said, container)
        self._create(container, number)

    def _pull_failed(self, container: Container, number: int, problem: str) -> None:
        if not self._still(container, number):
            return
        text = container.spec["image"]
        self._life.tell("Warning", "Failed", f'Failed to pull image "{text}": {problem}', container)
        self._life.tell("Warning", "Failed", "Error: ErrImagePull", container)
        container.wait("ErrImagePull", problem)
        container.pull_error = problem
        self._life.report.soon()
        delay = container.pull_backoff = (
            min(LAST_BACKOFF, container.pull_backoff * 2) if container.pull_backoff else FIRST_BACKOFF
        )
        self._life.after(1.0, lambda: self._back_off_pull(container, number))
        self._later(container, number, delay)

    def _back_off_pull(self, container: Container, number: int) -> None:
        if not self._still(container, number) or container.running:
            return
        said = f'Back-off pulling image "{container.spec["image"]}"'
        self._life.tell("Normal", "BackOff", said, container)
        self._life.tell("Warning", "Failed", "Error: ImagePullBackOff", container)
        container.wait("ImagePullBackOff", f"{said}: ErrImagePull: {container.pull_error}")
        self._life.report.soon()
        self._life.after(RESYNC, lambda: self._back_off_pull(container, number))

    # container

    def _config_problem(self, container: Container) -> str:
        scripted = self._life.outcomes.find(container.spec, "config")
        if scripted is not None:
            return scripted.argument or "simulated configuration error"
        return config.environment_problem(
            self._life.api, self._life.pod, container.spec
        ) or self._root_problem(container)

    def _root_problem(self, container: Container) -> str:
        """``runAsNonRoot`` with an image that is known to run as root."""
        own = container.spec.get("securityContext") or {}
        whole = get_path(self._life.pod, "spec", "securityContext", default={})
        strict = own.get("runAsNonRoot", whole.get("runAsNonRoot"))
        user = own.get("runAsUser", whole.get("runAsUser"))
        if not strict:
            return ""
        where = (
            f'(pod: "{self._life.key[1]}_{self._life.key[0]}({self._life.uid})", container: {container.name})'
        )
        if user == 0:
            return f"container's runAsUser breaks non-root policy {where}"
        if user is None and images.runs_as_root(images.parse(container.spec["image"])):
            return f"container has runAsNonRoot and image will run as root {where}"
        return ""

    def _create(self, container: Container, number: int) -> None:
        problem = self._config_problem(container)
        if problem:
            self._life.tell("Warning", "Failed", f"Error: {problem}", container)
            container.wait("CreateContainerConfigError", problem)
            self._life.report.soon()
            self._later(container, number, RESYNC)
            return
        scripted = self._life.outcomes.find(container.spec, "create")
        if scripted is not None:
            self._life.tell("Warning", "Failed", f"Error: {scripted.argument}", container)
            container.wait("CreateContainerError", scripted.argument)
            self._life.report.soon()
            self._later(container, number, RESYNC)
            return
        self._life.after(CREATE, lambda: self._created(container, number))

    def _created(self, container: Container, number: int) -> None:
        if not self._still(container, number):
            return
        self._life.tell("Normal", "Created", "Container created", container)
        argv = command_line(container.spec) or []
        if programs.executable_missing(argv):
            self._cannot_run(container, argv[0])
            return
        self._life.after(START, lambda: self._start(container, number))

    def _cannot_run(self, container: Container, command: str) -> None:
        self._busy.discard(container.name)
        where = programs.absence(command)
        problem = (
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create "
            f'failed: unable to start container process: exec: "{command}": {where}'
        )
        self._life.tell("Warning", "Failed", f"Error: {problem}", container)
        container.begin(
            self._life.uid, self._life.api.clock.now(), Process({}, {}, self._life.api.clock.now())
        )
        self._life.exited(container, 128, "StartError", problem)
        container.state["terminated"]["startedAt"] = _EPOCH

    def _start(self, container: Container, number: int) -> None:
        if not self._still(container, number):
            return
        self._busy.discard(container.name)
        life = self._life
        life.tell("Normal", "Started", "Container started", container)
        env = config.environment(life.api, life.pod, container.spec)
        now = life.api.clock.now()
        scripted = life.outcomes.find(container.spec, "run", "exit", "oom")
        container.begin(life.uid, now, Process(container.spec, env, now, scripted))
        if self._post_start_fails(container):
            life.tell("Warning", "FailedPostStartHook", "PostStartHook failed", container)
            life.tell("Normal", "Killing", "FailedPostStartHook", container)
            life.exited(container, 137)
            container.wait("PostStartHookError", "PostStartHook failed")
            return
        life.launched(container)

    def _post_start_fails(self, container: Container) -> bool:
        hook = get_path(container.spec, "lifecycle", "postStart")
        if not hook or container.process is None:
            return False
        return probes.run_hook(hook, container.process, 0.0)[0] != 0
