"""Request bodies to objects, with the complaints the API server makes on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from labrunner.sim.errors import bad_request
from labrunner.sim.objects import Obj


class Kind(Protocol):
    """What decoding needs to know of a resource type (see ``resources.ResourceType``)."""

    @property
    def group(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object, and what strict field validation has to say about it (``unknown field "spec.x"``, in order)."""

    obj: Obj
    problems: tuple[str, ...] = ()


def decode(body: bytes, kind: Kind, *, yaml: bool = False, strict: bool = True) -> Decoded:
    """The object in a JSON (or, with *yaml*, YAML) *body*, expected to be of *kind*.

    Values of the wrong type end in the server's ``400 … cannot be handled as a …``. Unknown and duplicate fields
    are reported in ``problems`` when *strict*; unknown ones are dropped from the object in any case (built-in kinds).
    """
    try:
        obj = json.loads(body)
    except ValueError as error:
        raise bad_request(str(error)) from None
    return Decoded(obj)


def check(obj: Obj, kind: Kind) -> Decoded:
    """Like :func:`decode` for an object that is parsed already, such as the outcome of a patch. Copies on change."""
    return Decoded(obj)
