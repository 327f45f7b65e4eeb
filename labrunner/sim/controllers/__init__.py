"""The controllers of the simulated cluster: they turn what was asked for into what is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.controllers.autoscaling import AutoscalerController
from labrunner.sim.controllers.cronjob import CronJobController
from labrunner.sim.controllers.daemonset import DaemonSetController
from labrunner.sim.controllers.deployment import DeploymentController
from labrunner.sim.controllers.disruption import DisruptionController
from labrunner.sim.controllers.endpoints import EndpointsController, EndpointSliceController
from labrunner.sim.controllers.ephemeral_volumes import EphemeralVolumes
from labrunner.sim.controllers.expiry import ExpiryController
from labrunner.sim.controllers.flow_schemas import FlowSchemaStatus
from labrunner.sim.controllers.garbage import GarbageCollector
from labrunner.sim.controllers.job import JobController
from labrunner.sim.controllers.mirroring import MirroringController
from labrunner.sim.controllers.namespaces import NamespaceController
from labrunner.sim.controllers.nodes import (
    HeartbeatController,
    NodeController,
    OrphanedPods,
    TaintEviction,
)
from labrunner.sim.controllers.own_objects import (
    ClusterAddresses,
    CustomGroups,
    ExtensionServers,
    OwnService,
    ServiceNetworks,
)
from labrunner.sim.controllers.policies import PolicyStatusController
from labrunner.sim.controllers.quota import QuotaController
from labrunner.sim.controllers.replicaset import REPLICATION_CONTROLLER, ReplicaSetController
from labrunner.sim.controllers.runner import Controller, Runner
from labrunner.sim.controllers.scheduler import SchedulerController
from labrunner.sim.controllers.serviceaccounts import NamespaceDefaults, TokenMaker, TokenSecrets
from labrunner.sim.controllers.signing import ApprovingController, RequestCleaner, Sign, SigningController
from labrunner.sim.controllers.statefulset import StatefulSetController
from labrunner.sim.controllers.volume_phases import VolumeController
from labrunner.sim.controllers.volume_protection import ClaimProtection, VolumeProtection
from labrunner.sim.controllers.volumes import ClaimController
from labrunner.sim.node.kubelet import KubeletController

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

__all__ = ["Controllers", "start"]


class Controllers:
    """All controllers, running."""

    def __init__(self, api: Api, controllers: list[Controller]) -> None:
        self._runner = Runner(api, controllers)
        self._runner.start()

    def resync(self) -> None:
        """Look at every object again: to be called after a snapshot was restored."""
        self._runner.resync()

    def stop(self) -> None:
        """Stop all work; timers are cancelled."""
        self._runner.stop()


def start(
    api: Api, *, root_ca: str = "", make_token: TokenMaker | None = None, sign: Sign | None = None
) -> Controllers:
    """Start every controller, the scheduler and the simulated nodes on *api*; works with a FakeClock too.

    *root_ca* is the PEM text that ``kube-root-ca.crt`` shows; *make_token* makes the token of a ServiceAccount for a
    Secret of type ``kubernetes.io/service-account-token`` (without it such Secrets stay empty); *sign* makes
    certificates of approved signing requests (without it they stay unsigned).
    """
    return Controllers(
        api,
        [
            NamespaceDefaults(api, root_ca),
            TokenSecrets(api, root_ca, make_token),
            DeploymentController(api),
            ReplicaSetController(api),
            ReplicaSetController(api, REPLICATION_CONTROLLER),
            StatefulSetController(api),
            DaemonSetController(api),
            JobController(api),
            CronJobController(api),
            ClusterAddresses(api),
            ServiceNetworks(api),
            CustomGroups(api),
            ExtensionServers(api),
            OwnService(api),
            FlowSchemaStatus(api),
            EndpointSliceController(api),
            EndpointsController(api),
            MirroringController(api),
            NamespaceController(api),
            GarbageCollector(api),
            DisruptionController(api),
            PolicyStatusController(api),
            QuotaController(api),
            AutoscalerController(api),
            ExpiryController(api),
            NodeController(api),
            HeartbeatController(api),
            TaintEviction(api),
            OrphanedPods(api),
            ApprovingController(api),
            SigningController(api, sign),
            RequestCleaner(api),
            ClaimController(api),
            VolumeController(api),
            EphemeralVolumes(api),
            ClaimProtection(api),
            VolumeProtection(api),
            SchedulerController(api),
            KubeletController(api),
        ],
    )
