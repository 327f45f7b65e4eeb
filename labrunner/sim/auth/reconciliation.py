"""Bootstrap roles and bindings as a starting server mends them: what is missing comes back, what was added stays."""

from __future__ import annotations

from typing import Final

from labrunner.sim.auth import rules
from labrunner.sim.objects import Obj, annotations_of, clone, meta

AUTO_UPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"


def mended(stored: Obj, wanted: Obj) -> Obj | None:
    """*stored* with what it lacks of the bootstrap object *wanted*; None when it lacks nothing or is protected."""
    if annotations_of(stored).get(AUTO_UPDATE) == "false":
        return None
    out = clone(stored)
    for key in ("labels", "annotations"):
        held = meta(out).get(key) or {}
        meta(out)[key] = {**(meta(wanted).get(key) or {}), **held}
    if "roleRef" in wanted:
        if out.get("roleRef") != wanted["roleRef"]:
            # A binding cannot change its role: the server replaces it.
            out = {**clone(wanted), "metadata": meta(out), "roleRef": wanted["roleRef"]}
        held = out.get("subjects") or []
        lacking = [subject for subject in wanted.get("subjects") or () if subject not in held]
        if lacking:
            out["subjects"] = [*held, *clone(lacking)]
    elif "aggregationRule" in wanted:
        out.setdefault("aggregationRule", clone(wanted["aggregationRule"]))
    else:
        held = out.get("rules") or []
        lacking = rules.missing(held, wanted.get("rules") or ())
        if lacking:
            out["rules"] = [*held, *lacking]
    return out if out != stored else None
