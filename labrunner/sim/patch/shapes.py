"""How server-side apply sees a type: what merges field by field, what item by item, and what is one atom.

Shapes come from the Go types of built-in kinds, from the structural schema of a custom resource, or, where nothing is
known, from the values themselves (maps merge, lists are atoms).
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal

from labrunner.sim.objects import Obj
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.decoding import Kind
from labrunner.sim.schema.gotypes import Field, Type

Form = Literal["map", "list", "scalar", "any"]
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class Shape:
    """The shape of a value. ``any`` takes its form from the value; ``scalar`` names what scalars are allowed.

    Associative lists (``atomic`` false) have ``keys``, or none when they are sets.
    """

    __slots__ = ("atomic", "elem", "form", "keys", "scalar")

    def __init__(
        self, form: Form, *, atomic: bool = False, scalar: str = "untyped", keys: tuple[str, ...] = (),
        elem: Shape | None = None,
    ) -> None:  # fmt: skip
        self.form: Form = form
        self.atomic = atomic
        self.scalar = scalar
        self.keys = keys
        self.elem = elem

    def declares(self, name: str) -> bool:  # noqa: ARG002
        """Whether the field is one that the type names."""
        return False

    def child(self, name: str) -> Shape | None:  # noqa: ARG002
        """The shape of the value called *name*; None where the type has no place for it."""
        return ANY if self.form == "any" else self.elem

    def key_default(self, name: str) -> Any:  # noqa: ARG002
        """The value of a list key that an item leaves out."""
        return None

    def form_of(self, value: Any) -> Form:
        """The form to treat *value* in."""
        if self.form != "any":
            return self.form
        return "map" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar"

    def is_atomic(self, form: Form) -> bool:
        """Whether a value of *form* is one atom."""
        return self.atomic or (self.form == "any" and form == "list")


ANY: Final = Shape("any")
ATOM: Final = Shape("any", atomic=True)
_SCALARS: Final = {name: Shape("scalar", scalar=name) for name in ("string", "numeric", "boolean", "untyped")}
_OF_KIND: Final = {
    "string": _SCALARS["string"],
    "bytes": _SCALARS["string"],
    "time": _SCALARS["untyped"],
    "micro-time": _SCALARS["untyped"],
    "duration": _SCALARS["untyped"],
    "quantity": _SCALARS["untyped"],
    "int-or-string": _SCALARS["untyped"],
    "bool": _SCALARS["boolean"],
    "int": _SCALARS["numeric"],
    "float": _SCALARS["numeric"],
}


class _StructShape(Shape):
    __slots__ = ("_children", "_fields")

    def __init__(self, name: str, *, atomic: bool) -> None:
        found = gotypes.struct(name)
        super().__init__("map", atomic=atomic or found.atomic)
        self._fields = found.fields
        self._children: dict[str, Shape] = {}

    def declares(self, name: str) -> bool:
        return name in self._fields

    def child(self, name: str) -> Shape | None:
        known = self._children.get(name)
        if known is None and name in self._fields:
            known = self._children[name] = _of_field(self._fields[name])
        return known

    def key_default(self, name: str) -> Any:
        field = self._fields.get(name)
        return field.default if field is not None else None


def _of_field(field: Field) -> Shape:
    if field.type.kind == "list" and field.type.elem is not None:
        atomic = field.list_type == "atomic"
        return Shape("list", atomic=atomic, keys=field.list_keys, elem=_of_type(field.type.elem))
    return _of_type(field.type, atomic=field.atomic)


@cache
def _of_type(found: Type, *, atomic: bool = False) -> Shape:
    if found.kind == "struct":
        return _StructShape(found.name, atomic=atomic)
    if found.kind == "map" and found.elem is not None:
        return Shape("map", atomic=atomic, elem=_of_type(found.elem))
    if found.kind == "list" and found.elem is not None:
        return Shape("list", atomic=True, elem=_of_type(found.elem))
    return _OF_KIND.get(found.kind, ANY)


class _SchemaShape(Shape):
    """The shape of a structural schema's object."""

    __slots__ = ("_children", "_properties")

    def __init__(self, schema: Obj) -> None:
        extra = schema.get("additionalProperties")
        elem = ANY if schema.get("x-kubernetes-preserve-unknown-fields") else None
        if isinstance(extra, dict):
            elem = of_schema(extra)
        super().__init__("map", atomic=schema.get("x-kubernetes-map-type") == "atomic", elem=elem)
        self._properties: Obj = schema.get("properties") or {}
        self._children: dict[str, Shape] = {}

    def declares(self, name: str) -> bool:
        return name in self._properties or name in self._children

    def child(self, name: str) -> Shape | None:
        known = self._children.get(name)
        if known is None and name in self._properties:
            known = self._children[name] = of_schema(self._properties[name])
        return known or self.elem

    def set(self, name: str, shape: Shape) -> None:
        """Give the property *name* a shape of its own."""
        self._children[name] = shape

    def key_default(self, name: str) -> Any:
        return (self._properties.get(name) or {}).get("default")


def of_schema(schema: Obj) -> Shape:
    """The shape of a structural OpenAPI v3 schema."""
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        return _SCALARS["untyped"]
    if kind == "object":
        anything = (
            schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("additionalProperties") is True
        )
        if (
            anything
            and not schema.get("properties")
            and not isinstance(schema.get("additionalProperties"), dict)
        ):
            return ATOM if schema.get("x-kubernetes-map-type") == "atomic" else ANY
        return _SchemaShape(schema)
    if kind == "array":
        list_type = schema.get("x-kubernetes-list-type", "atomic")
        keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        elem = of_schema(schema.get("items") or {})
        return Shape("list", atomic=list_type not in ("set", "map"), keys=keys, elem=elem)
    names = {"string": "string", "integer": "numeric", "number": "numeric", "boolean": "boolean"}
    return _SCALARS[names[kind]] if kind in names else ANY


def of_kind(kind: Kind, schema: Obj | None = None) -> Shape:
    """The shape of objects of *kind*; *schema* is the structural schema of a custom resource, if it has one."""
    name = gotypes.definition_name(kind.group, kind.version, kind.kind)
    if name is not None:
        return _of_type(gotypes.parse(name))
    known = {"type": "object", "x-kubernetes-preserve-unknown-fields": True} if schema is None else schema
    shape = _SchemaShape({**known, "type": "object"})
    shape.set("apiVersion", _SCALARS["string"])
    shape.set("kind", _SCALARS["string"])
    shape.set("metadata", _of_type(gotypes.parse(_OBJECT_META)))
    return shape
