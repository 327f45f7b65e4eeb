"""YAML request bodies (``application/yaml``, ``application/apply-patch+yaml``)."""

from __future__ import annotations

import datetime
from typing import Any

import yaml

from labrunner.sim.errors import bad_request


def parse(body: bytes) -> tuple[Any, tuple[str, ...]]:
    """The JSON value of the one document in *body*, and complaints on keys given twice. Raises ApiError (400)."""
    loader = _loader()(body)
    try:
        value = loader.get_single_data()
    except yaml.YAMLError as error:
        raise bad_request(f"error converting YAML to JSON: {_words(error)}") from None
    finally:
        loader.dispose()
    repeated = [f'  line {line}: key "{key}" already set in map' for line, key in loader.repeated]
    text = "\n".join(["yaml: unmarshal errors:", *repeated])
    return _jsonable(value), (f"error converting YAML to JSON: {text}",) if repeated else ()


def _words(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"yaml: line {mark.line + 1}: {problem}" if mark is not None else f"yaml: {problem}"


def _loader() -> Any:
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        def __init__(self, stream: bytes) -> None:
            super().__init__(stream)
            self.repeated: list[tuple[int, str]] = []

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    self.repeated.append((key.start_mark.line + 1, key.value))
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    return Loader


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(k): _jsonable(v) for k, v in sorted(value.items(), key=lambda item: str(_key(item[0])))}
    if isinstance(value, list):
        return [_jsonable(v) for v in value]
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
