"""Warnings that come with services, slices, policies, volumes and classes that are accepted."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import strategy
from tests.sim.manifests import made, type_of

ZONE = "failure-domain.beta.kubernetes.io/zone"
OLD_ZONE = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'


@pytest.mark.parametrize(
    ("gr", "top", "wanted"),
    [
        ("services", {"spec": {"clusterIP": "None", "clusterIPs": ["None"], "sessionAffinity": "ClientIP"}},
         ["spec.SessionAffinity is ignored for headless services"]),
        ("services", {"spec": {"externalIPs": ["fd00:0::1"]}},
         ['spec.externalIPs[0]: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")',
          "spec.externalIPs is deprecated and may no longer be implemented in some clusters"]),
        ("services", {"spec": {"type": "ExternalName", "externalName": "a", "externalIPs": ["1.2.3.4"]}},
         ['spec.externalIPs is ignored when spec.type is "ExternalName"']),
        ("services", {"spec": {"externalName": "a"}}, ['spec.externalName is ignored when spec.type is not "ExternalName"']),
        ("services", {"spec": {"trafficDistribution": "PreferClose"}},
         ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']),
        ("endpointslices.discovery.k8s.io", {"addressType": "FQDN"}, ["addressType: FQDN endpoints are deprecated"]),
        ("ingresses.networking.k8s.io", {"metadata": {"annotations": {"kubernetes.io/ingress.class": "nginx"}}},
         ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]),
        ("networkpolicies.networking.k8s.io", {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "fd00:0::/64"}}]}]}},
         ['spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "fd00:0::/64" should be in RFC 5952 canonical format '
          '("fd00::/64")']),
        ("persistentvolumes",
         {"spec": {"persistentVolumeReclaimPolicy": "Recycle", "cephfs": {"monitors": ["a"]}},
          "metadata": {"annotations": {"volume.beta.kubernetes.io/mount-options": "ro"}}},
         ['metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" '
          "attribute instead",
          "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach "
          "is to use dynamic provisioning.",
          "spec.cephfs: deprecated in v1.28, non-functional in v1.31+"]),
        ("persistentvolumeclaims", {"metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "s"}}},
         ['metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" '
          "attribute instead"]),
        ("storageclasses.storage.k8s.io", {"allowedTopologies": [{"matchLabelExpressions": [{"key": ZONE}]}]},
         [f"allowedTopologies[0].matchLabelExpressions[0].key: {OLD_ZONE}"]),
    ],
)  # fmt: skip
def test_warnings(gr: str, top: dict[str, Any], wanted: list[str]) -> None:
    assert strategy.warnings(made(gr, **top), None, type_of(gr)) == wanted
