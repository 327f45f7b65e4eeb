"""What a container needs from other objects before it can be made: its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.objects import Obj, get_path, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

KINDS = {"configMap": ("configmaps", "configmap", "ConfigMap"), "secret": ("secrets", "secret", "Secret")}


def keys_of(obj: Obj) -> set[str]:
    """The keys of a ConfigMap or a Secret."""
    return {*(obj.get("data") or {}), *(obj.get("binaryData") or {})}


def environment_problem(api: Api, pod: Obj, container: Obj) -> str:
    """The kubelet's error for an environment that cannot be put together; empty when it can."""
    namespace = namespace_of(pod)
    for source in container.get("envFrom") or []:
        for field in ("configMap", "secret"):
            reference = source.get(f"{field}Ref")
            if reference and not reference.get("optional"):
                gr, word, _ = KINDS[field]
                if api.store.get(gr, namespace, reference.get("name", "")) is None:
                    return f'{word} "{reference.get("name", "")}" not found'
    for variable in container.get("env") or []:
        for field in ("configMap", "secret"):
            reference = get_path(variable, "valueFrom", f"{field}KeyRef")
            if not reference or reference.get("optional"):
                continue
            gr, word, kind = KINDS[field]
            found = api.store.get(gr, namespace, reference.get("name", ""))
            if found is None:
                return f'{word} "{reference.get("name", "")}" not found'
            if reference.get("key") not in keys_of(found):
                return f"couldn't find key {reference.get('key')} in {kind} {namespace}/{reference['name']}"
    return ""


def environment(api: Api, pod: Obj, container: Obj) -> dict[str, str]:
    """The variables whose values are known: literals, ConfigMap keys, the pod's own name and namespace."""
    namespace = namespace_of(pod)
    out: dict[str, str] = {"HOSTNAME": get_path(pod, "spec", "hostname", default="") or name_of(pod)}
    for source in container.get("envFrom") or []:
        if source.get("configMapRef"):
            found = api.store.get("configmaps", namespace, source["configMapRef"].get("name", "")) or {}
            prefix = source.get("prefix") or ""
            out.update({prefix + k: v for k, v in (found.get("data") or {}).items()})
    own = {
        "metadata.name": name_of(pod),
        "metadata.namespace": namespace,
        "metadata.uid": get_path(pod, "metadata", "uid", default=""),
        "spec.nodeName": get_path(pod, "spec", "nodeName", default=""),
        "spec.serviceAccountName": get_path(pod, "spec", "serviceAccountName", default=""),
        "status.podIP": get_path(pod, "status", "podIP", default=""),
        "status.hostIP": get_path(pod, "status", "hostIP", default=""),
    }
    for variable in container.get("env") or []:
        source = variable.get("valueFrom")
        if source is None:
            out[variable["name"]] = variable.get("value") or ""
        elif source.get("configMapKeyRef"):
            reference = source["configMapKeyRef"]
            found = api.store.get("configmaps", namespace, reference.get("name", "")) or {}
            out[variable["name"]] = (found.get("data") or {}).get(reference.get("key"), "")
        elif source.get("fieldRef"):
            out[variable["name"]] = own.get(source["fieldRef"].get("fieldPath", ""), "")
    return out


def missing_pull_secrets(api: Api, pod: Obj) -> str:
    """What the kubelet says of ``imagePullSecrets`` that do not exist; empty when all do."""
    named = [s.get("name", "") for s in get_path(pod, "spec", "imagePullSecrets", default=[])]
    missing = [name for name in named if name and api.store.get("secrets", namespace_of(pod), name) is None]
    if not missing:
        return ""
    which = ", ".join(missing)
    return (
        f"Unable to retrieve some image pull secrets ({which}); attempting to pull the image may not succeed."
    )
