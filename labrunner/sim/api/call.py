"""One request as the verbs see it, after routing, authentication and parsing of its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from labrunner.sim.auth import SYSTEM, User
from labrunner.sim.errors import ApiError, invalid, invalid_value, not_supported, too_long
from labrunner.sim.objects import Obj
from labrunner.sim.resources import ResourceType

STRICT: Final = "Strict"
WARN: Final = "Warn"
IGNORE: Final = "Ignore"
_MANAGER_LENGTH: Final = 128


@dataclass(slots=True)
class Call:
    """A request for one resource. ``warnings`` collects what goes back in ``Warning`` headers."""

    rt: ResourceType
    namespace: str = ""
    subresource: str = ""
    user: User = SYSTEM
    manager: str = "kube-apiserver"
    dry_run: bool = False
    field_validation: str = WARN
    force: bool = False
    options: Obj = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    guard: Callable[[Obj, Obj | None], None] | None = None
    """Called with the new and the old object before anything is stored; raises ApiError to refuse."""
    may_create: Callable[[], None] | None = None
    """Called where an update or apply is about to create; raises ApiError (403) unless the user may create, too."""
    trusted: bool = False
    """From inside the server: no strict decoding, no body checks."""

    def warn(self, texts: list[str]) -> None:
        """Add warnings, each once."""
        for text in texts:
            if text not in self.warnings:
                self.warnings.append(text)


def write_options(kind: str, query: dict[str, str], body: Obj | None = None) -> tuple[bool, str]:
    """``(dry_run, field_validation)`` of a query (or options *body*). *kind* is ``CreateOptions`` and so on."""
    dry_run: object = query.get("dryRun")
    if body and body.get("dryRun"):
        values = body["dryRun"]
        dry_run = values[0] if isinstance(values, list) and len(values) == 1 else values
    if dry_run not in (None, "", "All"):
        raise _invalid_options(kind, "dryRun", [dry_run], ("All",))
    validation = query.get("fieldValidation") or WARN
    if validation not in (STRICT, WARN, IGNORE):
        raise _invalid_options(kind, "fieldValidation", validation, ("", IGNORE, STRICT, WARN))
    return dry_run == "All", validation


def _invalid_options(kind: str, where: str, value: object, allowed: tuple[str, ...]) -> ApiError:
    return invalid(f"{kind}.meta.k8s.io", "", [not_supported(where, value, allowed)])


def manager_of(kind: str, query: dict[str, str], user_agent: str) -> str:
    """The field manager: the parameter, or the client's name as its User-Agent begins.

    *kind* is that of the options, such as ``CreateOptions``. Raises ApiError (422).
    """
    given = query.get("fieldManager", "")
    problems = [too_long("fieldManager", _MANAGER_LENGTH)] if len(given.encode()) > _MANAGER_LENGTH else []
    for position, char in enumerate(given):
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {len(given[:position].encode())})"
            problems.append(invalid_value("fieldManager", given, detail))
    if problems:
        raise invalid(f"{kind}.meta.k8s.io", "", problems)
    shown = "".join(char for char in user_agent.split("/", 1)[0] if char.isprintable())
    return given or shown[:_MANAGER_LENGTH] or "unknown"
