"""The API server's refusals: ``metav1.Status`` with the server's codes, reasons and wording.

Source: the public API conventions of Kubernetes and messages observed on a real kube-apiserver v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from labrunner.sim import gotext
from labrunner.sim.objects import Obj


class Named(Protocol):
    """What errors need to know of a resource type (see ``resources.ResourceType``)."""

    @property
    def group(self) -> str: ...
    @property
    def plural(self) -> str: ...
    @property
    def kind(self) -> str: ...


class _Omit:
    """Marks a field error that shows no value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "OMIT"


OMIT: Final = _Omit()

FieldErrorKind = Literal[
    "FieldValueRequired",
    "FieldValueInvalid",
    "FieldValueNotSupported",
    "FieldValueForbidden",
    "FieldValueDuplicate",
    "FieldValueNotFound",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
    "InternalError",
]

_TITLES: Final[dict[str, str]] = {
    "FieldValueRequired": "Required value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueNotFound": "Not found",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTypeInvalid": "Invalid value",
    "InternalError": "Internal error",
}
_VALUELESS: Final = frozenset(
    ("FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError")
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint of validation about one field."""

    kind: FieldErrorKind
    field: str
    detail: str = ""
    value: Any = OMIT

    def body(self) -> str:
        """The message without the field's path."""
        text = _TITLES[self.kind]
        if self.kind not in _VALUELESS and self.value is not OMIT:
            text = f"{text}: {gotext.value_text(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def message(self) -> str:
        """The message as the server prints it, such as ``spec.replicas: Invalid value: -1: must be …``."""
        return f"{self.field}: {self.body()}"

    def cause(self) -> Obj:
        """A ``StatusCause``."""
        return {"reason": self.kind, "message": self.body(), "field": self.field}


def required(field: str, detail: str = "") -> FieldError:
    """A value that is missing."""
    return FieldError("FieldValueRequired", field, detail)


def invalid_value(field: str, value: Any, detail: str) -> FieldError:
    """A value that breaks a rule."""
    return FieldError("FieldValueInvalid", field, detail, value)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value outside an enumeration; *supported* in the order to be shown."""
    shown = ", ".join(gotext.quote(s) for s in supported)
    return FieldError("FieldValueNotSupported", field, f"supported values: {shown}" if shown else "", value)


def forbidden_field(field: str, detail: str) -> FieldError:
    """A field that may not be set or changed."""
    return FieldError("FieldValueForbidden", field, detail)


def duplicate(field: str, value: Any) -> FieldError:
    """A value that occurs twice."""
    return FieldError("FieldValueDuplicate", field, "", value)


def too_long(field: str, limit: int) -> FieldError:
    """A string longer than *limit* bytes."""
    return FieldError("FieldValueTooLong", field, f"may not be more than {limit} bytes")


def too_many(field: str, actual: int, limit: int) -> FieldError:
    """A list longer than *limit* items."""
    return FieldError("FieldValueTooMany", field, f"must have at most {limit} items", actual)


class ApiError(Exception):
    """A request that ends in a ``Status`` of ``status: Failure``."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Obj | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.warnings: list[str] = []
        """What the server had to say beside the refusal; sent along with it."""
        self.go_on = ""
        """A continue token by which a list may go on nevertheless."""

    def status(self) -> Obj:
        """The ``metav1.Status`` object of this error."""
        out: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        if self.go_on:
            out["metadata"] = {"continue": self.go_on}
        if self.message:
            out["message"] = self.message
        if self.reason:
            out["reason"] = self.reason
        details = dict(self.details) if self.details is not None else None
        if self.retry_after is not None:
            details = {**(details or {}), "retryAfterSeconds": self.retry_after}
        if details is not None:
            out["details"] = details
        out["code"] = self.code
        return out


def qualified(rt: Named) -> str:
    """``deployments.apps`` or ``pods``."""
    return f"{rt.plural}.{rt.group}" if rt.group else rt.plural


def _details(rt: Named, name: str = "", **extra: Any) -> Obj:
    out: Obj = {}
    if name:
        out["name"] = name
    if rt.group:
        out["group"] = rt.group
    out["kind"] = rt.plural
    out.update(extra)
    return out


def not_found(rt: Named, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f"{qualified(rt)} {gotext.quote(name)} not found", _details(rt, name))


class NoSuchPathError(ApiError):
    """404 of the router, before any resource is found: over HTTP it is plain text, not a Status."""


def no_such_path() -> ApiError:
    """404: no such resource or path."""
    return NoSuchPathError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(rt: Named, name: str, *, leaving: bool = False) -> ApiError:
    """409: an object of that name is there, perhaps only until its deletion ends (*leaving*)."""
    message = f"{qualified(rt)} {gotext.quote(name)} already exists"
    if leaving:
        message = f"object is being deleted: {message}"
    return ApiError(409, "AlreadyExists", message, _details(rt, name))


STALE: Final = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(rt: Named, name: str, why: str = STALE, *, by_kind: bool = False) -> ApiError:
    """409: a precondition or an optimistic lock failed. *by_kind* names the kind instead of the resource."""
    about, details = qualified(rt), _details(rt, name)
    if by_kind:
        about = f"{rt.kind}.{rt.group}" if rt.group else rt.kind
        details["kind"] = rt.kind
    return ApiError(
        409, "Conflict", f"Operation cannot be fulfilled on {about} {gotext.quote(name)}: {why}", details
    )


def invalid(group_kind: str, name: str, errors: Sequence[FieldError]) -> ApiError:
    """422: validation failed. *group_kind* is ``Deployment.apps`` or ``Pod``."""
    kind, _, group = group_kind.partition(".")
    details: Obj = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    messages = list(dict.fromkeys(error.message() for error in errors))
    text = f"{group_kind} {gotext.quote(name)} is invalid"
    if messages:
        details["causes"] = [error.cause() for error in errors]
        text += ": " + (messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]")
    return ApiError(422, "Invalid", text, details)


def forbidden(rt: Named, name: str, why: str) -> ApiError:
    """403: authorization or admission refuses. An empty *name* speaks of the resource as a whole."""
    about = f"{qualified(rt)} {gotext.quote(name)}" if name else qualified(rt)
    return ApiError(403, "Forbidden", f"{about} is forbidden: {why}", _details(rt, name))


def unauthorized() -> ApiError:
    """401: credentials are missing or wrong."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def method_not_allowed(message: str = "") -> ApiError:
    """405: the resource does not know this verb."""
    text = message or "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", text, {})


def gone(message: str) -> ApiError:
    """410: a resourceVersion that has been compacted away, or an expired continue token."""
    return ApiError(410, "Expired", message)


def not_acceptable(accepted: Sequence[str]) -> ApiError:
    """406: no representation the client accepts."""
    text = f"only the following media types are accepted: {', '.join(accepted)}"
    return ApiError(406, "NotAcceptable", text)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """415: the body's media type is unknown."""
    text = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", text)


def too_many_requests(message: str, retry_after: int, causes: Sequence[Obj] = ()) -> ApiError:
    """429: try again after *retry_after* seconds (0: the client decides)."""
    details: Obj = {"causes": list(causes)} if causes else {}
    return ApiError(429, "TooManyRequests", message, details, retry_after or None)


def internal(message: str) -> ApiError:
    """500: something failed inside."""
    details = {"causes": [{"message": message}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", details)


def needs_real_cluster(what: str) -> ApiError:
    """501: *what* takes running containers, which a simulated cluster has not."""
    message = (
        f"{what} needs running containers, and this cluster is simulated: containers do not run here; "
        "use a kind cluster: labrunner run MODULE --cluster kind"
    )
    return ApiError(501, "NeedsRealCluster", message)
