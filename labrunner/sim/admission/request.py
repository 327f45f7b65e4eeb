"""One request on its way through admission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labrunner.sim.errors import ApiError, forbidden
from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.auth import User
    from labrunner.sim.resources import ResourceType

CREATE = "CREATE"
UPDATE = "UPDATE"
DELETE = "DELETE"


@dataclass(slots=True)
class Request:
    """What admission sees of a request.

    ``operation`` is CREATE, UPDATE, DELETE or CONNECT; ``object`` is the new one (mutable; None on DELETE),
    ``old`` the stored one (never to be changed; None on CREATE); ``user`` has ``.name`` and ``.groups``.
    """

    api: Api
    operation: str
    rt: ResourceType
    name: str
    namespace: str = ""
    object: Obj | None = None
    old: Obj | None = None
    subresource: str = ""
    user: User | None = None
    dry_run: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gr(self) -> str:
        """The group-resource under which the object is stored."""
        return self.rt.storage_gr

    def creates(self, *resources: str) -> bool:
        """Whether this creates an object of one of these group-resources."""
        return self.operation == CREATE and not self.subresource and self.gr in resources

    def forbid(self, why: str) -> ApiError:
        """The refusal of a plugin; raise it."""
        return forbidden(self.rt, self.name or "Unknown", why)


def aggregate(problems: list[str]) -> str:
    """Several messages as one: bracketed when there is more than one, each once."""
    unique = list(dict.fromkeys(problems))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
