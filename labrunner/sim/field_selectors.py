"""Field selectors: which fields each kind can be selected by, with the API server's refusals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from labrunner.sim.objects import Obj


class SelectorError(ValueError):
    """A selector that cannot be understood; the message is the API server's."""


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on a field."""

    field: str
    value: str
    equal: bool


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All requirements must hold; fields are looked up with :func:`field_value`."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, obj: Obj) -> bool:
        """Whether *obj* is selected."""
        return all((field_value(obj, r.field) == r.value) is r.equal for r in self.requirements)

    def exact(self, field: str) -> str | None:
        """The value that *field* must equal, if there is one."""
        for requirement in self.requirements:
            if requirement.field == field and requirement.equal:
                return requirement.value
        return None


_FIELD_TERM: Final = re.compile(r"(?:[^\\,]|\\.)+")


@lru_cache(maxsize=512)
def parse(text: str) -> FieldSelector:
    """The selector of a ``fieldSelector`` query parameter. Raises SelectorError in the server's words."""
    found: list[FieldRequirement] = []
    for term in _FIELD_TERM.findall(text):
        match = re.match(r"((?:[^\\=!]|\\.|!(?!=))*)(!=|==|=)(.*)\Z", term, re.DOTALL)
        if not match:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        value = re.sub(r"\\([\\,=])", r"\1", match.group(3))
        found.append(FieldRequirement(match.group(1), value, match.group(2) != "!="))
    return FieldSelector(tuple(found))


_UNIVERSAL: Final = ("metadata.name", "metadata.namespace")
_PLAIN_REFUSAL: Final = "field label not supported: {0}"
_DEFAULT_REFUSAL: Final = '"{0}" is not a known field selector: only "metadata.name", "metadata.namespace"'

# group/kind → (selectable fields beside name and namespace, refusal text)
_SELECTABLE: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "Pod": (
        (
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
        ),
        _PLAIN_REFUSAL,
    ),
    "Node": (("spec.unschedulable",), _PLAIN_REFUSAL),
    "ReplicationController": (("status.replicas",), _PLAIN_REFUSAL),
    "Event": (
        (
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
            "reason", "reportingComponent", "source", "type",
        ),
        _PLAIN_REFUSAL,
    ),
    "Event.events.k8s.io": (
        (
            "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid",
            "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath",
            "reason", "reportingController", "type",
        ),
        _PLAIN_REFUSAL,
    ),
    "Namespace": (("status.phase",), _PLAIN_REFUSAL),
    "Secret": (("type",), _PLAIN_REFUSAL),
    "Service": (("spec.clusterIP", "spec.type"), _PLAIN_REFUSAL),
    "Job.batch": (("status.successful",), 'field label "{0}" not supported for batchv1.Job'),
    "ReplicaSet.apps": (("status.replicas",), _DEFAULT_REFUSAL),
    "CertificateSigningRequest.certificates.k8s.io": (("spec.signerName",), _PLAIN_REFUSAL),
    "ResourceSlice.resource.k8s.io": (("spec.nodeName", "spec.driver"), _PLAIN_REFUSAL),
}  # fmt: skip


def check(selector: FieldSelector, group_kind: str, *, custom: Sequence[str] | None = None) -> None:
    """Refuse fields that *group_kind* (``Pod``, ``Job.batch``) cannot be selected by. Raises SelectorError.

    *custom* holds a custom resource's own selectable fields (``spec.mode``), None for built-in kinds.
    """
    if custom is not None:
        extra, refusal = tuple(custom), _PLAIN_REFUSAL
    else:
        extra, refusal = _SELECTABLE.get(group_kind, ((), _DEFAULT_REFUSAL))
    for requirement in selector.requirements:
        if requirement.field not in _UNIVERSAL and requirement.field not in extra:
            raise SelectorError(refusal.format(requirement.field))


def field_value(obj: Obj, field: str) -> str:
    """The value of a selectable *field* of *obj* as text; missing is empty."""
    if field == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    if field == "status.successful":
        return str((obj.get("status") or {}).get("succeeded") or 0)
    value: Any = obj
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if field in ("spec.unschedulable", "spec.hostNetwork"):
        return "true" if value else "false"
    if field == "status.replicas":
        return str(value or 0)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field == "status.podIPs" and isinstance(value, list):
        return ",".join(item.get("ip", "") for item in value)
    return str(value)
