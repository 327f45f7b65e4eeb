"""Preparation of CustomResourceDefinitions."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj

GR: Final = "customresourcedefinitions.apiextensions.k8s.io"


def keep_stored_versions(obj: Obj) -> None:
    """Note, in place, the version in which objects are stored from now on."""
    for version in (obj.get("spec") or {}).get("versions") or ():
        if version.get("storage"):
            status = dict(obj.get("status") or {})
            stored = list(status.get("storedVersions") or [])
            if version.get("name") not in stored:
                status["storedVersions"] = [*stored, version.get("name")]
            obj["status"] = status
            return
