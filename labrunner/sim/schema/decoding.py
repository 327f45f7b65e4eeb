"""Request bodies to objects, as the API server's Go decoder reads them, with its complaints on the way.

An object that passes through here looks as if it had been read into its Go type and written again: unknown fields and
nulls are gone, quantities and times are canonical, structs that Go always writes are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from labrunner.sim import gotext
from labrunner.sim.errors import ApiError, bad_request
from labrunner.sim.objects import Obj
from labrunner.sim.schema import gotypes, jsonbody
from labrunner.sim.schema.goreader import GoReader, HardError
from labrunner.sim.schema.jsonbody import MAX_DEPTH, Pairs
from labrunner.sim.schema.structural import prune

_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


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


def decode(
    body: bytes, kind: Kind, *, yaml: bool = False, strict: bool = True, structure: Obj | None = None
) -> Decoded:
    """The object in a JSON (or, with *yaml*, YAML) *body*, expected to be of *kind*.

    Values of the wrong type end in the server's ``400 … cannot be handled as a …``. Unknown and duplicate fields
    are reported in ``problems`` when *strict*; unknown ones are dropped from the object in any case. Custom
    resources (kinds without a built-in Go type) are pruned by their structural schema, *structure*.
    """
    try:
        parsed, duplicates, complaints = _parse(body, yaml=yaml)
    except ValueError as error:
        raise _unrecognized(kind, str(error) if yaml else f"{_NO_KIND}{error}", body) from None
    if type(parsed) is not dict:
        raise _unrecognized(kind, _NO_KIND + _wrong_top(parsed), body)
    given = parsed.get("kind")
    shown = given if isinstance(given, str) and given else kind.kind
    target = gotypes.struct_of(kind.group, kind.version, kind.kind)
    if target is not None:
        if not given:
            parsed["kind"] = kind.kind
        if not parsed.get("apiVersion"):
            parsed["apiVersion"] = f"{kind.group}/{kind.version}" if kind.group else kind.version
    reader = GoReader(duplicates)
    try:
        obj = reader.read(parsed, target)
    except HardError as error:
        raise _cannot_handle(shown, kind, str(error)) from None
    problems = [*complaints, *reader.problems]
    if target is None:
        try:
            obj, unknown = typed_metadata(obj)
        except HardError as error:
            raise _cannot_handle(shown, kind, str(error)) from None
        problems += unknown
        if structure is not None:
            obj, unknown = prune(obj, structure)
            problems += unknown
    return Decoded(obj, tuple(problems) if strict else ())


def typed_metadata(obj: Obj) -> tuple[Obj, list[str]]:
    """A custom object with its ``metadata`` as Go's ObjectMeta holds it, and complaints on fields that has not.

    *obj* stays as it is. Raises HardError for values of a wrong type.
    """
    found = obj.get("metadata")
    if found is None:
        return obj, []
    if not isinstance(found, dict):
        name = {list: "array", str: "string", bool: "bool"}.get(type(found), "number")
        raise HardError(f"json: cannot unmarshal {name} into Go value of type v1.ObjectMeta")
    reader = GoReader({})
    typed = reader.read(found, gotypes.struct(_OBJECT_META))
    below = [text.replace('field "', 'field "metadata.', 1) for text in reader.problems]
    return {**obj, "metadata": typed}, below


def parse_untyped(body: bytes, prefix: str = "", *, yaml: bool = False) -> tuple[Obj, list[str]]:
    """The object in *body* as it is, and complaints on keys given twice. Raises ApiError (400), beginning *prefix*.

    This is how patches and applied configurations are read, which may leave any field out.
    """
    try:
        parsed, duplicates, complaints = _parse(body, yaml=yaml)
    except ValueError as error:
        raise bad_request(f"{prefix}{'error converting YAML to JSON: ' if yaml else ''}{error}") from None
    if parsed is None and not yaml:
        return {}, list(complaints)
    if type(parsed) is not dict:
        name = {list: "array", str: "string", bool: "bool"}.get(type(parsed), "number")
        what = "map[string]interface {}"
        raise bad_request(f"{prefix}json: cannot unmarshal {name} into Go value of type {what}")
    reader = GoReader(duplicates)
    reader.read(parsed, None)
    return parsed, [*complaints, *reader.problems]


def check(obj: Obj, kind: Kind) -> Decoded:
    """Like :func:`decode` for an object that is parsed already, such as the outcome of a patch. *obj* stays as it is."""
    target = gotypes.struct_of(kind.group, kind.version, kind.kind)
    if target is None:
        return Decoded(obj)
    reader = GoReader({})
    try:
        return Decoded(reader.read(obj, target), tuple(reader.problems))
    except HardError as error:
        raise _cannot_handle(kind.kind, kind, str(error)) from None


def strict_error(kind: Kind, problems: Iterable[str]) -> ApiError:
    """The 400 by which ``fieldValidation=Strict`` refuses *problems*."""
    return _cannot_handle(kind.kind, kind, "strict decoding error: " + ", ".join(problems))


def _cannot_handle(shown: str, kind: Kind, why: str) -> ApiError:
    version = gotext.quote(kind.version)
    return bad_request(f"{shown} in version {version} cannot be handled as a {kind.kind}: {why}")


_NO_KIND: Final = "couldn't get version/kind; json parse error: "


def _unrecognized(kind: Kind, why: str, body: bytes) -> ApiError:
    shown = jsonbody.summary(body)
    return bad_request(f"the object provided is unrecognized (must be of type {kind.kind}): {why} ({shown})")


def _wrong_top(parsed: Any) -> str:
    name = {list: "array", str: "string", bool: "bool", type(None): "null"}.get(type(parsed), "number")
    return (
        f"json: cannot unmarshal {name} into Go value of type struct "
        '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    )


Parsed = tuple[Any, dict[int, Pairs], tuple[str, ...]]


def _parse(body: bytes, *, yaml: bool) -> Parsed:
    """The value, keys given twice (see ``jsonbody.parse``), and YAML's complaints. Raises ValueError."""
    if not yaml:
        return (*jsonbody.parse(body), ())
    if body.lstrip()[:1] == b"{":
        # Most YAML bodies are JSON in fact, which is read twenty times faster.
        try:
            parsed, duplicates = jsonbody.parse(body)
        except jsonbody.BrokenJsonError:
            duplicates = {0: []}
        if not duplicates:
            return parsed, {}, ()
    from labrunner.sim.schema.yamlbody import parse

    parsed, complaints = parse(body)
    if jsonbody.depth(parsed) > MAX_DEPTH:
        raise ValueError("yaml: exceeded max depth")
    return parsed, {}, complaints
