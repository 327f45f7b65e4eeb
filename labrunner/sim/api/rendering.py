"""Objects and lists as bytes, in the representation that was negotiated. Stored JSON is passed on as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from labrunner.sim import errors, printers
from labrunner.sim.api.local import Api
from labrunner.sim.api.negotiation import Rendition
from labrunner.sim.http import Request, Response
from labrunner.sim.http.message import JSON
from labrunner.sim.objects import Obj
from labrunner.sim.printers.text import Printer
from labrunner.sim.resources import ResourceType
from labrunner.sim.store import Record
from labrunner.sim.store.change import encode

YAML: Final = "application/yaml"
_TEXT: Final = "tag:yaml.org,2002:str"
_ODD: Final = re.compile(
    r"[yn]|[-+]?[0-9]+e[-+]?[0-9]+", re.IGNORECASE
)  # a truth value or a number to Go only
_PRETTY_AGENTS: Final = ("curl", "Wget", "Mozilla/5.0")


def is_pretty(request: Request) -> bool:
    """Whether the answer is for human eyes: asked for, or for a tool in a terminal."""
    asked = request.query.get("pretty")
    if asked is not None:
        return asked.lower() not in ("false", "0")
    return request.headers.get("user-agent", "").startswith(_PRETTY_AGENTS)


def is_read_verbatim(request: Request) -> bool:
    """Whether somebody reads the answer as it comes: ``kubectl get --raw`` and ``curl`` take anything."""
    agent = request.headers.get("user-agent", "")
    return agent.startswith(("kubectl", *_PRETTY_AGENTS)) and "*/*" in request.headers.get("accept", "")


def _for_eyes(request: Request, obj: Obj, rt: ResourceType) -> Obj:
    if not is_read_verbatim(request):
        return obj
    from labrunner.sim.schema.goorder import in_go_order

    group, _, version = str(obj.get("apiVersion") or rt.gv).rpartition("/")
    return in_go_order(obj, group, version, str(obj.get("kind") or rt.kind))


def document(
    request: Request,
    value: Obj,
    status: int = 200,
    rendition: Rendition = Rendition(),  # noqa: B008
    headers: tuple[tuple[str, str], ...] = (),
) -> Response:
    """*value* as JSON (indented where it is to be read) or YAML."""
    if rendition.yaml:
        return Response(status, _yaml(value), YAML, headers)
    if is_pretty(request):
        text = json.dumps(value, indent=2, ensure_ascii=False)
        return Response(status, _escaped(text.encode("utf-8", "surrogatepass")), JSON, headers)
    body = encode(value) + b"\n"
    return Response(status, _escaped(body) if is_read_verbatim(request) else body, JSON, headers)


def _escaped(body: bytes) -> bytes:
    """JSON with the characters spelled out that Go's encoder spells out, lest a browser takes them for markup."""
    for character in (b"<", b">", b"&"):
        body = body.replace(character, b"\\u00%02x" % ord(character))
    return body


def included(query: dict[str, str]) -> str:
    """How much of each object a Table is to hold. Raises ApiError (400)."""
    wanted = query.get("includeObject") or "Metadata"
    if wanted not in ("Metadata", "Object", "None"):
        detail = "must be 'Metadata', 'Object', 'None', or empty"
        why = errors.invalid_value("includeObject", wanted, detail).message()
        raise errors.bad_request(f"Unable to convert to Table as requested: {why}")
    return wanted


def readable(value: Obj) -> Response:
    """*value* indented, whoever asks: for what the server says about itself."""
    return Response(200, json.dumps(value, indent=2, ensure_ascii=False).encode())


def warning_headers(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The ``Warning`` headers that carry *texts*."""
    return tuple(("Warning", f"299 - {_quoted(text)}") for text in texts)


def _quoted(text: str) -> str:
    clean = "".join(" " if ord(c) < 0x20 or ord(c) == 0x7F else c for c in text)
    escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _yaml(value: Obj) -> bytes:
    """Keys in order, as Go's YAML package writes them."""
    import yaml

    dumper: Any = type("_GoDumper", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})
    dumper.add_representer(str, _yaml_text)
    return bytes(yaml.dump(value, Dumper=dumper, allow_unicode=True, encoding="utf-8", width=80))


def _yaml_text(dumper: Any, text: str) -> Any:
    """A text as Go's YAML package writes it: in double quotes where it would be read as something else."""
    import yaml

    odd = _ODD.fullmatch(text) or dumper.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT
    style = "|" if "\n" in text else '"' if odd else None
    return dumper.represent_scalar(_TEXT, text, style=style)


def one(
    api: Api,
    request: Request,
    obj: Obj,
    rt: ResourceType,
    rendition: Rendition,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    printer: Printer | None = None,
) -> Response:
    """One object (or a Status) in the representation asked for."""
    if obj.get("kind") == "Status":
        return document(request, obj, status, Rendition(yaml=rendition.yaml), headers)
    if rendition.shape == "table":
        version = (obj.get("metadata") or {}).get("resourceVersion", "")
        table = printers.table(
            [obj],
            rt,
            now=api.clock.now(),
            include_object=included(request.query),
            list_meta={"resourceVersion": version},
            printer=printer,
        )
        table["apiVersion"] = f"meta.k8s.io/{rendition.version}"
        return document(request, table, status, rendition, headers)
    if rendition.shape in ("metadata", "metadata-list"):
        return document(request, partial(obj, rendition.version), status, rendition, headers)
    if not rendition.yaml and not is_pretty(request) and not is_read_verbatim(request):
        encoded = encoded_form(api, obj, rt)
        if encoded is not None:
            return Response(status, encoded + b"\n", JSON, headers)
    return document(request, _for_eyes(request, obj, rt), status, rendition, headers)


def encoded_form(api: Api, obj: Obj, rt: ResourceType) -> bytes | None:
    """The stored JSON of *obj*, if it is what is stored."""
    metadata = obj.get("metadata") or {}
    namespace = metadata.get("namespace") or ""
    record = api.store.record(rt.storage_gr, namespace, metadata.get("name") or "")
    return record.encoded if record is not None and record.obj is obj else None


def partial(obj: Obj, version: str = "v1") -> Obj:
    """``PartialObjectMetadata`` of *obj*."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj.get("metadata") or {},
    }


def many(
    api: Api,
    request: Request,
    records: Sequence[Record],
    rt: ResourceType,
    rendition: Rendition,
    list_meta: Obj,
    printer: Printer | None = None,
) -> Response:
    """A list in the representation asked for."""
    if rendition.shape == "table":
        table = printers.table(
            [api.registry.convert(r.obj, rt) for r in records],
            rt,
            now=api.clock.now(),
            include_object=included(request.query),
            list_meta=list_meta,
            printer=printer,
        )
        table["apiVersion"] = f"meta.k8s.io/{rendition.version}"
        return document(request, table, 200, rendition)
    if rendition.shape in ("metadata", "metadata-list"):
        found = {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"meta.k8s.io/{rendition.version}",
            "metadata": list_meta,
            "items": [partial(r.obj, rendition.version) for r in records],
        }
        return document(request, found, 200, rendition)
    if rendition.yaml or is_pretty(request) or is_read_verbatim(request):
        shown = (api.registry.convert(r.obj, rt) for r in records)
        items = [_item(_for_eyes(request, obj, rt), rt) for obj in shown]
        listed: Obj = {"kind": rt.list_kind, "apiVersion": rt.gv, "metadata": list_meta, "items": items}
        if rt.custom:
            listed = {**listed, "metadata": {"continue": "", **list_meta}}
            listed = {key: listed[key] for key in sorted(listed)}
        return document(request, listed, 200, rendition)
    head = {"kind": rt.list_kind, "apiVersion": rt.gv, "metadata": list_meta}
    parts = [encode(head)[:-1], b',"items":[', b",".join(_encoded_item(api, r, rt) for r in records), b"]}\n"]
    return Response(200, b"".join(parts))


def _item(obj: Obj, rt: ResourceType) -> Obj:
    if rt.custom:
        return obj
    return {k: v for k, v in obj.items() if k not in ("kind", "apiVersion")}


def _encoded_item(api: Api, record: Record, rt: ResourceType) -> bytes:
    """Items of typed lists go without kind and apiVersion, those of custom resources with them."""
    obj = api.registry.convert(record.obj, rt)
    if obj is not record.obj:
        return encode(_item(obj, rt))
    if rt.custom:
        return record.encoded
    prefix = b'{"kind":"%s","apiVersion":"%s",' % (rt.kind.encode(), rt.gv.encode())
    if record.encoded.startswith(prefix):
        return b"{" + record.encoded[len(prefix) :]
    return encode(_item(obj, rt))
