"""One request on its way through admission."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.resources import ResourceType


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
    user: Any = None
    dry_run: bool = False
    options: dict[str, Any] = field(default_factory=dict)
