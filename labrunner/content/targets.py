"""Reading which API objects a check is about: a map, or kubectl's short spelling such as `deploy/web`."""

from __future__ import annotations

import re
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import Target
from labrunner.content.fields import INVALID, TEXT, Field, MapOf, Parsed, Record, wrong_type
from labrunner.content.findings import Findings
from labrunner.content.matchers import read_matcher
from labrunner.content.nodes import Node

KINDS = {
    "po": "Pod", "pod": "Pod", "pods": "Pod",
    "deploy": "Deployment", "deployment": "Deployment", "deployments": "Deployment",
    "rs": "ReplicaSet", "replicaset": "ReplicaSet", "replicasets": "ReplicaSet",
    "sts": "StatefulSet", "statefulset": "StatefulSet", "statefulsets": "StatefulSet",
    "ds": "DaemonSet", "daemonset": "DaemonSet", "daemonsets": "DaemonSet",
    "job": "Job", "jobs": "Job", "cj": "CronJob", "cronjob": "CronJob", "cronjobs": "CronJob",
    "svc": "Service", "service": "Service", "services": "Service",
    "ep": "Endpoints", "endpoints": "Endpoints", "endpointslice": "EndpointSlice", "endpointslices": "EndpointSlice",
    "ing": "Ingress", "ingress": "Ingress", "ingresses": "Ingress",
    "netpol": "NetworkPolicy", "networkpolicy": "NetworkPolicy", "networkpolicies": "NetworkPolicy",
    "cm": "ConfigMap", "configmap": "ConfigMap", "configmaps": "ConfigMap",
    "secret": "Secret", "secrets": "Secret",
    "sa": "ServiceAccount", "serviceaccount": "ServiceAccount", "serviceaccounts": "ServiceAccount",
    "role": "Role", "roles": "Role", "rolebinding": "RoleBinding", "rolebindings": "RoleBinding",
    "clusterrole": "ClusterRole", "clusterroles": "ClusterRole",
    "clusterrolebinding": "ClusterRoleBinding", "clusterrolebindings": "ClusterRoleBinding",
    "ns": "Namespace", "namespace": "Namespace", "namespaces": "Namespace",
    "no": "Node", "node": "Node", "nodes": "Node",
    "pv": "PersistentVolume", "persistentvolume": "PersistentVolume",
    "pvc": "PersistentVolumeClaim", "persistentvolumeclaim": "PersistentVolumeClaim",
    "sc": "StorageClass", "storageclass": "StorageClass",
    "hpa": "HorizontalPodAutoscaler", "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget", "poddisruptionbudget": "PodDisruptionBudget",
    "quota": "ResourceQuota", "resourcequota": "ResourceQuota", "limits": "LimitRange", "limitrange": "LimitRange",
    "peerauthentication": "PeerAuthentication", "authorizationpolicy": "AuthorizationPolicy",
    "destinationrule": "DestinationRule", "virtualservice": "VirtualService", "serviceentry": "ServiceEntry",
    "crd": "CustomResourceDefinition", "customresourcedefinition": "CustomResourceDefinition",
}  # fmt: skip
"""kubectl's short and plural names of the kinds labs use most. Other kinds are written as in a manifest."""

_SHORT = re.compile(r"([A-Za-z]+)/([A-Za-z0-9][A-Za-z0-9.:_-]*)")


def _labels(node: Node, findings: Findings) -> Any:
    """A selector as kubectl writes it, from a text, a map of labels or `{matchLabels: …}`."""
    if isinstance(node, nodes.Scalar) and isinstance(node.value, str) and node.value:
        return node.value
    if not isinstance(node, nodes.Mapping) or not node.entries:
        return wrong_type(node, "labels", findings, "write {app: web}, or a selector such as 'app in (a, b)'")
    inner = node.get("matchLabels")
    if inner is not None:
        return _labels(inner, findings)
    labels = MapOf(TEXT).read(node, findings)
    return ",".join(f"{key}={value}" for key, value in labels.items()) or INVALID


def _where(node: Node, findings: Findings) -> Any:
    """`where:` as pairs of a path and a matcher."""
    fields = MapOf(Parsed("a matcher", read_matcher)).read(node, findings)
    return INVALID if fields is INVALID else tuple(fields.items())


def _metadata(node: Node, findings: Findings) -> Any:
    return METADATA.read(node, findings)


LABELS = Parsed("labels", _labels)
METADATA = Record(
    "metadata",
    {
        "name": Field(TEXT, "the object's name"),
        "namespace": Field(TEXT, "its namespace"),
        "labels": Field(LABELS, "labels it must carry"),
    },
)
TARGET_FIELDS = {
    "apiVersion": Field(TEXT, "group and version; the cluster's preferred one when left out"),
    "kind": Field(TEXT, "the kind, as in a manifest or as kubectl abbreviates it"),
    "name": Field(TEXT, "the object's name"),
    "namespace": Field(TEXT, "its namespace; the module's when left out, '*' for all"),
    "labels": Field(LABELS, "labels that select the objects"),
    "selector": Field(LABELS, "the same as labels"),
    "where": Field(Parsed("a map of paths to matchers", _where), "conditions on fields, by path"),
    "metadata": Field(Parsed("metadata", _metadata), "name, namespace and labels, as in a manifest"),
    "cluster": Field(TEXT, "which of several clusters"),
}
TARGET_RECORD = Record("the target", TARGET_FIELDS)


def kind_name(text: str) -> str:
    """The kind that kubectl's short or plural name means; the text itself when it is none of those."""
    return KINDS.get(text.lower(), text)


def read_target(node: Node, findings: Findings) -> Any:
    """A Target from a map or from `kind/name`; INVALID after reporting why."""
    if isinstance(node, nodes.Scalar):
        return _short_target(node, findings)
    values = TARGET_RECORD.read(node, findings)
    return INVALID if values is INVALID else target_from(values, node, findings)


def target_from(values: dict[str, Any], node: Node, findings: Findings) -> Any:
    """A Target from the values of TARGET_FIELDS; `on: deploy/web` may stand for all of them."""
    on = values.get("on")
    if isinstance(on, Target):
        return on
    if "kind" not in values:
        present = isinstance(node, nodes.Mapping) and ("kind" in node.entries or "on" in node.entries)
        if not present:
            remedy = "add kind: Deployment and a name, or write it like deploy/web"
            findings.error(node.place, "missing-key", "this names no kind of object", remedy)
        return INVALID
    kind, _, tail = values["kind"].partition("/")
    metadata = values.get("metadata", {})
    return Target(
        kind=kind_name(kind),
        api_version=values.get("apiVersion", ""),
        name=values.get("name") or metadata.get("name") or tail or None,
        namespace=values.get("namespace") or metadata.get("namespace"),
        labels=values.get("labels") or values.get("selector") or metadata.get("labels"),
        fields=values.get("where", ()),
        cluster=values.get("cluster", "main"),
    )


def _short_target(node: nodes.Scalar, findings: Findings) -> Any:
    found = _SHORT.fullmatch(node.text)
    if not found:
        return wrong_type(
            node, "an object", findings, "write it like deploy/web, or as a map with kind and name"
        )
    return Target(kind=kind_name(found[1]), name=found[2])


TARGET = Parsed("an object such as deploy/web", read_target)
