"""Finding and reading the sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrunner.sim.kindsets.definitions import definitions
from labrunner.sim.objects import Obj

_ABOUT = "set.yaml"
_PIECES = "pieces.yaml"


class UnknownSetError(LookupError):
    """There is no set of that name; the message names the ones there are."""


@dataclass(frozen=True, slots=True)
class KindSet:
    """A set's name, the project and version it models, and its CustomResourceDefinitions."""

    name: str
    title: str
    version: str
    definitions: tuple[Obj, ...]


def names() -> tuple[str, ...]:
    """The sets there are, sorted."""
    return tuple(sorted(path.parent.name for path in _folder().glob(f"*/{_ABOUT}")))


def load(name: str) -> KindSet:
    """The set called *name*. Raises UnknownSetError."""
    if name not in names():
        raise UnknownSetError(f"there are no kinds called {name!r}; there are: {', '.join(names())}")
    folder = _folder() / name
    about = _read(folder / _ABOUT)
    pieces = _read(folder / _PIECES)
    groups = sorted(path for path in folder.glob("*.yaml") if path.name not in (_ABOUT, _PIECES))
    found = tuple(each for path in groups for each in definitions(name, about, pieces, _read(path)))
    return KindSet(name, about["title"], about["version"], found)


def _folder() -> Path:
    return Path(__file__).parent


def _read(path: Path) -> Any:
    # Loaded only where a set is asked for: the server starts without YAML.
    import yaml

    return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
