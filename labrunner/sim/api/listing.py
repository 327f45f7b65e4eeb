"""List: selectors, pages, resourceVersion semantics."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from labrunner.sim import errors, field_selectors, selectors
from labrunner.sim.api.local import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.field_selectors import FieldSelector
from labrunner.sim.objects import Obj, labels_of, name_of, namespace_of
from labrunner.sim.resources import ResourceType
from labrunner.sim.selectors import LabelSelector, SelectorError
from labrunner.sim.store import Compacted, Record, Store

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which objects of a resource are wanted. ``namespace`` None: of all namespaces."""

    namespace: str | None
    name: str
    labels: LabelSelector
    fields: FieldSelector

    @property
    def everything(self) -> bool:
        """Whether only the namespace counts."""
        return not self.name and self.labels.empty and not self.fields.requirements

    def accepts(self, obj: Obj) -> bool:
        """Whether *obj* is wanted."""
        if self.namespace is not None and namespace_of(obj) != self.namespace:
            return False
        if self.name and name_of(obj) != self.name:
            return False
        return self.labels.matches(labels_of(obj)) and self.fields.matches(obj)


def parse_filter(rt: ResourceType, namespace: str, name: str, query: dict[str, str]) -> Filter:
    """The filter of a request. Raises ApiError (400) in the server's words."""
    try:
        labels = selectors.parse(query.get("labelSelector", ""))
        fields = field_selectors.parse(query.get("fieldSelector", ""))
        field_selectors.check(
            fields, rt.group_kind, custom=(rt.selectable_fields or ()) if rt.custom else None
        )
    except SelectorError as error:
        raise errors.bad_request(str(error)) from None
    exact = fields.exact("metadata.name")
    if name and exact is not None and exact != name:
        raise errors.bad_request(
            f"field metadata.name selector {exact!r} does not match the requested name {name!r}"
        )
    return Filter(namespace if rt.namespaced and namespace else None, name, labels, fields)


@dataclass(frozen=True, slots=True)
class Page:
    """A list's records and its metadata."""

    records: Sequence[Record]
    meta: Obj


def page(api: Api, rt: ResourceType, wanted: Filter, query: dict[str, str]) -> Page:
    """The list that *query* asks for. Raises ApiError (400, 410, 504)."""
    limit = number(query, "limit")
    token = query.get("continue", "")
    match = query.get("resourceVersionMatch", "")
    version = query.get("resourceVersion", "")
    _check(query)
    rv, start = api.store.resource_version, ""
    if token:
        rv, start = _read_token(token)
        if rv < 0:
            rv = api.store.resource_version
    elif version not in ("", "0"):
        asked = version_number(version)
        current = api.store.resource_version
        if asked > current:
            raise too_large(asked, current)
        if match == "Exact" or (limit and not match):
            rv = asked
    records = _records(api.store, rt, wanted, rv, api, start)
    if start:
        records = [r for r in records if r.key >= start]
    meta: Obj = {"resourceVersion": str(rv)}
    if limit and len(records) > limit:
        meta["continue"] = _write_token(rv, records[limit - 1].key + "\x00")
        if wanted.everything:
            meta["remainingItemCount"] = len(records) - limit
        records = records[:limit]
    return Page(records, meta)


def _records(
    store: Store, rt: ResourceType, wanted: Filter, rv: int, api: Api, token: str
) -> Sequence[Record]:
    try:
        found = store.records_at(rt.storage_gr, rv, wanted.namespace)
    except Compacted:
        if token:
            expired = errors.gone(EXPIRED)
            expired.go_on = _write_token(-1, token)
            raise expired from None
        raise errors.gone("The resourceVersion for the provided list is too old.") from None
    if wanted.everything:
        return found
    convert = api.registry.convert
    return [r for r in found if wanted.accepts(convert(r.obj, rt))]


def too_large(asked: int, current: int) -> ApiError:
    """504: a resourceVersion that does not exist yet."""
    details: Obj = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return ApiError(504, "Timeout", f"Too large resource version: {asked}, current: {current}", details)


def version_number(text: str) -> int:
    """A resourceVersion parameter as a number. Raises ApiError (400)."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        problem = errors.invalid_value(
            "resourceVersion", text, f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
        raise errors.bad_request(f"invalid resource version: {problem.message()}")
    return int(text)


def number(query: dict[str, str], key: str) -> int:
    """A non-negative whole parameter, 0 when missing. Raises ApiError (400)."""
    text = query.get(key, "")
    if not text:
        return 0
    if not text.lstrip("-").isdigit() or len(text) > 18:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return max(0, int(text))


def _check(query: dict[str, str]) -> None:
    version, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    token = query.get("continue", "")
    problems = []
    if match:
        if not version:
            detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            problems.append(errors.forbidden_field("resourceVersionMatch", detail))
        if token:
            detail = "resourceVersionMatch is forbidden when continue is provided"
            problems.append(errors.forbidden_field("resourceVersionMatch", detail))
        if match not in ("Exact", "NotOlderThan"):
            supported = ("Exact", "NotOlderThan", "")
            problems.append(errors.not_supported("resourceVersionMatch", match, supported))
        elif match == "Exact" and version == "0":
            detail = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            problems.append(errors.forbidden_field("resourceVersionMatch", detail))
    if "sendInitialEvents" in query:
        problems.append(
            errors.forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list")
        )
    if problems:
        raise errors.invalid("ListOptions.meta.k8s.io", "", problems)
    if token and version not in ("", "0"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")


def _write_token(rv: int, start: str) -> str:
    body = json.dumps({"v": "meta.k8s.io/v1", "rv": rv, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        rv, start = found["rv"], found["start"]
        if found["v"] != "meta.k8s.io/v1" or not isinstance(rv, int) or not isinstance(start, str):
            raise ValueError
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise errors.bad_request("invalid continue token: continue key is not valid") from None
    return rv, start
