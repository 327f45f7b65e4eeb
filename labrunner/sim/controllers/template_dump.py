"""A pod template as the controllers print it before they hash it: every field with its Go type, set or not.

The form is that of the ``spew`` library with ``%#v``; the hash of it names replica sets and daemon revisions.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity
from labrunner.sim.schema.gotypes import Field, Struct, Type, struct

_TEMPLATE: Final = "io.k8s.api.core.v1.PodTemplateSpec"
_ZERO_TIME: Final = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"
_NIL: Final = "<nil>"
# Words whose Go spelling is more than a capital first letter; "Struct.word" where it is so in one struct only.
_SPELLINGS: Final = (
    "metadata=ObjectMeta uid=UID ip=IP os=OS tty=TTY nfs=NFS rbd=RBD csi=CSI fc=FC iqn=IQN grpc=GRPC iscsi=ISCSI "
    "cephfs=CephFS storageos=StorageOS wwids=WWIDs dnsPolicy=DNSPolicy dnsConfig=DNSConfig httpGet=HTTPGet "
    "tcpSocket=TCPSocket httpHeaders=HTTPHeaders apiVersion=APIVersion apiGroup=APIGroup fsGroup=FSGroup "
    "fsGroupChangePolicy=FSGroupChangePolicy fsType=FSType seLinuxOptions=SELinuxOptions "
    "seLinuxChangePolicy=SELinuxChangePolicy PodSpec.serviceAccount=DeprecatedServiceAccount pdName=PDName "
    "gcePersistentDisk=GCEPersistentDisk awsElasticBlockStore=AWSElasticBlockStore sslEnabled=SSLEnabled "
    "iscsiInterface=ISCSIInterface chapAuthDiscovery=DiscoveryCHAPAuth chapAuthSession=SessionCHAPAuth "
    "gmsaCredentialSpec=GMSACredentialSpec gmsaCredentialSpecName=GMSACredentialSpecName diskURI=DataDiskURI "
    "RBDVolumeSource.monitors=CephMonitors RBDVolumeSource.image=RBDImage RBDVolumeSource.pool=RBDPool "
    "RBDVolumeSource.user=RadosUser GlusterfsVolumeSource.endpoints=EndpointsName"
)
_SPELLED: Final = dict(pair.split("=") for pair in _SPELLINGS.split())
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def dump(template: Obj) -> str:
    """The text that is hashed."""
    return f"(v1.PodTemplateSpec){_struct(struct(_TEMPLATE), template)}"


@cache
def _go_field(owner: str, field: Field) -> str:
    if field.inline:
        return field.type.go.rpartition(".")[2]
    word = field.json
    short = owner.rpartition(".")[2]
    return _SPELLED.get(f"{short}.{word}") or _SPELLED.get(word) or word[:1].upper() + word[1:]


def _struct(found: Struct, value: Obj) -> str:
    parts: list[str] = []
    for field in found.declared:
        own = value if field.inline else value.get(field.json)
        star = "*" if field.pointer else ""
        shown = _NIL if field.pointer and own is None else _value(field.type, own)
        parts.append(f"{_go_field(found.go, field)}:({star}{field.type.go}){shown}")
    return "{" + " ".join(parts) + "}"


def _value(kind: Type, value: Any) -> str:
    """A value without its type."""
    if kind.kind == "struct":
        return _struct(struct(kind.name), value or {})
    if kind.kind == "list":
        return f"[{' '.join(_value(_elem(kind), v) for v in value)}]" if value else _NIL
    if kind.kind == "map":
        items = sorted((value or {}).items())
        return f"map[{' '.join(f'{k}:{_value(_elem(kind), v)}' for k, v in items)}]" if items else _NIL
    if kind.kind in ("string", "int", "float"):
        return str(value if value is not None else "" if kind.kind == "string" else 0)
    if kind.kind == "bool":
        return "true" if value else "false"
    if kind.kind == "quantity":
        return _quantity(value)
    if kind.kind == "int-or-string":
        text = value if isinstance(value, str) else ""
        number = value if isinstance(value, int) else 0
        return f"{{Type:(intstr.Type){int(bool(text))} IntVal:(int32){number} StrVal:(string){text}}}"
    return _ZERO_TIME if kind.kind == "time" else _NIL


def _elem(kind: Type) -> Type:
    assert kind.elem is not None, "lists and maps have elements"
    return kind.elem


def _quantity(value: Any) -> str:
    text = str(Quantity.parse(value)) if value is not None else ""
    number, scale, form = _parts(text)
    # Go keeps the text of a decimal quantity that it has read, but not of a binary one.
    kept = "" if form == "BinarySI" else text
    return (
        f"{{i:(resource.int64Amount){{value:(int64){number} scale:(resource.Scale){scale}}} "
        f"d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){kept} Format:(resource.Format){form}}}"
    )


def _parts(text: str) -> tuple[int, int, str]:
    """Value, decimal scale and format of a canonical quantity."""
    if text in ("", "0"):
        return 0, 0, ""
    mantissa, mark, exponent = text.partition("e")
    if mark and exponent.lstrip("+-").isdigit():
        return int(mantissa), int(exponent), "DecimalExponent"
    digits = text.rstrip("numkMGTPEKi")
    suffix = text[len(digits) :]
    if suffix in _BINARY:
        return int(digits) << _BINARY[suffix], 0, "BinarySI"
    return int(digits), _DECIMAL[suffix], "DecimalSI"
