"""ServiceAccount: pods run as one, and get its token mounted."""

from __future__ import annotations

import secrets
from typing import Final

from labrunner.sim.admission.request import Request
from labrunner.sim.objects import Obj, annotations_of, clone, get_path, name_of

MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_ENFORCED: Final = "kubernetes.io/enforce-mountable-secrets"
_TRUE: Final = ("true", "t", "1")
_PREFIX: Final = "kube-api-access-"
_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_SOURCES: Final[list[Obj]] = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
    {
        "downwardAPI": {
            "items": [
                {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
            ]
        }
    },
]


def assign(request: Request) -> None:
    """Name the service account, copy its pull secrets, mount its token. Raises ApiError 403."""
    pod = request.object
    if pod is None or not request.creates("pods"):
        return
    if "kubernetes.io/config.mirror" in annotations_of(pod):
        return
    spec: Obj = pod.setdefault("spec", {})
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account = request.api.store.get("serviceaccounts", request.namespace, name)
    if account is None:
        missing = f'serviceaccount "{name}" not found'
        raise request.forbid(f"error looking up service account {request.namespace}/{name}: {missing}")
    if annotations_of(account).get(_ENFORCED, "").lower() in _TRUE:
        problem = _unlisted(spec, account)
        if problem:
            raise request.forbid(problem)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = clone(account["imagePullSecrets"])
    if _automount(spec, account):
        _mount(spec)


def _unlisted(spec: Obj, account: Obj) -> str:
    """The first secret that *spec* uses and *account* does not list, in the plugin's words; or ""."""
    listed = {item.get("name") for item in account.get("secrets") or ()}
    end = f"is not allowed because service account {name_of(account)} does not reference that"
    for volume in spec.get("volumes") or ():
        name = (volume.get("secret") or {}).get("secretName")
        if name and name not in listed:
            return f'volume with secret.secretName="{name}" {end} secret'
    for key, title in (("initContainers", "init container"), ("containers", "container")):
        for container in spec.get(key) or ():
            for variable in container.get("env") or ():
                name = get_path(variable, "valueFrom", "secretKeyRef", "name")
                if name and name not in listed:
                    about = f"{title} {container.get('name')} with envVar {variable.get('name')}"
                    return f'{about} referencing secret.secretName="{name}" {end} secret'
    pulled = {item.get("name") for item in account.get("imagePullSecrets") or ()}
    for i, item in enumerate(spec.get("imagePullSecrets") or ()):
        if item.get("name") not in pulled:
            return f'imagePullSecrets[{i}].name="{item.get("name")}" {end} imagePullSecret'
    return ""


def _automount(spec: Obj, account: Obj) -> bool:
    for holder in (spec, account):
        wanted = holder.get("automountServiceAccountToken")
        if wanted is not None:
            return bool(wanted)
    return True


def _mount(spec: Obj) -> None:
    existing = [
        v.get("name", "")
        for v in spec.get("volumes") or []
        if v.get("name", "").startswith(_PREFIX) and (v.get("projected") or {}).get("sources") == _SOURCES
    ]
    name = existing[0] if existing else _PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(5))
    mounted = False
    for key in ("initContainers", "containers"):
        for container in spec.get(key) or []:
            mounts = container.setdefault("volumeMounts", [])
            if any(m.get("mountPath") == MOUNT_PATH for m in mounts):
                continue
            mounts.append({"name": name, "readOnly": True, "mountPath": MOUNT_PATH})
            mounted = True
    if mounted and not existing:
        volume = {"name": name, "projected": {"sources": clone(_SOURCES), "defaultMode": 420}}
        spec.setdefault("volumes", []).append(volume)
