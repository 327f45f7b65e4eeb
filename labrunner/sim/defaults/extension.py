"""Defaults of APIServices, FlowSchemas, PriorityLevelConfigurations and the claims of devices."""

from __future__ import annotations

from labrunner.sim.defaults.fill import default, section
from labrunner.sim.objects import Obj, get_path


def api_service(obj: Obj) -> None:
    """An APIService: the port of its service; a local one has no service at all."""
    spec = section(obj, "spec")
    if not spec.get("service"):
        spec.pop("service", None)
    else:
        default(spec["service"], "port", 443)


def flow_schema(obj: Obj) -> None:
    """A FlowSchema: its place among the others."""
    spec = section(obj, "spec")
    if not spec.get("matchingPrecedence"):
        spec["matchingPrecedence"] = 1000


def priority_level(obj: Obj) -> None:
    """A PriorityLevelConfiguration: its shares and queues."""
    spec = section(obj, "spec")
    exempt, limited = spec.get("exempt"), spec.get("limited")
    if isinstance(exempt, dict):
        default(exempt, "nominalConcurrencyShares", 0)
        default(exempt, "lendablePercent", 0)
    if isinstance(limited, dict):
        default(limited, "nominalConcurrencyShares", 30)
        default(limited, "lendablePercent", 0)
        queuing = section(limited, "limitResponse").get("queuing")
        if isinstance(queuing, dict):
            for key, value in (("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)):
                queuing[key] = queuing.get(key) or value


def resource_claim(obj: Obj) -> None:
    """A ResourceClaim: how many devices each request wants."""
    _requests(get_path(obj, "spec", "devices", "requests", default=[]))


def resource_claim_template(obj: Obj) -> None:
    """A ResourceClaimTemplate: as the claims made from it."""
    _requests(get_path(obj, "spec", "spec", "devices", "requests", default=[]))


def _requests(requests: list[Obj]) -> None:
    for request in requests:
        for wanted in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if isinstance(wanted, dict):
                default(wanted, "allocationMode", "ExactCount")
                if wanted["allocationMode"] == "ExactCount":
                    wanted["count"] = wanted.get("count") or 1
