"""Volumes that cannot be set up for a pod, in the kubelet's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.volume_matching import is_bound
from labrunner.sim.node.config import KINDS, keys_of
from labrunner.sim.objects import Obj, get_path, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

# What every node has, whatever it runs.
_FOLDERS: Final = frozenset(
    (
        "/", "/bin", "/boot", "/dev", "/etc", "/etc/cni/net.d", "/etc/kubernetes", "/etc/kubernetes/manifests",
        "/etc/kubernetes/pki", "/etc/ssl", "/etc/ssl/certs", "/home", "/lib", "/lib/modules", "/lib64", "/media",
        "/mnt", "/opt", "/opt/cni", "/opt/cni/bin", "/proc", "/root", "/run", "/run/containerd", "/sbin", "/srv",
        "/sys", "/sys/fs/cgroup", "/tmp", "/usr", "/usr/local", "/usr/share", "/usr/share/ca-certificates",  # noqa: S108
        "/var", "/var/lib", "/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/log",
        "/var/log/containers", "/var/log/pods", "/var/run", "/var/tmp",  # noqa: S108
    )
)  # fmt: skip
_FILES: Final = frozenset(
    (
        "/etc/group", "/etc/hostname", "/etc/hosts", "/etc/localtime", "/etc/machine-id", "/etc/os-release",
        "/etc/passwd", "/etc/resolv.conf", "/etc/shadow", "/var/lib/kubelet/config.yaml",
        "/etc/kubernetes/kubelet.conf",
    )
)  # fmt: skip
_SOCKETS: Final = frozenset(("/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"))
_TYPES: Final[dict[str, tuple[frozenset[str], str]]] = {
    "Directory": (_FOLDERS, "directory"),
    "File": (_FILES, "file"),
    "Socket": (_SOCKETS, "socket file"),
    "CharDevice": (frozenset(("/dev/null", "/dev/zero", "/dev/random", "/dev/fuse")), "character device"),
    "BlockDevice": (frozenset(), "block device"),
}


def problems(api: Api, pod: Obj) -> list[str]:
    """Messages of the ``FailedMount`` events for volumes that cannot be set up; empty when all can."""
    claims = _claim_problems(api, pod)
    if claims:
        return claims
    out: list[str] = []
    for volume in get_path(pod, "spec", "volumes", default=[]):
        for source in (volume, *get_path(volume, "projected", "sources", default=[])):
            problem = _config_problem(api, namespace_of(pod), source) or _own_problem(source)
            if problem:
                out.append(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {problem}')
                break
    return out


def _claim_problems(api: Api, pod: Obj) -> list[str]:
    """Claims that are missing or unbound: only a pod that met no scheduler comes here with one."""
    namespace = namespace_of(pod)
    for volume in get_path(pod, "spec", "volumes", default=[]):
        name = get_path(volume, "persistentVolumeClaim", "claimName")
        if volume.get("ephemeral"):
            name = f"{name_of(pod)}-{volume['name']}"
        if not name:
            continue
        claim = api.store.get("persistentvolumeclaims", namespace, name)
        if claim is not None and is_bound(claim):
            continue
        missing = f'failed to fetch PVC from API server: persistentvolumeclaims "{name}" not found'
        why = missing if claim is None else "PVC is not bound"
        which = f"unmounted volumes=[{volume['name']}], unattached volumes=[]"
        return [
            f"Unable to attach or mount volumes: {which}, failed to process volumes=[{volume['name']}]: "
            f"error processing PVC {namespace}/{name}: {why}"
        ]
    return []


def _own_problem(source: Obj) -> str:
    path = get_path(source, "hostPath", "path")
    present, noun = _TYPES.get(get_path(source, "hostPath", "type", default=""), (frozenset(), ""))
    if noun and str(path).rstrip("/") not in present and path != "/":
        return f"hostPath type check failed: {path} is not a {noun}"
    driver = get_path(source, "csi", "driver")
    if driver:
        start = "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client"
        return f"{start}: driver name {driver} not found in the list of registered CSI drivers"
    return ""


def _config_problem(api: Api, namespace: str, source: Obj) -> str:
    for field in ("configMap", "secret"):
        given = source.get(field)
        if not given or given.get("optional"):
            continue
        gr, word, _ = KINDS[field]
        name = given.get("name") or given.get("secretName") or ""
        found = api.store.get(gr, namespace, name)
        if found is None:
            return f'{word} "{name}" not found'
        for item in given.get("items") or []:
            if item.get("key") not in keys_of(found):
                what = "secret" if field == "secret" else "config"
                return f"{word} references non-existent {what} key: {item.get('key')}"
    return ""
