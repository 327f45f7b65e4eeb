"""The fields a Go server writes even when they were never set, and the empty ones it leaves out.

A typed server decodes into structs: ``annotations: {}`` and nulls vanish, while embedded structs and numbers without
``omitempty`` appear as ``{}`` and ``0``. Kinds not listed here have nothing of the sort at their top.
"""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.objects import Obj, clone

_ALWAYS: Final[dict[tuple[str, str], Obj]] = {
    ("", "Pod"): {"spec": {}, "status": {}},
    ("", "ReplicationController"): {"spec": {}, "status": {"replicas": 0}},
    ("", "Service"): {"spec": {}, "status": {"loadBalancer": {}}},
    ("", "ResourceQuota"): {"spec": {}, "status": {}},
    ("", "LimitRange"): {"spec": {"limits": None}},
    ("", "Event"): {
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    ("events.k8s.io", "Event"): {
        "regarding": {},
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
        "eventTime": None,
    },
    ("apps", "Deployment"): {"spec": {}, "status": {}},
    ("apps", "ReplicaSet"): {"spec": {}, "status": {"replicas": 0}},
    ("apps", "StatefulSet"): {"spec": {}, "status": {"availableReplicas": 0, "replicas": 0}},
    ("apps", "DaemonSet"): {
        "spec": {},
        "status": {
            "currentNumberScheduled": 0,
            "desiredNumberScheduled": 0,
            "numberMisscheduled": 0,
            "numberReady": 0,
        },
    },
    ("apps", "ControllerRevision"): {"revision": 0},
    ("batch", "Job"): {"spec": {}, "status": {}},
    ("batch", "CronJob"): {"spec": {}, "status": {}},
    ("policy", "PodDisruptionBudget"): {
        "spec": {},
        "status": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    },
    ("networking.k8s.io", "Ingress"): {"spec": {}, "status": {"loadBalancer": {}}},
    ("networking.k8s.io", "IngressClass"): {"spec": {}},
    ("coordination.k8s.io", "Lease"): {"spec": {}},
    ("certificates.k8s.io", "CertificateSigningRequest"): {"spec": {}, "status": {}},
    ("rbac.authorization.k8s.io", "Role"): {"rules": None},
    ("rbac.authorization.k8s.io", "ClusterRole"): {"rules": None},
    ("discovery.k8s.io", "EndpointSlice"): {"endpoints": None, "ports": None},
    ("scheduling.k8s.io", "PriorityClass"): {"value": 0},
    ("storage.k8s.io", "VolumeAttachment"): {"spec": {}, "status": {"attached": False}},
    ("storage.k8s.io", "CSINode"): {"spec": {"drivers": None}},
    ("networking.k8s.io", "ServiceCIDR"): {"spec": {}, "status": {}},
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): {"spec": {}, "status": {}},
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): {"spec": {}, "status": {}},
    ("resource.k8s.io", "ResourceClaim"): {"spec": {"devices": {}}, "status": {}},
}


_AUTOSCALER_STATUS: Final[dict[str, Obj]] = {
    "autoscaling/v1": {"currentReplicas": 0, "desiredReplicas": 0},
    "autoscaling/v2": {"currentMetrics": None, "desiredReplicas": 0},
}


def always_written(group: str, obj: Obj) -> None:
    """Add, in place, what a typed server writes for *obj* even when unset."""
    wanted = _ALWAYS.get((group, obj.get("kind", "")))
    if obj.get("kind") == "HorizontalPodAutoscaler" and group == "autoscaling":
        wanted = {"spec": {}, "status": _AUTOSCALER_STATUS.get(obj.get("apiVersion", ""), {})}
    if wanted:
        _merge(obj, wanted)


def _merge(into: Obj, wanted: Obj) -> None:
    for key, value in wanted.items():
        found = into.get(key)
        if isinstance(value, dict):
            if not isinstance(found, dict):
                found = into[key] = {}
            _merge(found, value)
        elif key not in into:
            into[key] = clone(value)


_MAPS: Final = frozenset(
    (
        "labels",
        "annotations",
        "matchLabels",
        "nodeSelector",
        "limits",
        "requests",
        "data",
        "binaryData",
        "stringData",
        "parameters",
        "hard",
        "used",
        "capacity",
        "allocatable",
    )
)


# Lists of strings; all other lists hold objects.
_STRING_LISTS: Final = frozenset(
    [
        "accessModes",
        "add",
        "admissionReviewVersions",
        "apiGroups",
        "apiVersions",
        "args",
        "audiences",
        "clusterIPs",
        "command",
        "drop",
        "except",
        "externalIPs",
        "finalizers",
        "groups",
        "hostnames",
        "hosts",
        "ipFamilies",
        "loadBalancerSourceRanges",
        "matchLabelKeys",
        "mismatchLabelKeys",
        "mountOptions",
        "names",
        "nameservers",
        "namespaces",
        "nonResourceURLs",
        "operations",
        "podCIDRs",
        "policyTypes",
        "resourceNames",
        "resources",
        "scopes",
        "searches",
        "shortNames",
        "usages",
        "validationActions",
        "values",
        "verbs",
        "volumeLifecycleModes",
    ]
)


def drop_empty(value: Any, key: str = "") -> Any:
    """*value* without nulls, empty lists and empty string maps; in place for containers.

    A null inside a list is what Go makes of it: an empty string or an empty object.
    """
    if isinstance(value, dict):
        for name in list(value):
            child = value[name]
            if child is None:
                del value[name]
            elif isinstance(child, dict | list):
                if not child and (isinstance(child, list) or name in _MAPS):
                    del value[name]
                else:
                    drop_empty(child, name)
    elif isinstance(value, list):
        for i, child in enumerate(value):
            if child is None:
                value[i] = "" if key in _STRING_LISTS else 0 if key == "supplementalGroups" else {}
            else:
                drop_empty(child)
    return value
