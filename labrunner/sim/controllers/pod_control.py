"""Making and deleting pods for an owner, told in events, as all controllers of pods do it."""

from __future__ import annotations

from collections.abc import Iterable

from labrunner.sim.controllers.runner import Controller
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, name_of, namespace_of


def namespace_is_ending(error: ApiError) -> bool:
    """Whether a create was refused because the namespace is being deleted."""
    causes = (error.details or {}).get("causes") or []
    return any(c.get("reason") == "NamespaceTerminating" for c in causes)


def create(controller: Controller, owner: Obj, pods: Iterable[Obj]) -> tuple[int, ApiError | None]:
    """Slow start: batches of 1, 2, 4…; the first batch with a failure is the last. How many were made, and why not."""
    made, batch = 0, 1
    failure: ApiError | None = None
    left = list(pods)
    while left and failure is None:
        now, left = left[:batch], left[batch:]
        for pod in now:
            try:
                found = controller.api.create("pods", pod, user=controller.user)
            except ApiError as error:
                if namespace_is_ending(error):
                    return made, None
                controller.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
                failure = failure or error
            else:
                made += 1
                controller.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(found)}")
        batch *= 2
    return made, failure


def delete(controller: Controller, owner: Obj, pod: Obj) -> None:
    """Delete a pod, which may be gone by now. Raises ApiError when that is refused."""
    try:
        controller.api.delete("pods", name_of(pod), namespace_of(pod), user=controller.user)
    except ApiError as error:
        if error.code != 404:
            controller.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
    else:
        controller.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
