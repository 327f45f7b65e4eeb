"""Which controls each level of the Pod Security Standards applies."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from labrunner.sim.admission.pod_security import baseline, restricted
from labrunner.sim.admission.pod_security.visit import Violation
from labrunner.sim.objects import Obj

Check = Callable[[Obj], Violation | None]
LEVELS: Final = ("privileged", "baseline", "restricted")
LATEST: Final = "latest"
_PREFIX: Final = "pod-security.kubernetes.io/"

_BASELINE: Final[tuple[Check, ...]] = (
    baseline.apparmor,
    baseline.capabilities,
    baseline.host_namespaces,
    baseline.host_path,
    baseline.host_ports,
    baseline.probe_hosts,
    baseline.privileged,
    baseline.proc_mount,
    baseline.selinux,
    baseline.seccomp,
    baseline.sysctls,
    baseline.host_process,
)
# What restricted says in its own, stricter words.
_OVERRIDDEN: Final[tuple[Check, ...]] = (baseline.capabilities, baseline.host_path, baseline.seccomp)
_RESTRICTED: Final[tuple[Check, ...]] = (
    *(check for check in _BASELINE if check not in _OVERRIDDEN),
    restricted.privilege_escalation,
    restricted.capabilities,
    restricted.volumes,
    restricted.non_root,
    restricted.user,
    restricted.seccomp,
)
_CHECKS: Final = {"privileged": (), "baseline": _BASELINE, "restricted": _RESTRICTED}


@dataclass(frozen=True, slots=True)
class Policy:
    """A level in a version, as one label pair of a namespace sets it."""

    level: str = "privileged"
    version: str = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    def stricter_than(self, other: Policy) -> bool:
        """Whether the level is above the other's."""
        return LEVELS.index(self.level) > LEVELS.index(other.level)


def violations(policy: Policy, pod: Obj) -> list[Violation]:
    """What of *pod* (an object with ``metadata`` and ``spec``) the policy does not allow."""
    return [found for check in _CHECKS[policy.level] if (found := check(pod)) is not None]


def policy_of(labels: dict[str, str], mode: str) -> Policy:
    """The policy a namespace's labels set for *mode* (enforce, audit, warn).

    An unreadable level counts as restricted, as it does in the API server.
    """
    level = labels.get(_PREFIX + mode, "")
    version = labels.get(f"{_PREFIX}{mode}-version") or LATEST
    if level and level not in LEVELS:
        level = "restricted"
    return Policy(level or "privileged", version if version_is_valid(version) else LATEST)


def version_is_valid(version: str) -> bool:
    """``latest`` or ``v1.29``."""
    return version == LATEST or re.fullmatch(r"v1\.(0|[1-9]\d*)", version) is not None


def label_problems(labels: dict[str, str]) -> list[tuple[str, str, str]]:
    """Label key, value and complaint for every unreadable Pod Security label."""
    out = []
    for mode in ("enforce", "audit", "warn"):
        key = _PREFIX + mode
        if key in labels and labels[key] not in LEVELS:
            out.append((key, labels[key], f"must be one of {', '.join(LEVELS)}"))
        key = f"{_PREFIX}{mode}-version"
        if key in labels and not version_is_valid(labels[key]):
            out.append((key, labels[key], 'must be "latest" or "v1.x"'))
    return out
