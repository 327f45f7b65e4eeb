"""Fields that an expression selects although the schema of its variables does not have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labrunner.sim.crd.cel.errors import CompileError
from labrunner.sim.crd.cel.program import unescaped
from labrunner.sim.crd.cel.syntax import Call, Ident, Index, ListOf, Macro, MapOf, Node, Select
from labrunner.sim.objects import Obj

_SAME_LIST = frozenset(("filter", "sortBy"))


def unknown_fields(tree: Node, schemas: dict[str, Any]) -> list[CompileError]:
    """A complaint for each selected field that is known not to be there; *schemas* by variable."""
    return list(_visit(tree, schemas))


def _visit(node: Node, scope: dict[str, Any]) -> Iterator[CompileError]:
    if isinstance(node, Select):
        yield from _visit(node.operand, scope)
        schema = _schema_of(node.operand, scope)
        if _closed(schema) and _property(schema, node.field) is None:
            yield CompileError(f"undefined field '{node.field}'", node.position)
    elif isinstance(node, Index):
        yield from _visit(node.operand, scope)
        yield from _visit(node.key, scope)
    elif isinstance(node, Call):
        for part in ([node.target] if node.target is not None else []) + list(node.args):
            yield from _visit(part, scope)
    elif isinstance(node, ListOf):
        for item in node.items:
            yield from _visit(item, scope)
    elif isinstance(node, MapOf):
        for key, value in node.entries:
            yield from _visit(key, scope)
            yield from _visit(value, scope)
    elif isinstance(node, Macro):
        yield from _visit(node.target, scope)
        inner = {**scope, **dict.fromkeys(node.variables)}
        if len(node.variables) == 1 and not node.name.startswith("opt"):
            inner[node.variables[0]] = _items(_schema_of(node.target, scope))
        for body in node.bodies:
            yield from _visit(body, inner)


def _closed(schema: Any) -> bool:
    """Whether *schema* names all fields that rules may select."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return False
    return schema.get("additionalProperties") is None and not schema.get(
        "x-kubernetes-preserve-unknown-fields"
    )


def _property(schema: Obj, name: str) -> Any:
    properties = schema.get("properties") or {}
    return properties.get(name, properties.get(unescaped(name)))


def _items(schema: Any) -> Any:
    return schema.get("items") if isinstance(schema, dict) and schema.get("type") == "array" else None


def _schema_of(node: Node, scope: dict[str, Any]) -> Any:
    """The schema of the value of *node*, None where that takes more than following fields."""
    if isinstance(node, Ident):
        return scope.get(node.name)
    if isinstance(node, Select) and not node.optional:
        schema = _schema_of(node.operand, scope)
        if not isinstance(schema, dict):
            return None
        extra = schema.get("additionalProperties")
        return extra if isinstance(extra, dict) else _property(schema, node.field)
    if isinstance(node, Index) and not node.optional:
        schema = _schema_of(node.operand, scope)
        extra = schema.get("additionalProperties") if isinstance(schema, dict) else None
        return extra if isinstance(extra, dict) else _items(schema)
    if isinstance(node, Macro) and node.name in _SAME_LIST:
        return _schema_of(node.target, scope)
    return None
