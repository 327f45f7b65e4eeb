"""Deployments, ReplicaSets, StatefulSets, DaemonSets, ReplicationControllers and ControllerRevisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta, pod
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.pod_update import same
from labrunner.sim.validation.syntax import Errors, check, non_negative, percent

_MISMATCH: Final = "`selector` does not match template `labels`"
_STATEFUL_FIXED: Final = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_STATEFUL_CHANGEABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def int_or_percent(path: str, value: Any) -> Errors:
    """A count or a percentage, not negative."""
    if isinstance(value, str):
        return check(path, value, percent)
    return non_negative(path, value)


def at_most_all(path: str, value: Any) -> Errors:
    """A percentage of no more than 100."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit() and int(value[:-1]) > 100:
        return [invalid_value(path, value, "must not be greater than 100%")]
    return []


def is_zero(value: Any) -> bool:
    """Whether a count or percentage stands for nothing. Text that is neither counts as nothing."""
    if not isinstance(value, str):
        return not value
    digits = value.removesuffix("%").removeprefix("+")
    return not (digits.isascii() and digits.isdigit()) or int(digits) == 0


def _selector(spec: Obj, kind: str) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        return [required("spec.selector")]
    out = meta.label_selector(selector, "spec.selector")
    if meta.selects_nothing(selector):
        out.append(invalid_value("spec.selector", selector, f"empty selector is invalid for {kind}"))
    return out


def _selected_template(spec: Obj, kind: str) -> Errors:
    """The template of a workload whose selector may be unreadable, in which case nobody looks at the template."""
    selector = spec.get("selector")
    if not meta.readable(selector):
        return [invalid_value("spec.selector", selector, "invalid label selector")]
    return _template(spec, kind)


def _template(spec: Obj, kind: str) -> Errors:
    path = "spec.template"
    template: Obj = spec.get("template") or {}
    selector = spec.get("selector")
    labels = (template.get("metadata") or {}).get("labels")
    out: Errors = []
    if kind != "DaemonSet" and meta.template_mismatch(selector, labels):
        out.append(invalid_value(f"{path}.metadata.labels", labels, _MISMATCH))
    out += pod.template(template, path)
    found: Obj = template.get("spec") or {}
    if found.get("restartPolicy") != "Always":
        out.append(not_supported(f"{path}.spec.restartPolicy", found.get("restartPolicy") or "", ("Always",)))
    if found.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        out.append(forbidden_field(f"{path}.spec.activeDeadlineSeconds", text))
    return out


def _deployment_spec(spec: Obj) -> Errors:
    out = non_negative("spec.replicas", spec.get("replicas"))
    out += _selector(spec, "deployment")
    out += _selected_template(spec, "ReplicaSet")
    out += _deployment_strategy(spec.get("strategy") or {})
    out += non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    out += non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        path = "spec.progressDeadlineSeconds"
        out += non_negative(path, deadline)
        if deadline <= (spec.get("minReadySeconds") or 0):
            out.append(invalid_value(path, deadline, "must be greater than minReadySeconds"))
    return out


def _deployment_strategy(strategy: Obj) -> Errors:
    path = "spec.strategy"
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is None:
            return []
        text = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_field(f"{path}.rollingUpdate", text)]
    if kind != "RollingUpdate":
        shown = render(strategy, "DeploymentStrategy")
        return [not_supported(path, shown, ("Recreate", "RollingUpdate"))]
    return _rolling(rolling or {}, f"{path}.rollingUpdate")


def _rolling(rolling: Obj, path: str) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    out = int_or_percent(f"{path}.maxUnavailable", unavailable)
    out += int_or_percent(f"{path}.maxSurge", surge)
    if is_zero(unavailable) and is_zero(surge):
        text = "may not be 0 when `maxSurge` is 0"
        out.append(invalid_value(f"{path}.maxUnavailable", unavailable, text))
    return out + at_most_all(f"{path}.maxUnavailable", unavailable)


def _replica_set_spec(spec: Obj) -> Errors:
    out = non_negative("spec.replicas", spec.get("replicas"))
    out += non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    return out + _selector(spec, "deployment") + _selected_template(spec, "ReplicaSet")


def _daemon_set_spec(spec: Obj) -> Errors:
    selector = spec.get("selector")
    template: Obj = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    out = meta.label_selector(selector, "spec.selector")
    if not out and (selector is None or not meta.selector_matches(selector, labels)):
        out.append(invalid_value("spec.template.metadata.labels", labels, _MISMATCH))
    if selector is not None and meta.selects_nothing(selector):
        out.append(invalid_value("spec.selector", selector, "empty selector is invalid for daemonset"))
    out += _template(spec, "DaemonSet")
    out += non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    out += _daemon_strategy(spec.get("updateStrategy") or {})
    return out + non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _daemon_strategy(strategy: Obj) -> Errors:
    path, kind = "spec.updateStrategy", strategy.get("type") or ""
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        shown = render(strategy, "DaemonSetUpdateStrategy")
        return [not_supported(path, shown, ("RollingUpdate", "OnDelete"))]
    rolling: Obj = strategy.get("rollingUpdate") or {}
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    here = f"{path}.rollingUpdate"
    out = int_or_percent(f"{here}.maxUnavailable", unavailable) + int_or_percent(f"{here}.maxSurge", surge)
    out += at_most_all(f"{here}.maxUnavailable", unavailable) + at_most_all(f"{here}.maxSurge", surge)
    if is_zero(unavailable) and is_zero(surge):
        out.append(required(f"{here}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    elif not is_zero(unavailable) and not is_zero(surge):
        text = "may not be set when maxUnavailable is non-zero"
        out.append(invalid_value(f"{here}.maxSurge", surge, text))
    return out


def _stateful_set_spec(spec: Obj, *, check_service_name: bool = True) -> Errors:
    out: Errors = []
    policy = spec.get("podManagementPolicy") or ""
    if not policy:
        out.append(required("spec.podManagementPolicy"))
    elif policy not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        out.append(invalid_value("spec.podManagementPolicy", policy, text))
    out += _stateful_strategy(spec.get("updateStrategy") or {})
    out += _retention(spec.get("persistentVolumeClaimRetentionPolicy"))
    out += non_negative("spec.replicas", spec.get("replicas"))
    out += non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    out += non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    if check_service_name and spec.get("serviceName"):
        out += check("spec.serviceName", spec["serviceName"], names.dns_label)
    selector = spec.get("selector")
    if selector is None:
        out.append(required("spec.selector"))
    else:
        out += meta.label_selector(selector, "spec.selector")
        if meta.selects_nothing(selector):
            text = "empty selector is invalid for statefulset"
            out.append(invalid_value("spec.selector", selector, text))
    return out + _stateful_template(spec)


def _stateful_template(spec: Obj) -> Errors:
    template: Obj = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    selector = spec.get("selector")
    found: Obj = template.get("spec") or {}
    out: Errors = []
    if not meta.readable(selector):
        out.append(invalid_value("spec.selector", selector, ""))
        return out + _always_restarts(found)
    if meta.template_mismatch(selector, labels):
        out.append(invalid_value("spec.template.metadata.labels", labels, _MISMATCH))
    claims = [
        {"name": (c.get("metadata") or {}).get("name", ""), "persistentVolumeClaim": {"claimName": "claim"}}
        for c in spec.get("volumeClaimTemplates") or []
    ]
    named = {c["name"] for c in claims}
    own = [v for v in found.get("volumes") or [] if v.get("name") not in named]
    # Claim templates take the place of volumes of the same name, so mounts may refer to either.
    out += pod.template({**template, "spec": {**found, "volumes": [*own, *claims]}}, "spec.template")
    return out + _always_restarts(found)


def _always_restarts(found: Obj) -> Errors:
    out: Errors = []
    if found.get("restartPolicy") != "Always":
        path = "spec.template.spec.restartPolicy"
        out.append(not_supported(path, found.get("restartPolicy") or "", ("Always",)))
    if found.get("activeDeadlineSeconds") is not None:
        text = "activeDeadlineSeconds in StatefulSet is not Supported"
        out.append(forbidden_field("spec.template.spec.activeDeadlineSeconds", text))
    return out


def _stateful_strategy(strategy: Obj) -> Errors:
    path, kind = "spec.updateStrategy", strategy.get("type") or ""
    rolling = strategy.get("rollingUpdate")
    if not kind:
        return [required(path)]
    if kind == "OnDelete":
        if rolling is None:
            return []
        text = "only allowed for updateStrategy 'RollingUpdate'"
        shown = render(rolling, "RollingUpdateStatefulSetStrategy")
        return [invalid_value(f"{path}.rollingUpdate", shown, text)]
    if kind == "RollingUpdate":
        return non_negative(f"{path}.rollingUpdate.partition", (rolling or {}).get("partition"))
    shown = render(strategy, "StatefulSetUpdateStrategy")
    return [invalid_value(path, shown, "must be 'RollingUpdate' or 'OnDelete'")]


def _retention(policy: Obj | None) -> Errors:
    out: Errors = []
    for key in ("whenDeleted", "whenScaled"):
        value = (policy or {}).get(key)
        if value is not None and value not in ("Delete", "Retain"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
            out.append(not_supported(path, value, ("Retain", "Delete")))
    return out


def _replication_controller_spec(spec: Obj) -> Errors:
    out = non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector") or {}
    if not selector:
        out.append(required("spec.selector"))
    out += non_negative("spec.replicas", spec.get("replicas"))
    if spec.get("template") is None:
        return [*out, required("spec.template")]
    wrapped = {**spec, "selector": {"matchLabels": selector}}
    return out + _template(wrapped, "ReplicationController")


_Create = Callable[[Obj], Errors]
_Update = Callable[[Obj, Obj], Errors]


def _whole(rule: Callable[[Obj], Errors], fixed_selector: bool) -> tuple[_Create, _Update]:
    def create(obj: Obj) -> Errors:
        return meta.create(obj, True) + rule(obj.get("spec") or {})

    def update(new: Obj, old: Obj) -> Errors:
        after, before = new.get("spec") or {}, old.get("spec") or {}
        out = meta.update(new, old) + rule(after)
        if fixed_selector:
            out += meta.immutable("spec.selector", after.get("selector"), before.get("selector"))
        return out

    return create, update


create_deployment: _Create
update_deployment: _Update
create_deployment, update_deployment = _whole(_deployment_spec, True)
create_replica_set: _Create
update_replica_set: _Update
create_replica_set, update_replica_set = _whole(_replica_set_spec, True)
create_daemon_set: _Create
update_daemon_set: _Update
create_daemon_set, update_daemon_set = _whole(_daemon_set_spec, True)
create_replication_controller: _Create
update_replication_controller: _Update
create_replication_controller, update_replication_controller = _whole(_replication_controller_spec, False)


def create_stateful_set(obj: Obj) -> Errors:
    """A StatefulSet, whose name becomes part of host names."""
    return meta.create(obj, True, names.dns_label) + _stateful_set_spec(obj.get("spec") or {})


def update_stateful_set(new: Obj, old: Obj) -> Errors:
    """A StatefulSet keeps most of its spec for life."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    out = meta.update(new, old)
    out += _stateful_set_spec(after, check_service_name=False)
    kept = {key: value for key, value in after.items() if key not in _STATEFUL_CHANGEABLE}
    known = {key: value for key, value in before.items() if key not in _STATEFUL_CHANGEABLE}
    if not same(kept, known):
        out.append(forbidden_field("spec", _STATEFUL_FIXED))
    return out


def create_revision(obj: Obj) -> Errors:
    """A ControllerRevision."""
    out = meta.create(obj, True)
    if obj.get("data") is None:
        out.append(required("data", "data is mandatory"))
    return out + non_negative("revision", obj.get("revision"))


def update_revision(new: Obj, old: Obj) -> Errors:
    """A ControllerRevision's data never change."""
    out = meta.update(new, old) + create_revision(new)
    return out + meta.immutable("data", new.get("data"), old.get("data"))


def create_template(obj: Obj) -> Errors:
    """A PodTemplate."""
    return meta.create(obj, True) + pod.template(obj.get("template"), "template")


def update_template(new: Obj, old: Obj) -> Errors:
    """A PodTemplate replaced."""
    return meta.update(new, old) + pod.template(new.get("template"), "template")
