"""Which controls each level of the Pod Security Standards applies."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from labrunner.sim.admission.pod_security import baseline, restricted
from labrunner.sim.admission.pod_security.visit import Violation
from labrunner.sim.objects import Obj

Check = Callable[[Obj], Violation | None]
LEVELS: Final = ("privileged", "baseline", "restricted")
LATEST: Final = "latest"
_PREFIX: Final = "pod-security.kubernetes.io/"

_NEWEST: Final = 35
"""The minor version of the policy after which nothing changed; what ``latest`` means."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control: its checks by the minor version since which each holds, and the baseline control it replaces."""

    name: str
    revisions: tuple[tuple[int, Check], ...]
    replaces: str = ""

    def at(self, minor: int) -> Check | None:
        """The check in a version of the policy; None before the control was there."""
        found = [check for since, check in self.revisions if since <= minor]
        return found[-1] if found else None


_BASELINE: Final = (
    Control("appArmorProfile", ((0, baseline.apparmor),)),
    Control("capabilities", ((0, baseline.capabilities),)),
    Control("hostNamespaces", ((0, baseline.host_namespaces),)),
    Control("hostPathVolumes", ((0, baseline.host_path),)),
    Control("hostPorts", ((0, baseline.host_ports),)),
    Control("hostProbesAndHostLifecycle", ((34, baseline.probe_hosts),)),
    Control("privileged", ((0, baseline.privileged),)),
    Control("procMount", ((0, partial(baseline.proc_mount, own_users=False)), (35, baseline.proc_mount))),
    Control("seLinuxOptions", ((0, partial(baseline.selinux, engine=False)), (31, baseline.selinux))),
    Control("seccompProfile", ((19, baseline.seccomp),)),
    Control(
        "sysctls",
        tuple(
            (minor, partial(baseline.sysctls, minor=minor))
            for minor in sorted(set(baseline.SYSCTLS.values()))
        ),
    ),
    Control("windowsHostProcess", ((0, baseline.host_process),)),
)
_RESTRICTED: Final = (
    Control(
        "allowPrivilegeEscalation",
        ((8, partial(restricted.privilege_escalation, windows=True)), (25, restricted.privilege_escalation)),
    ),
    Control(
        "capabilities_restricted",
        ((22, partial(restricted.capabilities, windows=True)), (25, restricted.capabilities)),
        replaces="capabilities",
    ),
    Control(
        "procMount_restricted", ((35, partial(baseline.proc_mount, own_users=False)),), replaces="procMount"
    ),
    Control("restrictedVolumes", ((0, restricted.volumes),), replaces="hostPathVolumes"),
    Control("runAsNonRoot", ((0, partial(restricted.non_root, own_users=False)), (35, restricted.non_root))),
    Control("runAsUser", ((23, partial(restricted.user, own_users=False)), (35, restricted.user))),
    Control(
        "seccompProfile_restricted",
        ((19, partial(restricted.seccomp, windows=True)), (25, restricted.seccomp)),
        replaces="seccompProfile",
    ),
)


@cache
def _checks(level: str, version: str) -> tuple[Check, ...]:
    """The checks of a level in a version, in the order in which they are reported."""
    if level == "privileged":
        return ()
    minor = _NEWEST if version == LATEST else min(int(version.removeprefix("v1.")), _NEWEST)
    added = [c for c in _RESTRICTED if level == "restricted" and c.at(minor) is not None]
    replaced = {control.replaces for control in added}
    wanted = [control for control in _BASELINE if control.name not in replaced] + added
    return tuple(check for control in wanted if (check := control.at(minor)) is not None)


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
    return [found for check in _checks(policy.level, policy.version) if (found := check(pod)) is not None]


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
