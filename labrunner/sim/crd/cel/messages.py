"""The messages of mutating policies: ``Object``, the types of its fields, and ``JSONPatch``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim.crd.cel.types import DYN, STRING, Type

_OBJECT: Final = "Object"
_PATCH: Final = "JSONPatch"


class _AnyField(Mapping[str, Type]):
    """The fields of an ``Object``: whatever is asked for."""

    def __getitem__(self, key: str) -> Type:
        return DYN

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


_PATCH_FIELDS: Final = {"op": STRING, "path": STRING, "from": STRING, "value": DYN}


@dataclass(frozen=True, slots=True)
class MessageValue:
    """A message as a value; ``type_name`` is what its author called it: ``Object.spec``."""

    type_name: str
    fields: dict[str, Any]


def is_message(name: str) -> bool:
    """Whether *name* is that of a message."""
    return name in (_PATCH, _OBJECT) or name.startswith(f"{_OBJECT}.")


def message_type(name: str) -> Type:
    """The type of the message *name*."""
    return Type(name, (), _PATCH_FIELDS if name == _PATCH else _AnyField())


def plain(value: Any) -> Any:
    """*value* as JSON, its messages as objects."""
    if isinstance(value, MessageValue):
        return {key: plain(item) for key, item in value.fields.items()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def misnamed(value: Any, path: str = _OBJECT) -> str:
    """What is wrong with type names that do not follow the fields they stand in; empty when they do."""
    if isinstance(value, MessageValue):
        if value.type_name != path:
            what = f'unexpected type name "{value.type_name}", expected "{path}"'
            return f"{what}, which matches field name path from root Object type"
        for key, item in value.fields.items():
            wrong = misnamed(item, f"{path}.{key}")
            if wrong:
                return wrong
    elif isinstance(value, list):
        return next((wrong for item in value if (wrong := misnamed(item, path))), "")
    return ""
