"""Label selectors and field selectors, with the API server's refusals.

``parse`` reads the query form (``app in (a,b),!tier``), ``from_label_selector`` the object form
(``matchLabels``/``matchExpressions``). Source of wording: a real kube-apiserver v1.36 and apimachinery's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import FieldError, invalid_value
from labrunner.sim.objects import Obj


class SelectorError(ValueError):
    """A selector that cannot be understood; the message is the API server's."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label. ``operator``: in, notin, exists, !, gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        has = self.key in labels
        if self.operator == "in":
            return has and labels[self.key] in self.values
        if self.operator == "notin":
            return not has or labels[self.key] not in self.values
        if self.operator == "exists":
            return has
        if self.operator == "!":
            return not has
        try:
            actual, wanted = int(labels[self.key]), int(next(iter(self.values)))
        except (KeyError, ValueError):
            return False
        return actual > wanted if self.operator == "gt" else actual < wanted


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements must hold. ``nothing`` marks the selector of a null object, which matches nothing."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with *labels* is selected."""
        return not self.nothing and all(r.matches(labels) for r in self.requirements)

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.nothing and not self.requirements


EVERYTHING: Final = LabelSelector()
NOTHING: Final = LabelSelector(nothing=True)

_OPERATORS: Final = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def from_label_selector(selector: Mapping[str, Any] | None) -> LabelSelector:
    """A ``metav1.LabelSelector``: null selects nothing, ``{}`` everything. An unknown operator selects nothing."""
    if selector is None:
        return NOTHING
    found = [Requirement(k, "in", frozenset((v,))) for k, v in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = _OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            return NOTHING
        found.append(
            Requirement(expression.get("key", ""), operator, frozenset(expression.get("values") or ()))
        )
    return LabelSelector(tuple(found))


def from_labels(labels: Mapping[str, str] | None) -> LabelSelector:
    """A plain map as selector (Service, ReplicationController): null or empty selects nothing."""
    if not labels:
        return NOTHING
    return LabelSelector(tuple(Requirement(k, "in", frozenset((v,))) for k, v in labels.items()))


_TOKEN: Final = re.compile(r"\s*(?:(==|!=|[=!(),<>])|([^=!(),<>\s]+))")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            break
        position = match.end()
        if match.group(1):
            found.append((match.group(1), match.group(1)))
        else:
            found.append(("identifier", match.group(2)))
    found.append(("end", ""))
    return found


@lru_cache(maxsize=512)
def parse(text: str) -> LabelSelector:
    """The selector of a ``labelSelector`` query parameter. Raises SelectorError in the server's words."""
    return _Parser(_tokens(text)).parse()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def parse(self) -> LabelSelector:
        found: list[Requirement] = []
        while True:
            kind, literal = self._peek()
            if kind == "end":
                return LabelSelector(tuple(found))
            if kind not in ("identifier", "!"):
                raise SelectorError(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            kind, literal = self._next()
            if kind == "end":
                return LabelSelector(tuple(found))
            if kind != ",":
                raise SelectorError(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._peek()
            if kind not in ("identifier", "!"):
                raise SelectorError(f"found '{literal}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        kind, key = self._next()
        negated = kind == "!"
        if negated:
            kind, key = self._next()
        if kind != "identifier":
            raise SelectorError(f"found '{key}', expected: identifier")
        if problems := names.qualified_name(key):
            raise SelectorError(invalid_value("<nil>", key, "; ".join(problems)).message())
        if negated:
            if self._peek()[0] not in ("end", ","):
                raise SelectorError(f"found '{self._peek()[1]}', expected: ',' or 'end of string'")
            return Requirement(key, "!")
        if self._peek()[0] in ("end", ","):
            return Requirement(key, "exists")
        kind, literal = self._next()
        if kind == "identifier" and literal in ("in", "notin"):
            return _checked(key, literal, self._values())
        operator = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}.get(kind)
        if operator is None:
            raise SelectorError(f"found '{literal}', expected: in, notin, =, ==, !=, gt, lt")
        return _checked(key, operator, [self._exact_value()])

    def _values(self) -> list[str]:
        kind, literal = self._next()
        if kind != "(":
            raise SelectorError(f"found '{literal}' expected: '('")
        kind, literal = self._peek()
        if kind not in ("identifier", ",", ")"):
            raise SelectorError(f"found '{literal}', expected: ',', ')' or identifier")
        found: list[str] = []
        expect_value = True
        while True:
            kind, literal = self._next()
            if kind == "identifier" and expect_value:
                found.append(literal)
                expect_value = False
            elif kind == ",":
                if expect_value:
                    found.append("")
                expect_value = True
            elif kind == ")":
                if expect_value and found:
                    found.append("")
                return found
            else:
                raise SelectorError(f"found '{literal}', expected: ',' or identifier")

    def _exact_value(self) -> str:
        kind, literal = self._peek()
        if kind in ("end", ","):
            return ""
        self._next()
        if kind != "identifier":
            raise SelectorError(f"found '{literal}', expected: identifier")
        return literal


def _checked(key: str, operator: str, values: Sequence[str]) -> Requirement:
    ordered = sorted(set(values))
    errors: list[FieldError] = []
    if not ordered:
        errors.append(invalid_value("values", [], "for 'in', 'notin' operators, values set can't be empty"))
    for index, value in enumerate(ordered):
        if operator in ("gt", "lt") and not re.fullmatch(r"[+-]?\d+", value):
            detail = "for 'Gt', 'Lt' operators, the value must be an integer"
            errors.append(invalid_value(f"values[{index}]", value, detail))
        if problems := names.label_value(value):
            errors.append(invalid_value(f"values[{index}][{key}]", value, "; ".join(problems)))
    if errors:
        texts = [error.message() for error in errors]
        raise SelectorError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return Requirement(key, operator, frozenset(ordered))


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
def parse_fields(text: str) -> FieldSelector:
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


def check_fields(selector: FieldSelector, group_kind: str, *, custom: Sequence[str] | None = None) -> None:
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
