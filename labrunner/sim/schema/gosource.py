"""Reads the Go declarations of the Kubernetes API types. Used by the generator alone, never at run time.

Only what the API packages contain is understood: structs with tagged fields, named types, string constants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_BUILTIN = frozenset(
    (
        "string",
        "bool",
        "int",
        "int32",
        "int64",
        "uint8",
        "uint32",
        "uint64",
        "float64",
        "byte",
        "error",
        "any",
    )
)
_IMPORT = re.compile(r'^\s*(?:(?P<alias>\w+)\s+)?"(?P<path>[\w./-]+)"')
_TYPE = re.compile(r"^type (?P<name>\w+) (?P<rest>.+)$")
_FIELD = re.compile(r"^(?P<name>\w+)\s+(?P<type>[^`\s]+(?:\s[^`\s]+)?)\s*`(?P<tag>[^`]*)`")
_EMBEDDED = re.compile(r"^(?P<type>\*?[\w.]+)\s*`(?P<tag>[^`]*)`")
_TAG = re.compile(r'(\w+):"([^"]*)"')
_CONST = re.compile(r'^(?:const )?(?P<name>\w+)\s+(?P<type>\w+)\s*=\s*"(?P<value>[^"]*)"')
_DEFAULT = re.compile(r"^\+default=(?P<value>.+)$")


@dataclass(frozen=True, slots=True)
class GoField:
    """One field of a struct, as its JSON and protobuf encodings see it."""

    json: str
    number: int
    type: str
    omitempty: bool
    omitzero: bool
    inline: bool
    patch_strategy: str = ""
    patch_merge_key: str = ""
    default: str = ""


@dataclass(slots=True)
class GoType:
    """A named type: a struct with fields, or another type's new name."""

    name: str
    underlying: str = ""
    fields: list[GoField] | None = None
    is_enum: bool = False
    wrapped: bool = False
    values: dict[str, str] = field(default_factory=dict)


def definition_prefix(import_path: str) -> str:
    """``k8s.io/api/core/v1`` → ``io.k8s.api.core.v1``, the naming of OpenAPI definitions."""
    host, _, rest = import_path.partition("/")
    return ".".join([*reversed(host.split(".")), *rest.split("/")])


def read_package(root: Path, import_path: str) -> dict[str, GoType]:
    """The types declared in the package at *import_path* below the source tree *root*, by definition name."""
    reader = _Package(definition_prefix(import_path))
    for path in sorted((root / import_path).glob("*.go")):
        if not path.name.endswith(("_test.go", ".pb.go")) and not path.name.startswith("zz_"):
            reader.read(path.read_text(encoding="utf-8"))
    return reader.finish()


class _Package:
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.types: dict[str, GoType] = {}
        self.constants: list[tuple[str, str, str, str]] = []
        self.imports: dict[str, str] = {}

    def read(self, text: str) -> None:
        self.imports = {}
        comments: list[str] = []
        lines = iter(text.splitlines())
        for line in lines:
            bare = line.strip()
            if bare.startswith("//"):
                comments.append(bare[2:].strip())
                continue
            if not bare:
                # A marker block detached by a blank line still belongs to the type that follows.
                comments = [c for c in comments if c.startswith("+")]
                continue
            if (found := _IMPORT.match(line)) is not None:
                path = found["path"]
                self.imports[found["alias"] or path.rsplit("/", 1)[-1]] = path
            elif (found := _TYPE.match(line)) is not None:
                self.declare(found["name"], found["rest"], comments, lines)
            elif (found := _CONST.match(bare)) is not None:
                text_of = " ".join(comments)
                self.constants.append((found["type"], found["name"], found["value"], text_of))
            comments = []

    def declare(self, name: str, rest: str, comments: list[str], lines: Iterator[str]) -> None:
        full = f"{self.prefix}.{name}"
        declared = self.types.setdefault(full, GoType(full))
        declared.is_enum = "+enum" in comments
        declared.wrapped = "+protobuf.nullable=true" in comments
        if rest.startswith("struct"):
            declared.fields = [] if rest.endswith("}") else list(self.fields(lines))
        elif not rest.startswith(("interface", "func")):
            declared.underlying = self.resolve(rest.split("//")[0].strip().removeprefix("= "))

    def fields(self, lines: Iterator[str]) -> Iterator[GoField]:
        default = ""
        for line in lines:
            bare = line.strip()
            if line.startswith("}"):
                return
            if bare.startswith("//"):
                if (found := _DEFAULT.match(bare[2:].strip())) is not None:
                    default = found["value"]
                continue
            matched = _FIELD.match(bare) or _EMBEDDED.match(bare)
            if matched is not None:
                made = self.field(matched["type"], dict(_TAG.findall(matched["tag"])), default)
                if made is not None:
                    yield made
            default = ""

    def field(self, go_type: str, tags: dict[str, str], default: str) -> GoField | None:
        if "json" not in tags or tags["json"] == "-":
            return None
        json_name, *options = tags["json"].split(",")
        parts = tags.get("protobuf", "").split(",")
        return GoField(
            json=json_name,
            number=int(parts[1]) if len(parts) > 1 else 0,
            type=self.resolve(go_type),
            omitempty="omitempty" in options,
            omitzero="omitzero" in options,
            inline=not json_name,
            patch_strategy=tags.get("patchStrategy", ""),
            patch_merge_key=tags.get("patchMergeKey", ""),
            default=default,
        )

    def resolve(self, go_type: str) -> str:
        """*go_type* with every named type spelled as its definition name."""
        if go_type.startswith("*"):
            return "*" + self.resolve(go_type[1:])
        if go_type.startswith("[]"):
            return "[]" + self.resolve(go_type[2:])
        if go_type.startswith("map["):
            key, _, value = go_type[4:].partition("]")
            return f"map[{self.resolve(key)}]{self.resolve(value)}"
        if go_type in _BUILTIN or go_type.startswith("interface"):
            return go_type
        package, _, name = go_type.rpartition(".")
        if not package:
            return f"{self.prefix}.{name}"
        return f"{definition_prefix(self.imports.get(package, package))}.{name}"

    def finish(self) -> dict[str, GoType]:
        for type_name, name, value, comment in self.constants:
            declared = self.types.get(f"{self.prefix}.{type_name}")
            if declared is not None and declared.is_enum:
                description = " ".join(comment.strip().removeprefix(name).split())
                if len(description) >= len(declared.values.get(value, "")):
                    declared.values[value] = description
        return self.types
