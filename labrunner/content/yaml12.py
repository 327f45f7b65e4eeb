"""YAML as version 1.2 reads it, with the place of every key and value.

Built on libyaml's events rather than on PyYAML's constructors: `no`, `on` and `22:22` stay text, `0644` is a decimal
number, a key may stand once in a map, aliases cannot expand into a bomb, and depth is bounded. All findings of a
text are collected; nothing is raised for an author's mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labrunner.content.nodes import Entry, Mapping, Node, Origin, Scalar, Sequence, Value
from labrunner.content.problems import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 100
MAX_EXPANSION = 20_000
"""How many nodes aliases may add to a text; configuration by hand stays far below."""

_INT = re.compile(r"[-+]?[0-9]{1,300}\Z|0o[0-7]{1,300}\Z|0x[0-9a-fA-F]{1,300}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,9})?\Z")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_KNOWN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}

_REMEDIES = (
    ("mapping values are not allowed", "quote a text that holds ': ', and line up the keys of one map"),
    ("did not find expected ',' or ']'", "close the list with ] and put commas between its items"),
    ("did not find expected ',' or '}'", "close the map with } and put commas between its entries"),
    ("did not find expected key", "line up the keys of one map in the same column"),
    ("did not find expected '-' indicator", "line up the items of one list in the same column"),
    ("could not find expected ':'", "write `key: value`, with a blank after the colon"),
    ("unexpected end of stream", "close the quotes that were opened"),
    ("unknown escape character", "inside double quotes write \\\\ for a backslash, or use single quotes"),
    ("did not find expected node content", "write a value here, or null for none"),
)


def scalar_value(text: str) -> Value:
    """What an unquoted text means in the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    if _FLOAT.match(text):
        return float(text)
    if _SPECIAL_FLOAT.match(text):
        return float(text.replace(".", "", 1))
    return text


def read_yaml(text: str, origin: Origin) -> tuple[Node | None, list[Problem]]:
    """Read one YAML document. The node is None when the text is empty or does not parse."""
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start())
        place = origin.place(line, bad.start() - (text.rfind("\n", 0, bad.start()) + 1))
        message = f"the character U+{ord(bad.group()):04X} cannot stand in YAML"
        return None, [
            Problem(place, "bad-yaml", message, "delete it, or write it as an escape in double quotes")
        ]
    builder = _Builder(origin)
    try:
        for event in _events(text):
            builder.take(event)
    except _StopReadingError:
        return None, builder.problems
    except Exception as error:
        problem = _syntax_problem(error, text, origin)
        if problem is None:
            raise
        return None, [*builder.problems, problem]
    return builder.root, builder.problems


def _events(text: str) -> Iterator[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


def _syntax_problem(error: Exception, text: str, origin: Origin) -> Problem | None:
    import yaml

    if not isinstance(error, yaml.YAMLError):
        return None
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or error)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    here = lines[line][column : column + 1] if line < len(lines) else ""
    opened = getattr(error, "context_mark", None)
    if opened and ("',' or" in what or "unexpected end" in what):
        if not "\n".join([lines[line][column:] if line < len(lines) else "", *lines[line + 1 :]]).strip():
            message = "what is opened here is never closed"
            return Problem(origin.place(opened.line, opened.column), "bad-yaml", message, _remedy(what))
        what = f"{what} (opened in line {origin.place(opened.line).line})"
    if "cannot start any token" in what:
        if here == "\t":
            what, remedy = "a tab indents this line", "indent YAML with blanks"
        else:
            what, remedy = f"a value cannot begin with {here!r}", "put the value in quotes"
    else:
        remedy = _remedy(what)
    return Problem(origin.place(line, column), "bad-yaml", f"this is not YAML: {what}", remedy)


def _remedy(what: str) -> str:
    return next((text for part, text in _REMEDIES if part in what), "see that the YAML is well-formed here")


class _StopReadingError(Exception):
    """The rest of the text is not worth reading, or dangerous to read."""


@dataclass(slots=True)
class _Frame:
    """A map or list still open; `size` counts its nodes with aliases expanded, `height` its levels below."""

    is_map: bool
    place: Place
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str, Place] | None = None
    size: int = 1
    height: int = 1


class _Builder:
    """Turns parser events into nodes with a stack of its own, so that depth never meets Python's limit."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.expanded = 0
        self.documents = 0

    def take(self, event: Any) -> None:
        """Add one parser event to the tree."""
        name = type(event).__name__
        if name == "ScalarEvent":
            self.add(self.scalar(event), event.anchor)
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self.check_tag(event)
            if len(self.stack) >= MAX_DEPTH:
                self.too_deep(event)
            self.stack.append(_Frame(name[0] == "M", self.place(event), event.anchor))
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            frame = self.stack.pop()
            node: Node = (
                Mapping(frame.entries, frame.place)
                if frame.is_map
                else Sequence(tuple(frame.items), frame.place)
            )
            self.add(node, frame.anchor, frame.size, frame.height)
        elif name == "AliasEvent":
            self.alias(event)
        elif name == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                self.stop(
                    event,
                    "yaml-documents",
                    "a second YAML document begins here",
                    "keep one document per file",
                )

    def place(self, event: Any) -> Place:
        return self.origin.place(event.start_mark.line, event.start_mark.column)

    def problem(self, place: Place, rule: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(place, rule, message, remedy))

    def stop(self, event: Any, rule: str, message: str, remedy: str) -> None:
        self.problem(self.place(event), rule, message, remedy)
        raise _StopReadingError

    def too_deep(self, event: Any) -> None:
        self.stop(event, "yaml-depth", f"more than {MAX_DEPTH} levels of nesting", "flatten the document")

    def check_tag(self, event: Any) -> None:
        if event.tag not in (None, "!") and event.tag not in _KNOWN_TAGS:
            message = f"the YAML tag {event.tag[:60]!r} is not understood"
            self.problem(self.place(event), "yaml-tag", message, "leave the tag out")

    def scalar(self, event: Any) -> Scalar:
        text: str = event.value
        value: Value = text
        tag = event.tag
        if tag is None:
            value = scalar_value(text) if event.implicit[0] else text
        elif tag != "!":
            self.check_tag(event)
            value = text if tag.endswith(":str") else scalar_value(text)
        return Scalar(value, text, self.place(event))

    def alias(self, event: Any) -> None:
        found = self.anchors.get(event.anchor)
        if found is None:
            self.stop(
                event,
                "yaml-alias",
                f"the alias *{event.anchor[:60]} has no anchor that is complete before it",
                f"define it earlier with &{event.anchor[:60]}, or quote the text if a * was meant",
            )
            return
        node, size, height = found
        if len(self.stack) + height > MAX_DEPTH:
            self.too_deep(event)
        self.expanded += size
        if self.expanded > MAX_EXPANSION:
            message = f"aliases expand this text by more than {MAX_EXPANSION} values"
            self.stop(event, "yaml-expansion", message, "write the values out, or split the file")
        self.add(node, None, size, height, self.place(event))

    def add(
        self, node: Node, anchor: str | None, size: int = 1, height: int = 0, place: Place | None = None
    ) -> None:
        """Put a finished node where it belongs; `place` is that of the alias which stands for it."""
        if anchor is not None:
            self.anchors[anchor] = (node, size, height)
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if not frame.is_map:
            frame.items.append(node)
        elif frame.key is None:
            frame.key = self.key(node, place or node.place)
        else:
            key, key_place = frame.key
            frame.key = None
            if not self.duplicate(frame, key, key_place):
                frame.entries[key] = Entry(key, key_place, node)

    def key(self, node: Node, place: Place) -> tuple[str, Place]:
        if not isinstance(node, Scalar):
            self.problem(place, "yaml-key", "a list or map cannot be a key", "use a text as the key")
            return (f"\0{place}", place)
        if node.text == "<<":
            self.problem(
                place, "yaml-merge", "merge keys (<<) are not part of YAML 1.2", "write the keys out"
            )
        return (node.text, place)

    def duplicate(self, frame: _Frame, key: str, place: Place) -> bool:
        first = frame.entries.get(key)
        if first is None:
            return False
        message = f"the key '{key[:60]}' stands here a second time; the first is in line {first.place.line}"
        self.problem(place, "duplicate-key", message, "keep one of the two")
        return True
