"""Rows of nodes, namespaces, events, configuration, quota and identity."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path, labels_of, name_of
from labrunner.sim.printers.text import (
    NONE,
    Column,
    Printer,
    age,
    amount,
    columns,
    created_at,
    since,
)


def _node_status(obj: Obj) -> str:
    ready = [c for c in get_path(obj, "status", "conditions", default=[]) if c.get("type") == "Ready"]
    parts = ["Unknown"]
    if ready:
        parts = ["Ready" if ready[0].get("status") == "True" else "NotReady"]
    if get_path(obj, "spec", "unschedulable"):
        parts.append("SchedulingDisabled")
    return ",".join(parts)


def node_roles(obj: Obj) -> list[str]:
    """The roles a node's labels give it, sorted."""
    prefix, found = "node-role.kubernetes.io/", set()
    for key, value in labels_of(obj).items():
        if key.startswith(prefix) and len(key) > len(prefix):
            found.add(key[len(prefix) :])
        elif key == "kubernetes.io/role" and value:
            found.add(value)
    return sorted(found)


def _address(obj: Obj, kind: str) -> str:
    for entry in get_path(obj, "status", "addresses", default=[]):
        if entry.get("type") == kind:
            return str(entry.get("address", ""))
    return NONE


def _node(obj: Obj, now: datetime) -> list[Any]:
    info: Obj = get_path(obj, "status", "nodeInfo", default={})
    kernel, architecture = info.get("kernelVersion") or "<unknown>", info.get("architecture")
    return [
        name_of(obj),
        _node_status(obj),
        ",".join(node_roles(obj)) or NONE,
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        f"{kernel} ({architecture})" if architecture else kernel,
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _namespace(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), get_path(obj, "status", "phase", default=""), age(obj, now)]


def _event_source(obj: Obj) -> str:
    source: Obj = obj.get("source") or obj.get("deprecatedSource") or {}
    reporter = obj.get("reportingComponent") or obj.get("reportingController") or ""
    component = source.get("component") or reporter
    host = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {host}" if host else component


def _event(obj: Obj, now: datetime) -> list[Any]:
    target: Obj = obj.get("involvedObject") or obj.get("regarding") or {}
    first_time = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last_time = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp")
    first = since(first_time, now)
    last = since(last_time, now) if last_time else first
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    if series := obj.get("series"):
        last, count = since(series.get("lastObservedTime"), now), series.get("count", 1)
    kind = str(target.get("kind", "")).lower()
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{target['name']}" if target.get("name") else kind,
        target.get("fieldPath", ""),
        _event_source(obj),
        str(obj.get("message") or obj.get("note") or "").strip(),
        first,
        count,
        name_of(obj),
    ]


def _secret(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or {}), age(obj, now)]


def _config_map(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), age(obj, now)]


def _service_account(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(obj.get("secrets") or []), age(obj, now)]


def _quota(obj: Obj, now: datetime) -> list[Any]:
    hard = get_path(obj, "status", "hard", default={})
    used = get_path(obj, "status", "used", default={})
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard):
        text = f"{name}: {amount(used.get(name, '0'))}/{amount(hard[name])}"
        (limits if name.startswith("limits.") else requests).append(text)
    return [name_of(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def _created(obj: Obj, now: datetime) -> list[Any]:
    del now
    return [name_of(obj), created_at(obj)]


def _plain(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), age(obj, now)]


NODE = Printer(
    columns(
        "Status",
        "Roles",
        "Age",
        "Version",
        wide=("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
    ),
    _node,
)
NAMESPACE = Printer(columns("Status", "Age"), _namespace)
EVENT = Printer(
    (
        Column("Last Seen"),
        Column("Type"),
        Column("Reason"),
        Column("Object"),
        Column("Subobject", priority=1),
        Column("Source", priority=1),
        Column("Message"),
        Column("First Seen", priority=1),
        Column("Count", priority=1),
        Column("Name", priority=1, format="name"),
    ),
    _event,
)
SECRET = Printer(columns("Type", "Data", "Age"), _secret)
CONFIG_MAP = Printer(columns("Data", "Age"), _config_map)
SERVICE_ACCOUNT = Printer(columns("Secrets", "Age"), _service_account)
QUOTA = Printer(columns("Request", "Limit", "Age"), _quota)
CREATED = Printer(columns("Created At", dates=("Created At",)), _created)
PLAIN = Printer(columns("Age", dates=("Age",)), _plain)
AGED = Printer(columns("Age"), _plain)
