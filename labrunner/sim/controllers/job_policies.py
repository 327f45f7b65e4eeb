"""What a Job's failure and success policies say of its pods."""

from __future__ import annotations

from labrunner.sim.controllers.job_indexes import parse_indexes
from labrunner.sim.objects import Obj, get_path, name_of, namespace_of


def _exit_code_match(rule: Obj, pod: Obj) -> tuple[str, int] | None:
    wanted = rule.get("onExitCodes") or {}
    for field in ("containerStatuses", "initContainerStatuses"):
        for status in get_path(pod, "status", field, default=[]):
            code = get_path(status, "state", "terminated", "exitCode", default=0)
            if not code or wanted.get("containerName") not in (None, status.get("name")):
                continue
            if (code in (wanted.get("values") or [])) == (wanted.get("operator") == "In"):
                return str(status.get("name")), int(code)
    return None


def _condition_match(rule: Obj, pod: Obj) -> str | None:
    patterns = {(p.get("type"), p.get("status") or "True") for p in rule.get("onPodConditions") or []}
    for found in get_path(pod, "status", "conditions", default=[]):
        if (found.get("type"), found.get("status")) in patterns:
            return str(found.get("type"))
    return None


def failure_action(job: Obj, pod: Obj) -> tuple[str, str]:
    """What the pod failure policy says of a failed pod: the action (Count by default) and, for FailJob, why."""
    for index, rule in enumerate(get_path(job, "spec", "podFailurePolicy", "rules", default=[])):
        action = rule.get("action") or "Count"
        where = f"{namespace_of(pod)}/{name_of(pod)}"
        matching = f"matching {action} rule at index {index}"
        if rule.get("onExitCodes"):
            found = _exit_code_match(rule, pod)
            if found is not None:
                return (
                    action,
                    f"Container {found[0]} for pod {where} failed with exit code {found[1]} {matching}",
                )
        elif rule.get("onPodConditions"):
            kind = _condition_match(rule, pod)
            if kind is not None:
                return action, f"Pod {where} has condition {kind} {matching}"
    return "Count", ""


def counts(job: Obj, pod: Obj) -> bool:
    """Whether the failure of *pod* counts against the limits."""
    return failure_action(job, pod)[0] != "Ignore"


def success_message(job: Obj, succeeded: set[int]) -> str:
    """Why the success policy is fulfilled by the *succeeded* indexes; empty when it is not."""
    if not succeeded:
        return ""
    completions = int(get_path(job, "spec", "completions", default=0))
    for number, rule in enumerate(get_path(job, "spec", "successPolicy", "rules", default=[])):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            required = parse_indexes(rule["succeededIndexes"], completions)
            done = len(required & succeeded)
            met = bool(required) and (done == len(required) or (count is not None and done >= int(count)))
        else:
            met = count is not None and len(succeeded) >= int(count)
        if met:
            return f"Matched rules at index {number}"
    return ""
