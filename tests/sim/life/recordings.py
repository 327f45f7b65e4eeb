"""What the recorded transcripts of pod life (``/work/shared/podlife``) say: manifests, events and statuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from labrunner.sim.objects import Obj

FOLDER = Path("/work/shared/podlife/transcripts")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_TIME = re.compile(r"# t\+ *([\d.]+)")
_STATUS = re.compile(r"kubectl get (\S+(?: \S+)?) -o yaml")
_EVENT = re.compile(r"(?P<type>Normal|Warning) +(?P<reason>[A-Z]\w+) +(?P<object>\w+/\S+) +(?P<message>\S.*)")


@dataclass(frozen=True, slots=True)
class Step:
    """``kind``: manifest, command, status or event; ``at``: seconds since the first command."""

    kind: str
    at: float
    text: str
    body: object = None


def steps(name: str) -> Iterator[Step]:
    """The steps of the transcript whose file name begins with *name*, in order."""
    (path,) = FOLDER.glob(f"{name}-*.md")
    at = 0.0
    for block in _BLOCK.finditer(path.read_text()):
        language, text = block[1], block[2]
        when = _TIME.match(text)
        if when:
            at = float(when[1])
        if language == "yaml" and when is None:
            yield Step("manifest", at, "", [d for d in yaml.safe_load_all(text) if d])
        elif language == "yaml":
            asked = _STATUS.search(text.partition("\n")[0])
            assert asked is not None, text[:80]
            yield Step("status", at, asked[1].replace(" ", "/"), (yaml.safe_load(text) or {}).get("status"))
        elif text.startswith("# t+"):
            command = next(line for line in text.splitlines() if line.startswith("$ "))
            yield Step("command", at, command[2:], text)
            yield from _events(at, text)
        else:
            yield from _events(at, text)


def _events(at: float, text: str) -> Iterator[Step]:
    for line in text.splitlines():
        found = _EVENT.search(line)
        if found:
            yield Step("event", at, found["object"], (found["type"], found["reason"], found["message"]))


def plain(status: Obj) -> Obj:
    """A status without what differs from run to run or by design: times, ids, addresses, image names."""
    return _plain("", status)  # type: ignore[return-value]


_UNEQUAL = ("containerID", "imageID", "image", "hostIP", "hostIPs", "podIP", "podIPs", "startTime")
_TIMES = ("startedAt", "finishedAt", "lastTransitionTime", "lastProbeTime", "deletionTimestamp")


def _plain(key: str, value: object) -> object:
    if isinstance(value, dict):
        return {k: _plain(k, v) for k, v in value.items() if k not in _UNEQUAL and k not in _TIMES}
    if isinstance(value, list):
        return [_plain(key, v) for v in value]
    return neutral(value) if isinstance(value, str) else value


_NEUTRAL = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "UID"),
    (re.compile(r"kube-api-access-\w{5}"), "kube-api-access"),
    (re.compile(r"\b(lab-control-plane|simulated-node-1|simulated-control-plane)\b"), "NODE"),
    (re.compile(r"\b(10\.244\.\d+\.\d+)\b"), "IP"),
    (re.compile(r"_(lab|pods|re|q|life)\d+\("), "_NAMESPACE("),
    (re.compile(r"\b(lab|pods|re|q|life)\d+/"), "NAMESPACE/"),
    (re.compile(r"\bdefault/"), "NAMESPACE/"),
    (re.compile(r"_default\("), "_NAMESPACE("),
    (re.compile(r"\b(slow|web)-[0-9a-f]{8,10}-[a-z0-9]{5}\b"), r"\1-POD"),
    (re.compile(r"\b(slow|web)-[0-9a-f]{8,10}\b"), r"\1-HASH"),
    (re.compile(r"\b(agent)-[a-z0-9]{5}\b"), r"\1-POD"),
)


def neutral(text: str) -> str:
    """*text* without names that are another cluster's."""
    for pattern, word in _NEUTRAL:
        text = pattern.sub(word, text)
    return text
