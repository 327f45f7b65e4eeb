"""What two clusters may say differently without differing: names, addresses, times, orders that are chance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_GENERATED = "[bcdfghjklmnpqrstvwxz2456789]"
"""The alphabet of generated name suffixes: no vowels, no look-alikes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is set aside: every match of the pattern becomes its stand-in."""

    sets_aside: str
    pattern: re.Pattern[str]
    stand_in: str


def rule(sets_aside: str, pattern: str, stand_in: str) -> Rule:
    """A rule whose pattern sees each line's beginning and end."""
    return Rule(sets_aside, re.compile(pattern, re.MULTILINE), stand_in)


RULES = (
    rule("tokens", r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>"),
    rule("uids", r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", "<uid>"),
    rule("times", r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| \+0000)", "<time>"),
    rule("times", r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
    rule("the API's address", r"https?://[\w.\[\]:-]+:\d+", "<server>"),
    rule("temporary files", r"/tmp/(LIVE|MERGED)-\d+", r"/tmp/\1"),  # noqa: S108 - a pattern
    rule("resource versions", r'(resourceVersion"?: ?)"\d+"|(Resource Version): +\d+', r"\1\2<rv>"),
    rule(
        "template hashes",
        r'((?:pod-template-hash|controller-revision-hash)"?\s?[=:] ?"?)[\w-]+',
        r"\1<hash>",
    ),
    rule("addresses", r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{4,5}\b(?!/))?(?!/?\d)", "<address>"),
    rule("generated names", rf"-{_GENERATED}{{8,10}}-{_GENERATED}{{5}}\b", "-<generated>"),
    rule("generated names", rf"-{_GENERATED}{{8,10}}\b|-{_GENERATED}{{5}}\b|-\d{{8}}\b", "-<generated>"),
    rule("node ports", r"(nodePort: |[ :])3[0-2]\d{3}(?=/|\s|$)", r"\1<node port>"),
    rule("how often an event came", r" ?\(x\d+ over [\w.]+\)", ""),
    rule("context names", r'Context "[^"]+" (modified|created)', r"Context \1"),
    rule("context names", r"^Switched to context.*", "Switched"),
    rule(
        "progress lines, which depend on the moment",
        r"^(?:Waiting for (?:deployment|daemon set|statefulset|partitioned|\d+ pods)"
        r"|statefulset rolling update complete).*\n",
        "",
    ),
    rule("kubectl's own log", r"^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ .*\n", ""),
    rule("column widths", r"-{3,}", "--"),
    rule("column widths", r"[ \t]+", " "),
    rule("column widths", r" +$", ""),
    rule("column widths", r"\n{2,}", "\n"),
)

_AGE = re.compile(
    r"""<invalid>|(?<![\w.="'/-])(?:\d+y)?(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?m?s\b"""
    r"""|(?<![\w.="'/-])(?:\d+[hdy](?:\d+[mhd])?|[2-9]m)(?=\s|$|\))"""
)
_MINUTES = re.compile(r"\b\d+m(?=\s|$)")
_LISTS_MINUTES = re.compile(r"get (nodes?|no|ns|namespaces?|crds?|all)\b")
"""Where a lone 50m is an age; elsewhere it is a quantity of CPU."""
_STRUCTURED = re.compile(r"-o[ =]?(yaml|json)")
_UNORDERED = re.compile(r" events|describe (limits|quota)")
"""Lists in the order of random names or of a map."""
_KUBELET_EVENT = re.compile(
    r"^.*\b(?:Normal|Warning)\s+(?:Pulling|Pulled|Created|Started|Killing|BackOff|Failed|Unhealthy)\s.*\n?"
    r"|^\s*Type\s+Reason\s+Age\s+From\s+Message\n|^\s*--(?:\s+--){4}\n",
    re.MULTILINE,
)
"""A recording may come from nodes without kubelets, which tell nothing of a pod's life."""


@dataclass(slots=True)
class _Lines:
    """Lines in order, but for runs of neighbours whose order is chance: those are sorted."""

    settled: list[str] = field(default_factory=list)
    run: list[str] = field(default_factory=list)

    def add(self, line: str, *, chance: bool) -> None:
        if chance:
            self.run.append(line)
            return
        self.settled += [*sorted(self.run), line]
        self.run.clear()


def comparable(text: str, command: str, nodes: Sequence[str] = ()) -> str:
    """*text*, which *command* printed, without what may differ. *nodes* are the cluster's node names."""
    if nodes:
        text = re.sub(
            "|".join(re.escape(name) for name in sorted(nodes, key=len, reverse=True)), "<node>", text
        )
    for rule in RULES:
        text = rule.pattern.sub(rule.stand_in, text)
    if not _STRUCTURED.search(command):
        text = _AGE.sub("<age>", text)
        if _LISTS_MINUTES.search(command):
            text = _MINUTES.sub("<age>", text)
    text = _KUBELET_EVENT.sub("", text).replace("Events: <none>", "Events:").strip()
    if _UNORDERED.search(command):
        return "\n".join(sorted(set(text.splitlines())))
    return _with_settled_order(text, describes=command.split()[1:2] == ["describe"])


def _with_settled_order(text: str, *, describes: bool) -> str:
    lines = _Lines()
    in_events = False
    for line in [*text.splitlines(), ""]:
        in_events = (in_events or line.strip().startswith("Events:")) and not line.startswith("Name:")
        generated = "-<generated>" in line and not describes
        lines.add(line, chance=in_events or generated or line.startswith("* "))
    return "\n".join([*lines.settled, *sorted(set(lines.run))]).strip()
