"""The info string of a fence: a language and attributes, as `{k=v}`, as JSON, or as bare words.

Attributes become a mapping of nodes, so that they are checked by the same tables as YAML keys, with their places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from labrunner.content.findings import Findings
from labrunner.content.nodes import Entry, Mapping, Origin, Scalar
from labrunner.content.yaml12 import read_yaml, scalar_value

_LANGUAGE = re.compile(r"[^\s{]*")
_KILLERCODA = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_KILLERCODA_WORDS = {"exec": None, "copy": ("run", "false"), "interrupt": ("interrupt", "true")}
_ATTRIBUTE = re.compile(
    r"""\s*(?P<key>[^\s={}"',]+)(?:=(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>[^\s,}"']*)))?\s*,?"""
)
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Info:
    """A fence's language, lower case, and its attributes."""

    language: str
    attributes: Mapping


def read_info(info: str, origin: Origin, findings: Findings) -> Info:
    """Read the text after the backticks; `origin` is where that text begins."""
    start = len(info) - len(info.lstrip())
    word = _LANGUAGE.match(info, start)
    language = word.group() if word else ""
    begin = start + len(language)
    if "=" in language:  # no language at all: ```id=apply
        language, begin = "", start
    text = info[begin:].rstrip()
    lead = len(text) - len(text.lstrip())
    body, begin = text[lead:], begin + lead
    entries: dict[str, Entry] = {}
    if body.startswith("{{"):
        body, begin = _killercoda(body, begin, origin, entries)
    mapping = _json(body, begin, origin) if body.startswith("{") else None
    if mapping is None:
        _words(body, begin, origin, entries, findings)
        mapping = Mapping(entries, origin.place(0, begin))
    return Info(language.lower(), mapping)


def _json(body: str, begin: int, origin: Origin) -> Mapping | None:
    """The attributes when they are spelt as JSON."""
    if not re.match(r"\{\s*(?:\"|\})", body):
        return None
    indent = origin.columns[0] if origin.columns else 0
    node, problems = read_yaml(body, replace(origin, columns=(indent + begin,)))
    return node if isinstance(node, Mapping) and not problems else None


def _killercoda(body: str, begin: int, origin: Origin, entries: dict[str, Entry]) -> tuple[str, int]:
    """Understand a suffix such as `{{exec interrupt}}`; what follows it is returned with its offset."""
    found = _KILLERCODA.match(body)
    if not found:
        return body, begin
    place = origin.place(0, begin)
    for word in found[1].split():
        attribute = _KILLERCODA_WORDS.get(word, (word, "true"))
        if attribute:
            key, text = attribute
            entries[key] = Entry(key, place, Scalar(scalar_value(text), text, place))
    rest = body[found.end() :]
    lead = len(rest) - len(rest.lstrip())
    return rest[lead:], begin + found.end() + lead


def _words(body: str, begin: int, origin: Origin, entries: dict[str, Entry], findings: Findings) -> None:
    """Read `{k=v word}` or `k=v word` into `entries`."""
    position, end = 0, len(body)
    if body.startswith("{"):
        position = 1
        end = len(body) - 1 if body.endswith("}") else len(body)
        if end == len(body):
            place = origin.place(0, begin)
            findings.error(
                place, "bad-attributes", "the { of these attributes is not closed", "end them with }"
            )
    end = len(body[:end].rstrip())
    while position < end:
        found = _ATTRIBUTE.match(body, position, end)
        if not found or found.end() == position:
            place = origin.place(0, begin + position)
            shown = body[position : min(end, position + 80)].strip()[:40]
            remedy = 'write attributes as {key=value word "quoted"=…}, values with blanks in double quotes'
            findings.error(
                place, "bad-attributes", f"'{shown}' is not an attribute", remedy.replace(' "quoted"=…', "")
            )
            return
        position = found.end()
        _attribute(found, begin, origin, entries, findings)


def _attribute(
    found: re.Match[str], begin: int, origin: Origin, entries: dict[str, Entry], findings: Findings
) -> None:
    key = found["key"]
    place = origin.place(0, begin + found.start("key"))
    if found["bare"] is not None:
        at, text = found.start("bare"), found["bare"]
        value = Scalar(scalar_value(text), text, origin.place(0, begin + at))
    elif found["double"] is not None or found["single"] is not None:
        quoted = found["double"] is not None
        text = _ESCAPE.sub(r"\1", found["double"]) if quoted else found["single"]
        value = Scalar(text, text, origin.place(0, begin + found.start("double" if quoted else "single") - 1))
    elif key.startswith("#") and len(key) > 1:
        value, key = Scalar(key[1:], key[1:], place), "id"
    else:
        value = Scalar(True, "true", place)
    if key in entries:
        findings.error(
            place, "duplicate-key", f"the attribute '{key}' stands here twice", "keep one of the two"
        )
        return
    entries[key] = Entry(key, place, value)
