"""PodSecurity: pods are judged by the labels of their namespace, and so are the labels themselves."""

from __future__ import annotations

from typing import Final

from labrunner.sim.admission.pod_security.levels import Policy, label_problems, policy_of, violations
from labrunner.sim.admission.pod_security.visit import containers
from labrunner.sim.admission.request import CREATE, UPDATE, Request
from labrunner.sim.errors import FieldError, invalid, invalid_value
from labrunner.sim.objects import Obj, annotations_of, get_path, labels_of, name_of

_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}
_POD_SUBRESOURCES: Final = ("", "ephemeralcontainers", "resize")


def check(request: Request) -> list[str]:
    """Judge a pod, a workload or a namespace's labels; returns warnings. Raises ApiError 403 or 422."""
    if request.operation not in (CREATE, UPDATE) or request.object is None:
        return []
    if request.gr == "namespaces":
        return [] if request.subresource else _namespace(request)
    if request.gr == "pods":
        return _pod(request) if request.subresource in _POD_SUBRESOURCES else []
    if request.gr in _TEMPLATES and not request.subresource:
        return _workload(request)
    return []


def _labels(request: Request) -> dict[str, str]:
    namespace = request.api.store.get("namespaces", "", request.namespace)
    return labels_of(namespace) if namespace is not None else {}


def _listed(policy: Policy, pod: Obj) -> str:
    return ", ".join(found.text() for found in violations(policy, pod))


def _pod(request: Request) -> list[str]:
    labels, pod = _labels(request), request.object
    if pod is None or not labels:
        return []
    if request.operation == UPDATE and request.old is not None and not _significant(pod, request.old):
        return []
    enforced = policy_of(labels, "enforce")
    listed = _listed(enforced, pod)
    if listed:
        raise request.forbid(f'violates PodSecurity "{enforced}": {listed}')
    return _warnings(labels, pod)


def _warnings(labels: dict[str, str], pod: Obj) -> list[str]:
    policy = policy_of(labels, "warn")
    listed = _listed(policy, pod)
    return [f'would violate PodSecurity "{policy}": {listed}'] if listed else []


def _workload(request: Request) -> list[str]:
    labels = _labels(request)
    template = get_path(request.object, *_TEMPLATES[request.gr])
    if not labels or not isinstance(template, dict):
        return []
    return _warnings(labels, template)


def _significant(new: Obj, old: Obj) -> bool:
    """Whether an update of a pod can change the verdict: other images, containers or profiles."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    shown = [(c.get("name"), c.get("image")) for c in containers(after)]
    if shown != [(c.get("name"), c.get("image")) for c in containers(before)]:
        return True
    profiles = ("seccomp.security.alpha", "container.seccomp", "container.apparmor")
    return any(
        annotations_of(old).get(key) != value
        for key, value in annotations_of(new).items()
        if key.startswith(profiles)
    )


def _namespace(request: Request) -> list[str]:
    namespace = request.object
    labels = labels_of(namespace) if namespace is not None else {}
    before = labels_of(request.old) if request.old is not None else {}
    problems: list[FieldError] = [
        invalid_value(f"metadata.labels[{key}]", value, text)
        for key, value, text in label_problems(labels)
        if before.get(key) != value
    ]
    if problems:
        raise invalid(request.rt.group_kind, request.name, problems)
    if request.operation != UPDATE:
        return []
    new, old = policy_of(labels, "enforce"), policy_of(before, "enforce")
    if new.level == "privileged" or new == old:
        return []
    if not new.stricter_than(old) and new.version == old.version:
        return []
    return _existing_pods(request, new)


def _existing_pods(request: Request, policy: Policy) -> list[str]:
    """Warnings about pods that are already there, those with the same faults together."""
    groups: dict[str, list[str]] = {}
    for pod in request.api.store.list("pods", request.name):
        reasons = ", ".join(found.reason for found in violations(policy, pod))
        if reasons:
            groups.setdefault(reasons, []).append(name_of(pod))
    if not groups:
        return []
    lines = []
    for reasons, names in groups.items():
        first, others = min(names), len(names) - 1
        more = f" (and {others} other pod{'' if others == 1 else 's'})" if others else ""
        lines.append(f"{first}{more}: {reasons}")
    level = (
        f'existing pods in namespace "{request.name}" violate the new PodSecurity enforce level "{policy}"'
    )
    return [level, *sorted(lines)]
