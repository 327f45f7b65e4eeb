"""The three patch formats that change an object directly: JSON patch, JSON merge patch, strategic merge patch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim import errors
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.patch import jsonpatch, strategic
from labrunner.sim.schema import gotypes, kinds
from labrunner.sim.schema.decoding import Kind, parse_untyped, typed_metadata
from labrunner.sim.schema.goprint import plus_v
from labrunner.sim.schema.goreader import GoReader, HardError
from labrunner.sim.schema.structural import prune
from labrunner.sim.schema.unstructured import complaint

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Patched:
    """A patched object, and what strict field validation says about patch and object, in order.

    ``shown`` is what the server prints as the invalid value when it refuses: the patched object for JSON and merge
    patches, the patch for strategic ones.
    """

    obj: Obj
    problems: tuple[str, ...]
    shown: str

    def strict_error(self) -> ApiError:
        """The 422 by which ``fieldValidation=Strict`` refuses ``problems``."""
        return _invalid(self.shown, "strict decoding error: " + ", ".join(self.problems))


def apply(content_type: str, current: Obj, body: bytes, kind: Kind, structure: Obj | None = None) -> Patched:
    """*current* as changed by the patch in *body*; a new object, read into its Go type where it has one.

    A custom resource is pruned by its structural schema, *structure*.

    Raises ApiError: 400 for what is no patch, 415 for a format this kind does not take, 422 for one that fails.
    """
    target = gotypes.struct_of(kind.group, kind.version, kind.kind)
    if content_type == STRATEGIC_MERGE_PATCH and target is not None:
        return _strategic(current, body, target)
    if content_type == JSON_PATCH:
        patched, problems = _json_patch(current, body)
    elif content_type == MERGE_PATCH:
        patched, problems = _merge_patch(current, body)
    else:
        strategic_too = (STRATEGIC_MERGE_PATCH,) if target is not None else ()
        raise errors.unsupported_media_type((JSON_PATCH, MERGE_PATCH, *strategic_too, APPLY_PATCH))
    shown = json.dumps(patched, separators=(",", ":"), ensure_ascii=False)
    if not isinstance(patched, dict):
        raise _invalid(shown, "Object 'Kind' is missing in " + repr(shown))
    _same_kind(patched, kind, target, shown)
    reader = GoReader({})
    try:
        obj = reader.read(patched, target)
    except HardError as error:
        raise _invalid(shown, str(error)) from None
    if target is None:
        try:
            obj, unknown = typed_metadata(clone(obj))  # a merge shares what it leaves alone with *current*
        except HardError as error:
            raise _invalid(shown, str(error)) from None
        problems = [*problems, *unknown]
    if target is None and structure is not None:
        obj, unknown = prune(obj, structure)
        problems = [*problems, *unknown]
    return Patched(obj, (*problems, *reader.problems), shown)


def merge(current: Any, patch: Any) -> Any:
    """*current* as changed by the JSON merge patch *patch* (RFC 7386). Shares unchanged parts with both."""
    if not isinstance(patch, dict):
        return patch
    out = dict(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            out[key] = merge(out.get(key), value)
        else:
            out[key] = value
    # The server's library writes what it has touched with sorted keys, which shows in refusals.
    return dict(sorted(out.items()))


def _json_patch(current: Obj, body: bytes) -> tuple[Any, list[str]]:
    operations, problems = jsonpatch.parse(body)
    try:
        return jsonpatch.apply(dict(sorted(clone(current).items())), operations), problems
    except jsonpatch.PatchFailedError:
        message = "the server rejected our request due to an error in our request"
        raise ApiError(422, "Invalid", message, {}) from None


def _merge_patch(current: Obj, body: bytes) -> tuple[Any, list[str]]:
    patch, problems = parse_untyped(body, "error decoding patch: ")
    return merge(current, patch), problems


def _strategic(current: Obj, body: bytes, target: gotypes.Struct) -> Patched:
    patch, problems = parse_untyped(body)
    shown = plus_v(patch)
    fixed: Obj = {key: current[key] for key in ("kind", "apiVersion") if key in current}
    try:
        merged = strategic.merge(clone(current), clone(patch), target)
    except strategic.StrategicMergeError as error:
        raise error.api_error() from None
    merged |= fixed  # read into this kind's type, whatever the patch says
    wrong = complaint(merged, target)
    if wrong is not None:
        raise _invalid(shown, wrong)
    reader = GoReader({})
    try:
        obj = reader.read(merged, target)
    except HardError as error:
        raise _invalid(shown, str(error)) from None
    return Patched(obj, (*problems, *reader.problems), shown)


def _same_kind(patched: Obj, kind: Kind, target: gotypes.Struct | None, shown: str) -> None:
    """Refuse what a patch turned into another kind. Raises ApiError (422)."""
    version = f"{kind.group}/{kind.version}" if kind.group else kind.version
    given, given_version = patched.get("kind") or kind.kind, patched.get("apiVersion") or version
    if target is not None:
        wrong = kinds.mismatch(given_version, given, kind)
        if wrong:
            raise _invalid(shown, wrong)
        return
    wrongs = [
        errors.invalid_value(field, value, f"must be {wanted}")
        for field, value, wanted in (
            ("kind", given, kind.kind), ("apiVersion", given_version, version),
        )
        if value != wanted
    ]  # fmt: skip
    if wrongs:
        name = str((patched.get("metadata") or {}).get("name") or "")
        raise errors.invalid(f"{kind.kind}.{kind.group}", name, wrongs)


def _invalid(shown: str, why: str) -> ApiError:
    return errors.invalid("", "", [errors.invalid_value("patch", shown, why)])
