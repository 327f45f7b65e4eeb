"""What a request wants to do, and how the API server words a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.sim.auth.identity import User
from labrunner.sim.errors import ApiError
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a request wants to do. ``path`` is set for non-resource requests only."""

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""
    field_selector: str = ""

    @property
    def is_resource(self) -> bool:
        """Whether this is about an API resource, not about a bare path."""
        return not self.path

    @property
    def combined_resource(self) -> str:
        """``pods`` or ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and the authorizer's reason."""

    allowed: bool
    reason: str = ""


def refusal(user: User, wanted: Attributes, reason: str = "") -> ApiError:
    """The 403 for a request that was not allowed."""
    why = _words(user, wanted) + (f": {reason}" if reason else "")
    if not wanted.is_resource:
        return ApiError(403, "Forbidden", f"forbidden: {why}", {})
    details: Obj = {"name": wanted.name} if wanted.name else {}
    if wanted.group:
        details["group"] = wanted.group
    details["kind"] = wanted.resource
    about = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    if wanted.name:
        about += f" {quote(wanted.name)}"
    return ApiError(403, "Forbidden", f"{about} is forbidden: {why}", details)


def _words(user: User, wanted: Attributes) -> str:
    who = f"User {quote(user.name)} cannot {wanted.verb}"
    if not wanted.is_resource:
        return f"{who} path {quote(wanted.path)}"
    what = f"{who} resource {quote(wanted.combined_resource)} in API group {quote(wanted.group)}"
    if wanted.namespace:
        return f"{what} in the namespace {quote(wanted.namespace)}"
    return f"{what} at the cluster scope"
