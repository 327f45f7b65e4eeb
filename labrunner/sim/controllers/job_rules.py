"""What Jobs count and decide: indexes, back-off, failure policy, conditions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from labrunner.sim.objects import Obj, annotations_of, get_path, name_of, namespace_of

TRACKING: Final = "batch.kubernetes.io/job-tracking"
INDEX: Final = "batch.kubernetes.io/job-completion-index"
FIRST_BACKOFF: Final = 10.0
LAST_BACKOFF: Final = 600.0
_LONGEST_SPAN: Final = 1_000_000


def is_indexed(job: Obj) -> bool:
    """Whether every completion has a number of its own."""
    return bool(get_path(job, "spec", "completionMode") == "Indexed")


def index_of(pod: Obj) -> int:
    """The completion index of a pod; -1 without one."""
    text = annotations_of(pod).get(INDEX, "")
    return int(text) if text.isdigit() else -1


def parse_indexes(text: str) -> set[int]:
    """``0-2,4`` as numbers."""
    out: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            out.update(range(int(first), min(int(last or first), int(first) + _LONGEST_SPAN) + 1))
    return out


def format_indexes(numbers: Iterable[int]) -> str:
    """Numbers as ``0-2,4``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    # Two neighbours are written as a list, as the real controller does: 0,1 but 0-2.
    return ",".join(str(a) if a == b else (f"{a},{b}" if b == a + 1 else f"{a}-{b}") for a, b in spans)


def backoff_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row before the next pod."""
    return min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** min(failures - 1, 10)) if failures else 0.0


def failed_at(pod: Obj) -> str:
    """When the pod's last container ended; its creation when nothing is known."""
    ends = [
        get_path(s, "state", "terminated", "finishedAt", default="")
        for s in get_path(pod, "status", "containerStatuses", default=[])
    ]
    return max(ends, default="") or str(get_path(pod, "metadata", "creationTimestamp", default=""))


def _exit_code_match(rule: Obj, pod: Obj) -> tuple[str, int] | None:
    wanted = rule.get("onExitCodes") or {}
    statuses = [
        *get_path(pod, "status", "initContainerStatuses", default=[]),
        *get_path(pod, "status", "containerStatuses", default=[]),
    ]
    for status in statuses:
        code = get_path(status, "state", "terminated", "exitCode", default=0)
        if not code or wanted.get("containerName") not in (None, status.get("name")):
            continue
        if (code in (wanted.get("values") or [])) == (wanted.get("operator") == "In"):
            return str(status.get("name")), int(code)
    return None


def _condition_match(rule: Obj, pod: Obj) -> str | None:
    has = {c.get("type"): c.get("status") for c in get_path(pod, "status", "conditions", default=[])}
    for pattern in rule.get("onPodConditions") or []:
        if has.get(pattern.get("type")) == (pattern.get("status") or "True"):
            return str(pattern.get("type"))
    return None


def failure_action(job: Obj, pod: Obj) -> tuple[str, str]:
    """What the pod failure policy says of a failed pod: the action (Count by default) and, for FailJob, why."""
    for index, rule in enumerate(get_path(job, "spec", "podFailurePolicy", "rules", default=[])):
        action = rule.get("action") or "Count"
        about = f"pod {namespace_of(pod)}/{name_of(pod)}"
        if rule.get("onExitCodes"):
            found = _exit_code_match(rule, pod)
            if found is not None:
                text = (
                    f"Container {found[0]} for {about} failed with exit code {found[1]} matching "
                    f"{action} rule at index {index}"
                )
                return action, text
        elif rule.get("onPodConditions"):
            kind = _condition_match(rule, pod)
            if kind is not None:
                text = f"{about[0].upper()}{about[1:]} has condition {kind} matching {action} rule at index {index}"
                return action, text
    return "Count", ""


def new_condition(kind: str, reason: str, message: str, now: str, status: str = "True") -> Obj:
    """A job condition."""
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
