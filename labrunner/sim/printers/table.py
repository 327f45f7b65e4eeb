"""Building meta.k8s.io/v1 Tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType


def table(
    objs: Iterable[Obj],
    rt: ResourceType,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
    include_object: str = "Metadata",  # noqa: ARG001
    list_meta: Obj | None = None,
) -> Obj:
    """A Table of ``objs``; ``include_object`` is Metadata, None or Object; ``list_meta`` is the list metadata."""
    columns = [
        {"name": "Name", "type": "string", "format": "name", "description": "Name", "priority": 0},
        {"name": "Created At", "type": "date", "format": "", "description": "Created", "priority": 0},
    ]
    rows = [
        {"cells": [o["metadata"].get("name", ""), o["metadata"].get("creationTimestamp")], "object": o}
        for o in objs
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_meta or {},
        "columnDefinitions": columns,
        "rows": rows,
    }
