"""Pod templates: their hash as it appears in names and labels, comparison, and the pod made from one."""

from __future__ import annotations

from typing import Final

from labrunner.sim.controllers.ownership import controller_reference
from labrunner.sim.objects import Obj, clone, get_path, namespace_of

HASH_LABEL: Final = "pod-template-hash"
REVISION_LABEL: Final = "controller-revision-hash"
_SAFE: Final = "bcdfghjklmnpqrstvwxz2456789"


def fnv32a(data: bytes) -> int:
    """The 32-bit FNV-1a hash."""
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def fnv32(data: bytes) -> int:
    """The 32-bit FNV-1 hash: multiplied first, in contrast to :func:`fnv32a`."""
    value = 0x811C9DC5
    for byte in data:
        value = ((value * 0x01000193) & 0xFFFFFFFF) ^ byte
    return value


def safe_encode(text: str) -> str:
    """*text* in the alphabet that generated names use: no vowels, nothing that reads as a word."""
    return "".join(_SAFE[ord(c) % len(_SAFE)] for c in text)


def template_hash(template: Obj, collisions: int = 0) -> str:
    """The hash that the real controllers give a pod template. *collisions* gives another one to the same template."""
    # Loaded when the first template is hashed: the table of types is large.
    from labrunner.sim.controllers.template_dump import dump

    data = dump(template).encode()
    if collisions:
        data += collisions.to_bytes(8, "little")
    return safe_encode(str(fnv32a(data)))


def without_hash(template: Obj) -> Obj:
    """The template without the label the controllers add to it."""
    labels = get_path(template, "metadata", "labels", default={})
    if HASH_LABEL not in labels:
        return template
    bare = clone(template)
    del bare["metadata"]["labels"][HASH_LABEL]
    if not bare["metadata"]["labels"]:
        del bare["metadata"]["labels"]
    return _tidy(bare)


def _tidy(template: Obj) -> Obj:
    """No difference between an absent and an empty ``metadata``."""
    if template.get("metadata") in ({}, None) or template["metadata"] == {"creationTimestamp": None}:
        return {k: v for k, v in template.items() if k != "metadata"}
    return template


def same_template(a: Obj, b: Obj) -> bool:
    """Whether two templates differ in nothing but the added hash label."""
    return _tidy(without_hash(a)) == _tidy(without_hash(b))


def pod_from(template: Obj, owner: Obj, *, name: str = "", generate_name: str = "") -> Obj:
    """A pod as *owner*'s controller creates it: labels and annotations of the template, owned."""
    metadata: Obj = {"namespace": namespace_of(owner)}
    if name:
        metadata["name"] = name
    else:
        metadata["generateName"] = generate_name
    given = template.get("metadata") or {}
    for field in ("labels", "annotations", "finalizers"):
        if given.get(field):
            metadata[field] = clone(given[field])
    metadata["ownerReferences"] = [controller_reference(owner)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": clone(template.get("spec") or {}),
    }
