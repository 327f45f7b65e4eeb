"""Before a pod's containers: does its node admit it, can its volumes be mounted, does it get a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp
from labrunner.sim.node import admission, config, mounting
from labrunner.sim.objects import get_path

if TYPE_CHECKING:
    from labrunner.sim.node.life import PodLife

FIRST_RETRY: Final = 0.5
LAST_RETRY: Final = 122.0


class Preparer:
    """Brings one pod from its node's notice to the point where containers may start."""

    def __init__(self, life: PodLife) -> None:
        self._life = life
        self._delay = FIRST_RETRY

    def refusal(self) -> admission.Refusal | None:
        """The scheduler has looked at all this; a pod made with the node's name was never looked at."""
        life = self._life
        node = life.api.store.get("nodes", "", life.host.name)
        others = admission.placed_on(life.api.store.list("pods"), life.host.name)
        return None if node is None else admission.refusal(life.pod, node, others)

    def mount(self) -> None:
        """Set up volumes and sandbox, or try again later and later."""
        life = self._life
        if life.stopping:
            return
        problems = self._in_the_way()
        if problems:
            for reason, problem in problems:
                life.tell("Warning", reason, problem)
            life.after(self._delay, self.mount)
            self._delay = min(LAST_RETRY, self._delay * 2)
            return
        life.address = life.host.address_for(life.pod)
        life.sandbox = True
        missing = config.missing_pull_secrets(life.api, life.pod)
        if missing:
            life.tell("Warning", "FailedToRetrieveImagePullSecret", missing)
        self.foresee_eviction()
        life.advance()

    def poke(self) -> None:
        """What was missing may be there now."""
        if self._delay > FIRST_RETRY and not self._in_the_way():
            self._life.after(0.2, lambda: None if self._life.sandbox else self.mount())

    def foresee_eviction(self) -> None:
        """A lab may have scripted that the node gets short of something."""
        scripted = self._life.outcomes.find({}, "evict")
        if scripted is not None:
            self._life.after(scripted.after or 0.0, lambda: self._life.stopper.evict(scripted.argument))

    def watch_deadline(self) -> None:
        """``activeDeadlineSeconds`` count from when the node took the pod."""
        life = self._life
        deadline = get_path(life.pod, "spec", "activeDeadlineSeconds")
        if deadline is not None:
            elapsed = (life.api.clock.now() - parse_timestamp(life.started_at)).total_seconds()
            life.after(max(0.0, float(deadline) - elapsed), life.stopper.out_of_time)

    def _in_the_way(self) -> list[tuple[str, str]]:
        """Reasons and messages of what keeps the pod from having its volumes and its sandbox."""
        life = self._life
        scripted = life.outcomes.find({}, "mount")
        problems = [scripted.argument] if scripted else mounting.problems(life.api, life.pod)
        if problems:
            return [("FailedMount", problem) for problem in problems]
        sandbox = life.outcomes.find({}, "sandbox")
        if sandbox is None:
            return []
        text = f"Failed to create pod sandbox: rpc error: code = Unknown desc = {sandbox.argument}"
        return [("FailedCreatePodSandBox", text)]
