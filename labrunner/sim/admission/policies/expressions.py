"""Expressions of policies: the variables they may use, their types, and programs that are made once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from labrunner.sim.crd import cel
from labrunner.sim.crd.cel.types import BOOL, DYN, INT, NULL, STRING, TIMESTAMP, Type, list_of, map_of

NAMES: Final = (
    "object", "oldObject", "request", "params", "namespaceObject", "authorizer", "authorizer.requestResource",
    "variables",
)  # fmt: skip


class PolicyExpressionError(Exception):
    """An expression that does not compile."""


def _object(name: str, /, **fields: Type) -> Type:
    return Type(name, (), fields)


_KIND: Final = _object("kubernetes.GroupVersionKind", group=STRING, version=STRING, kind=STRING)
_RESOURCE: Final = _object("kubernetes.GroupVersionResource", group=STRING, version=STRING, resource=STRING)
_TEXTS: Final = map_of(STRING, STRING)
_USER: Final = _object(
    "kubernetes.UserInfo",
    username=STRING,
    uid=STRING,
    groups=list_of(STRING),
    extra=map_of(STRING, list_of(STRING)),
)
_REQUEST: Final = _object(
    "kubernetes.AdmissionRequest",
    kind=_KIND,
    resource=_RESOURCE,
    subResource=STRING,
    requestKind=_KIND,
    requestResource=_RESOURCE,
    requestSubResource=STRING,
    name=STRING,
    namespace=STRING,
    operation=STRING,
    userInfo=_USER,
    dryRun=BOOL,
    options=DYN,
)
_CONDITION: Final = _object(
    "kubernetes.NamespaceCondition",
    status=STRING,
    type=STRING,
    lastTransitionTime=TIMESTAMP,
    message=STRING,
    reason=STRING,
)
_NAMESPACE: Final = _object(
    "kubernetes.Namespace",
    metadata=_object(
        "kubernetes.NamespaceMetadata",
        name=STRING,
        generateName=STRING,
        namespace=STRING,
        labels=_TEXTS,
        annotations=_TEXTS,
        UID=STRING,
        creationTimestamp=TIMESTAMP,
        deletionGracePeriodSeconds=INT,
        deletionTimestamp=TIMESTAMP,
        generation=INT,
        resourceVersion=STRING,
        finalizers=list_of(STRING),
    ),
    spec=_object("kubernetes.NamespaceSpec", finalizers=list_of(STRING)),
    status=_object("kubernetes.NamespaceStatus", conditions=list_of(_CONDITION), phase=STRING),
)
_BASE: Final = {"namespaceObject": _NAMESPACE, "request": _REQUEST}
_AUTHORIZER: Final = {
    "authorizer": Type("kubernetes.authorization.Authorizer"),
    "authorizer.requestResource": Type("kubernetes.authorization.ResourceCheck"),
}
TEXT_OR_NULL: Final = (STRING, NULL)
Scope = dict[str, Type]


def scope(
    *, params: Type | None, authorizer: bool = True, object_type: Type = DYN, variables: Scope | None = None
) -> Scope:
    """The variables of an expression with their types; *params* None when the policy has none."""
    out: Scope = {"object": object_type, "oldObject": object_type, **_BASE}
    if params is not None:
        out["params"] = params
    if authorizer:
        out |= _AUTHORIZER
    if variables is not None:
        out["variables"] = Type("kubernetes.variables", (), dict(variables))
    return out


def examine(source: str, seen: Scope, *, mutation: bool = False) -> tuple[Type, str]:
    """The type of *source*, and what its compilation complains about (empty: nothing)."""
    try:
        tree = cel.parse(source)
    except cel.CompileError as error:
        return DYN, error.shown(source)
    found, problems = cel.check(tree, seen, mutation=mutation)
    return found, "\n".join(problem.shown(source) for problem in problems)


def complaint(source: str, seen: Scope, wanted: tuple[Type, ...] | None, *, mutation: bool = False) -> str:
    """What is wrong with *source*, which must be of one of the types *wanted* (None: of any)."""
    found, wrong = examine(source, seen, mutation=mutation)
    if wrong:
        return f"compilation failed: {wrong}"
    if wanted is None or found in wanted:
        return ""
    if len(wanted) == 1:
        return f"must evaluate to {wanted[0]} but got {found}"
    return f"must evaluate to one of [{' '.join(map(str, wanted))}] but got {found}"


def compiled(source: str) -> cel.Program:
    """The program of *source*. Raises PolicyExpressionError."""
    found = _program(source)
    if isinstance(found, str):
        raise PolicyExpressionError(found)
    return found


@lru_cache(maxsize=1024)
def _program(source: str) -> cel.Program | str:
    try:
        return cel.compile_rule(source, NAMES)
    except cel.CompileError as error:
        return f"compilation error: compilation failed: {error.shown(source)}"


def evaluate(source: str, env: dict[str, Any]) -> Any:
    """The value of *source*. Raises PolicyExpressionError in the server's words."""
    program = compiled(source)
    try:
        return program.run(**env)
    except cel.CelError as error:
        raise PolicyExpressionError(f"expression '{source}' resulted in error: {error}") from None
