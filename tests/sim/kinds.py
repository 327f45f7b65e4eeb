"""Resource types as the rooms below the API see them, for tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rt:
    group: str
    version: str
    kind: str
    plural: str = ""
    custom: bool = False


POD = Rt("", "v1", "Pod", "pods")
CONFIG_MAP = Rt("", "v1", "ConfigMap", "configmaps")
SERVICE = Rt("", "v1", "Service", "services")
DEPLOYMENT = Rt("apps", "v1", "Deployment", "deployments")
ROLE = Rt("rbac.authorization.k8s.io", "v1", "Role", "roles")
ROLE_BINDING = Rt("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
CRON_TAB = Rt("stable.example.com", "v1", "CronTab", "crontabs", True)
