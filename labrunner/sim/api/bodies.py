"""Request bodies: JSON, YAML or protobuf, with field validation as the client wishes it."""

from __future__ import annotations

from typing import Final

from labrunner.sim import errors, schema
from labrunner.sim.api.call import IGNORE, STRICT, WARN
from labrunner.sim.api.negotiation import PROTOBUF, content_type
from labrunner.sim.errors import ApiError
from labrunner.sim.gotext import quote
from labrunner.sim.http import Request
from labrunner.sim.objects import Obj
from labrunner.sim.schema import Kind, kinds

ACCEPTED: Final = ("application/json", "application/yaml", PROTOBUF)
_YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml")
_JSON: Final = ("application/json", "")


def read(
    request: Request,
    kind: Kind,
    *,
    validation: str = WARN,
    custom: bool = False,
    structure: Obj | None = None,
) -> tuple[Obj, list[str]]:
    """The object in the body, expected to be of *kind*, and warnings. Raises ApiError (400, 415)."""
    media = content_type(request.headers.get("content-type", ""))
    gv = f"{kind.group}/{kind.version}" if kind.group else kind.version
    if media == PROTOBUF and not custom:
        from labrunner.sim import wire

        obj = wire.decode(request.body, (gv, kind.kind))
        problems: tuple[str, ...] = ()
    elif media in _JSON or media in _YAML:
        decoded = schema.decode(
            request.body, kind, yaml=media in _YAML, strict=validation != IGNORE, structure=structure
        )
        obj, problems = decoded.obj, decoded.problems
    else:
        raise errors.unsupported_media_type(ACCEPTED[:2] if custom else ACCEPTED)
    if problems and validation == STRICT:
        raise schema.strict_error(kind, problems)
    return _typed(obj, gv, kind, custom=custom), list(problems)


def _typed(obj: Obj, gv: str, kind: Kind, *, custom: bool) -> Obj:
    """*obj* with kind and apiVersion first, which must be the expected ones."""
    given_gv, given_kind = obj.pop("apiVersion", None) or gv, obj.pop("kind", None) or kind.kind
    if (given_gv, given_kind) != (gv, kind.kind):
        raise _mismatch(given_gv, given_kind, gv, kind, custom=custom)
    return {"kind": kind.kind, "apiVersion": gv, **obj}


def _mismatch(given_gv: object, given_kind: object, gv: str, kind: Kind, *, custom: bool) -> ApiError:
    if custom and given_gv == gv:
        problem = errors.invalid_value("kind", given_kind, f"must be {kind.kind}")
        return errors.invalid(f"{kind.kind}.{kind.group}", "", [problem])
    why = f"the API version in the data ({given_gv}) does not match the expected API version ({gv})"
    if not custom:
        why = kinds.mismatch(given_gv, given_kind, kind)
    if not why.startswith("the API version"):
        version = quote(str(given_gv).rpartition("/")[2])
        why = f"{given_kind} in version {version} cannot be handled as a {kind.kind}: {why}"
    return errors.bad_request(why)


def delete_options(request: Request) -> Obj | None:
    """The DeleteOptions in the body of a deletion, None when there is none. Raises ApiError (400, 415)."""
    if not request.body:
        return None
    media = content_type(request.headers.get("content-type", ""))
    if media == PROTOBUF:
        from labrunner.sim import wire

        obj = wire.decode(request.body, ("v1", "DeleteOptions"))
    elif media in _JSON or media in _YAML:
        obj = schema.decode(request.body, _DELETE_OPTIONS, yaml=media in _YAML).obj
    else:
        raise errors.unsupported_media_type(ACCEPTED)
    if obj.get("kind") not in (None, "", "DeleteOptions"):
        raise errors.bad_request(
            f'no kind "{obj.get("kind")}" is registered for version "{obj.get("apiVersion")}"'
        )
    return obj


class _DeleteOptions:
    group, version, kind = "", "v1", "DeleteOptions"


_DELETE_OPTIONS: Final[Kind] = _DeleteOptions()
