"""Defaults of CustomResourceDefinition."""

from __future__ import annotations

from labrunner.sim.defaults.fill import default, default_text, section
from labrunner.sim.objects import Obj

_WEBHOOK_PORT = 443


def custom_resource_definition(obj: Obj) -> None:
    """Names that follow from the kind, and no conversion."""
    spec = section(obj, "spec")
    names = section(spec, "names")
    kind = names.get("kind")
    if kind:
        default_text(names, "singular", str(kind).lower())
        default_text(names, "listKind", f"{kind}List")
    conversion = section(spec, "conversion")
    default_text(conversion, "strategy", "None")
    service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
    if isinstance(service, dict):
        default(service, "port", _WEBHOOK_PORT)
