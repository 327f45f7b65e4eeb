"""The RBAC authorizer."""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def is_resource(self) -> bool:
        return not self.path


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and the authorizer's reason."""

    allowed: bool
    reason: str = ""
