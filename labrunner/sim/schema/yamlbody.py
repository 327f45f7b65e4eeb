"""YAML request bodies (``application/yaml``, ``application/apply-patch+yaml``)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import yaml

_KEPT_TEXT: Final = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# As Go's parser has them: no times, no numbers of base sixty.
_INT: Final = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)\Z")
_FLOAT: Final = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
#: How many times over aliases may repeat a document.
_EXPANSION: Final = 10


def parse(body: bytes) -> tuple[Any, tuple[str, ...]]:
    """The JSON value of the one document in *body*, and complaints on keys given twice. Raises ValueError."""
    loader = _loader()(body)
    try:
        value = loader.get_single_data()
        plain = _Plain(_EXPANSION * len(body) + 1000).value(value)
    except yaml.YAMLError as error:
        raise ValueError(_words(error)) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"yaml: {error}") from None
    finally:
        loader.dispose()
    repeated = [f'  line {line}: key "{key}" already set in map' for line, key in loader.repeated]
    text = "\n".join(["yaml: unmarshal errors:", *repeated])
    return plain, (f"error converting YAML to JSON: {text}",) if repeated else ()


def _words(error: yaml.YAMLError) -> str:
    """Go's words: where the context begins, lines counted from 0 unless the scanner complains, none for the first."""
    problem = getattr(error, "problem", None) or str(error)
    marks = (getattr(error, "context_mark", None), getattr(error, "problem_mark", None))
    line = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if not line:
        return f"yaml: {problem}"
    return f"yaml: line {line + isinstance(error, yaml.scanner.ScannerError)}: {problem}"


@cache
def _loader() -> Any:
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012 - a class attribute of PyYAML
            first: [(tag, pattern) for tag, pattern in known if tag not in _KEPT_TEXT]
            for first, known in base.yaml_implicit_resolvers.items()
        }

        def __init__(self, stream: bytes) -> None:
            super().__init__(stream)
            self.repeated: list[tuple[int, str]] = []

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                    if key.value in seen:
                        self.repeated.append((key.start_mark.line + 1, key.value))
                    seen.add(key.value)
            return super().construct_mapping(node, deep)

    Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
    Loader.add_constructor("tag:yaml.org,2002:int", _integer)
    return Loader


def _integer(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    bare = text.lstrip("+-")
    if bare.startswith("0") and bare[1:].isdigit():
        text = text.replace("0", "0o", 1)
    return int(text, 0)


class _Plain:
    """Turns YAML's values into JSON's, within a budget: aliases may not blow a small document up."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    def value(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ValueError("document contains excessive aliasing")
        if isinstance(value, dict):
            items = sorted(((_key(key), item) for key, item in value.items()), key=lambda pair: pair[0])
            return {key: self.value(item) for key, item in items}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, set | tuple):
            raise ValueError("json: unsupported type")
        return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
