"""As whom controllers act: policies see their service accounts."""

from __future__ import annotations

import pytest

from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from tests.sim.life.conftest import Cluster, deployment
from tests.sim.policies.manifests import BINDINGS, POLICIES, binding, policy, rule

ACCOUNT = "system:serviceaccount:kube-system:replicaset-controller"


def test_pods_of_replica_sets_are_made_by_their_controllers_account(cluster: Cluster) -> None:
    only: Obj = {
        "expression": f"request.userInfo.username == '{ACCOUNT}' && "
        "'system:serviceaccounts:kube-system' in request.userInfo.groups"
    }
    cluster.api.create(POLICIES, policy(only, rules=[rule("pods", operations=["CREATE"])]))
    cluster.api.create(BINDINGS, binding())
    cluster.create("deployments.apps", "web", spec=deployment(2))
    cluster.clock.advance(5)
    assert len(cluster.names("pods")) == 2
    pod = {"metadata": {"name": "own", "namespace": "default"}, "spec": deployment()["template"]["spec"]}
    with pytest.raises(ApiError, match="denied request"):
        cluster.api.create("pods", pod)
