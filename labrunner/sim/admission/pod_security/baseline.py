"""The controls of the *baseline* level, in the order they are reported."""

from __future__ import annotations

from typing import Final

from labrunner.sim.admission.pod_security.visit import Violation, containers, context, named, plural, quoted
from labrunner.sim.objects import Obj, annotations_of

_CAPABILITIES: Final = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)
SYSCTLS: Final = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
}
"""Harmless sysctls and the minor version of the policy since which they are."""
_SELINUX_TYPES: Final = frozenset(("", "container_t", "container_init_t", "container_kvm_t"))
_ENGINE: Final = "container_engine_t"
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def apparmor(pod: Obj) -> Violation | None:
    """AppArmor may not be switched off."""
    spec: Obj = pod.get("spec") or {}
    setters: list[str] = []
    if (context(spec).get("appArmorProfile") or {}).get("type") == "Unconfined":
        setters.append("pod")
    bad = [
        c.get("name", "")
        for c in containers(spec)
        if (context(c).get("appArmorProfile") or {}).get("type") == "Unconfined"
    ]
    if bad:
        setters.append(named(bad))
    details = []
    if setters:
        details.append(
            f'{" and ".join(setters)} must not set securityContext.appArmorProfile.type to "Unconfined"'
        )
    forbidden = [
        f'{key}="{value}"'
        for key, value in sorted(annotations_of(pod).items())
        if key.startswith(_APPARMOR)
        and value not in ("", "runtime/default")
        and not value.startswith("localhost/")
    ]
    if forbidden:
        details.append(f"{plural('annotation', 'annotations', len(forbidden))} {', '.join(forbidden)}")
    if not details:
        return None
    count = len(setters) + len(forbidden)
    return Violation(
        plural("forbidden AppArmor profile", "forbidden AppArmor profiles", count), "; ".join(details)
    )


def capabilities(pod: Obj) -> Violation | None:
    """Only capabilities that a container runtime grants by default may be added."""
    bad: list[str] = []
    wanted: set[str] = set()
    for container in containers(pod.get("spec") or {}):
        added = (context(container).get("capabilities") or {}).get("add") or []
        extra = {c for c in added if c not in _CAPABILITIES}
        if extra:
            bad.append(container.get("name", ""))
            wanted |= extra
    if not bad:
        return None
    text = f"{named(bad)} must not include {quoted(sorted(wanted))} in securityContext.capabilities.add"
    return Violation("non-default capabilities", text)


def host_namespaces(pod: Obj) -> Violation | None:
    """The host's network, process and IPC namespaces stay the host's."""
    spec: Obj = pod.get("spec") or {}
    shared = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return Violation("host namespaces", ", ".join(shared)) if shared else None


def host_path(pod: Obj) -> Violation | None:
    """No directories of the host."""
    volumes = (pod.get("spec") or {}).get("volumes") or []
    bad = [v.get("name", "") for v in volumes if v.get("hostPath") is not None]
    return Violation("hostPath volumes", named(bad, "volume", "volumes")) if bad else None


def host_ports(pod: Obj) -> Violation | None:
    """No ports of the host."""
    bad: list[str] = []
    ports: set[int] = set()
    for container in containers(pod.get("spec") or {}):
        own = {p["hostPort"] for p in container.get("ports") or [] if p.get("hostPort")}
        if own:
            bad.append(container.get("name", ""))
            ports |= own
    if not bad:
        return None
    shown = ", ".join(sorted(str(port) for port in ports))
    use = f"{plural('uses', 'use', len(bad))} {plural('hostPort', 'hostPorts', len(ports))}"
    return Violation("hostPort", f"{named(bad)} {use} {shown}")


def probe_hosts(pod: Obj) -> Violation | None:
    """Probes and hooks talk to the pod, not to hosts of their author's choice."""
    bad: list[str] = []
    hosts: set[str] = set()
    for container in containers(pod.get("spec") or {}):
        handlers = [container.get(key) or {} for key in _PROBES]
        lifecycle: Obj = container.get("lifecycle") or {}
        handlers += [lifecycle.get(key) or {} for key in ("postStart", "preStop")]
        own = {
            (handler.get(key) or {}).get("host") or ""
            for handler in handlers
            for key in ("httpGet", "tcpSocket")
        } - {""}
        if own:
            bad.append(container.get("name", ""))
            hosts |= own
    if not bad:
        return None
    text = f"{named(bad)} {plural('uses', 'use', len(bad))} probe or lifecycle "
    return Violation(
        "probe or lifecycle host", f"{text}{plural('host', 'hosts', len(hosts))} {quoted(sorted(hosts))}"
    )


def privileged(pod: Obj) -> Violation | None:
    """No privileged containers."""
    bad = [
        c.get("name", "")
        for c in containers(pod.get("spec") or {})
        if (c.get("securityContext") or {}).get("privileged")
    ]
    return (
        Violation("privileged", f"{named(bad)} must not set securityContext.privileged=true") if bad else None
    )


def proc_mount(pod: Obj, *, own_users: bool = True) -> Violation | None:
    """/proc stays masked, but for pods with a user namespace where *own_users*."""
    spec: Obj = pod.get("spec") or {}
    if own_users and spec.get("hostUsers") is False:
        return None
    found = [
        (c.get("name", ""), context(c)["procMount"])
        for c in containers(spec)
        if context(c).get("procMount") not in (None, "Default")
    ]
    if not found:
        return None
    values = quoted(sorted({value for _, value in found}))
    text = f"{named([name for name, _ in found])} must not set securityContext.procMount to {values}"
    return Violation("procMount", text)


def selinux(pod: Obj, *, engine: bool = True) -> Violation | None:
    """SELinux types of containers (and of their engine) only; no users or roles."""
    allowed = _SELINUX_TYPES | {_ENGINE} if engine else _SELINUX_TYPES
    spec: Obj = pod.get("spec") or {}
    setters, types, user, role = [], set(), False, False
    holders = [("pod", spec)] + [(c.get("name", ""), c) for c in containers(spec)]
    names: list[str] = []
    for i, (name, holder) in enumerate(holders):
        options: Obj = context(holder).get("seLinuxOptions") or {}
        bad_type = (options.get("type") or "") not in allowed
        if not (bad_type or options.get("user") or options.get("role")):
            continue
        if bad_type:
            types.add(options["type"])
        user, role = user or bool(options.get("user")), role or bool(options.get("role"))
        if i == 0:
            setters.append("pod")
        else:
            names.append(name)
    if names:
        setters.append(named(names))
    if not setters:
        return None
    data = [f"{plural('type', 'types', len(types))} {quoted(sorted(types))}"] if types else []
    data += ["user may not be set"] if user else []
    data += ["role may not be set"] if role else []
    verb = plural("set", "set", len(setters)) if names or len(setters) > 1 else "set"
    text = f"{' and '.join(setters)} {verb} forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
    return Violation("seLinuxOptions", text)


def seccomp(pod: Obj) -> Violation | None:
    """Seccomp may not be switched off."""
    spec: Obj = pod.get("spec") or {}
    setters: list[str] = []
    if (context(spec).get("seccompProfile") or {}).get("type") == "Unconfined":
        setters.append("pod")
    bad = [
        c.get("name", "")
        for c in containers(spec)
        if (context(c).get("seccompProfile") or {}).get("type") == "Unconfined"
    ]
    if bad:
        setters.append(named(bad))
    if not setters:
        return None
    text = f'{" and ".join(setters)} must not set securityContext.seccompProfile.type to "Unconfined"'
    return Violation("seccompProfile", text)


def sysctls(pod: Obj, *, minor: int = 32) -> Violation | None:
    """Only sysctls that are namespaced and harmless."""
    found = context(pod.get("spec") or {}).get("sysctls") or []
    bad = [s.get("name", "") for s in found if SYSCTLS.get(s.get("name", ""), minor + 1) > minor]
    return Violation("forbidden sysctls", ", ".join(bad)) if bad else None


def host_process(pod: Obj) -> Violation | None:
    """No Windows host processes."""
    spec: Obj = pod.get("spec") or {}
    bad = [
        c.get("name", "")
        for c in containers(spec)
        if (context(c).get("windowsOptions") or {}).get("hostProcess")
    ]
    setters = ["pod"] if (context(spec).get("windowsOptions") or {}).get("hostProcess") else []
    if bad:
        setters.append(named(bad))
    if not setters:
        return None
    text = f"{' and '.join(setters)} must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", text)
