"""Checks as data: what is asserted, of what, and how patiently. Evaluated by `labrunner.verify`.

Each kind of CONTENT.md's table is one frozen dataclass; `CheckSpec` carries the fields all kinds share.
JSON values inside (partial objects, matcher operands) are plain dicts, lists and scalars that nobody mutates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from labrunner.content.problems import Place
from labrunner.content.requirements import Requirements

Json = Any
Quantifier = Literal["any", "all", "none"]
Baseline = Literal["present"]
Since = float | Literal["step"]

MATCHERS = (
    "equals", "not", "gt", "ge", "lt", "le", "between", "in", "contains", "matches", "exists", "len", "semver",
    "all", "any", "none", "exactly",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a value: `op` is one of MATCHERS.

    `operand` is a Matcher for `not` and `len`, a tuple of Matchers for all/any/none (each must/any/no element-independent
    condition holds of the value itself), a (low, high) tuple for between, a tuple for in, a JSON value for the others.
    A plain scalar, map or list in YAML means `equals`, where maps compare as subsets and lists as containment.
    """

    op: str
    operand: Json


@dataclass(frozen=True, slots=True)
class Target:
    """Which API objects: by `name`, or by `labels` / `where`, or all of a kind.

    `api_version` may be empty: the cluster's preferred version of the kind is used. `namespace` None means the
    module's namespace (or none for cluster-scoped kinds); "*" means every namespace. `cluster` names one of several.
    """

    kind: str
    api_version: str = ""
    name: str | None = None
    namespace: str | None = None
    labels: str | None = None
    fields: tuple[tuple[str, Matcher], ...] = ()
    cluster: str = "main"


@dataclass(frozen=True, slots=True)
class ResourceCheck:
    """A partial object is found in the cluster. `expected` is the author's object without identity fields."""

    target: Target
    expected: Json
    quantifier: Quantifier = "any"


@dataclass(frozen=True, slots=True)
class AbsentCheck:
    """The object or selector is gone; with `baseline` it must have been seen before it can be gone."""

    target: Target
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class ReadyCheck:
    """The object is ready by the rules of its kind (kstatus, with CONTENT.md's exceptions)."""

    target: Target


@dataclass(frozen=True, slots=True)
class WaitCheck:
    """`for: condition=Type[=Status]`, `jsonpath=…`, `create`, `delete`."""

    target: Target
    condition: str


@dataclass(frozen=True, slots=True)
class JsonPathCheck:
    """kubectl's JSONPath on one object (or on the list, without a name) and a matcher."""

    target: Target
    path: str
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class CountCheck:
    """How many objects there are, by selector and `where`."""

    target: Target
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class CanCheck:
    """RBAC's answer: may `user` (with `groups`) `verb` the `resource`? `allowed` is the answer wanted."""

    user: str
    verb: str
    resource: str
    groups: tuple[str, ...] = ()
    name: str | None = None
    namespace: str | None = None
    allowed: bool = True
    cluster: str = "main"


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A command on the learner's machine, in the lab's environment and workspace."""

    run: str
    exit: Matcher = field(default_factory=lambda: Matcher("equals", 0))
    stdout: Matcher | None = None
    stderr: Matcher | None = None
    json: Matcher | None = None


@dataclass(frozen=True, slots=True)
class EventCheck:
    """Something was reported by an event (core v1), told by watching, never by polling.

    `involved` is the object the event is about; None for any object in `namespace`. `since` is a number of seconds
    back from now, or "step": since the check's step was opened. `count` is about how often it occurred in all.
    """

    involved: Target | None = None
    type: Literal["Normal", "Warning"] | None = None
    reason: Matcher | None = None
    message: Matcher | None = None
    since: Since | None = None
    count: Matcher | None = None
    namespace: str | None = None
    cluster: str = "main"


@dataclass(frozen=True, slots=True)
class ScriptCheck:
    """A script of the pack, run on the learner's machine. `path` is as written, `file` where it was found."""

    path: str
    file: Path
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogsCheck:
    """What the containers of the target's pods have written, as one text. `tail` None means a thousand lines each."""

    target: Target
    matcher: Matcher
    container: str | None = None
    since: Since | None = None
    tail: int | None = None
    previous: bool = False


@dataclass(frozen=True, slots=True)
class ExecCheck:
    """A command in one running container of the target: a program and its arguments."""

    target: Target
    command: tuple[str, ...]
    container: str | None = None
    exit: Matcher = field(default_factory=lambda: Matcher("equals", 0))
    stdout: Matcher | None = None
    stderr: Matcher | None = None
    json: Matcher | None = None


FAILURES = ("any", "refused", "timeout", "name", "tls", "reset")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of a service or a pod, by number or name."""

    target: Target
    port: str


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """`ca` is a path in the workspace."""

    verify: bool = True
    ca: str | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A share (0 to 1) of answers, and which answers belong to it."""

    label: str
    share: float
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class Split:
    """How answers divide; `by` is `body`, `header:NAME` or `json:PATH`."""

    by: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """An HTTP request, from the learner's machine or from a pod of `source`.

    `url` is whole, or with `endpoint` only the path. `status` None means 200 to 299. `fails` (one of FAILURES) wants
    that there is no answer. `${NAME}` in texts stands for the lab's variables.
    """

    url: str
    endpoint: Endpoint | None = None
    source: Target | None = None
    container: str | None = None
    method: str = "GET"
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str | None = None
    status: Matcher | None = None
    headers: tuple[tuple[str, Matcher], ...] = ()
    text: Matcher | None = None
    json: Matcher | None = None
    fails: str | None = None
    tls: TlsOptions | None = None
    repeat: int = 1
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """Something takes connections at an address; with `fails` (one of FAILURES) it does not."""

    host: str
    port: int
    source: Target | None = None
    container: str | None = None
    fails: str | None = None


@dataclass(frozen=True, slots=True)
class DnsCheck:
    """A name is known; `addresses` is about the list of what it resolves to."""

    name: str
    source: Target | None = None
    container: str | None = None
    addresses: Matcher | None = None


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A file of the workspace: `mode` is octal text such as "0600"; yaml/json compare as partial documents."""

    path: str
    exists: bool = True
    mode: str | None = None
    text: Matcher | None = None
    yaml: Matcher | None = None
    json: Matcher | None = None


@dataclass(frozen=True, slots=True)
class CellCheck:
    """What became of a cell: it ran, its exit code, whether its output matched, whether its background process lives."""

    cell: str
    exit: Matcher | None = None
    output: Matcher | Literal["expected"] | None = None
    background: Literal["alive"] | None = None


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """The learner's typed value: one of `accept` (literal or `/regex/`), or what `command` prints (first line)."""

    prompt: str
    accept: tuple[str, ...] = ()
    command: str | None = None


@dataclass(frozen=True, slots=True)
class QuizCheck:
    """A minimum share (0 to 1) of the named questions answered rightly."""

    questions: tuple[str, ...]
    minimum: float = 1.0


@dataclass(frozen=True, slots=True)
class ConfirmCheck:
    """The learner attests it; the only kind nobody verifies, shown as such."""

    statement: str


@dataclass(frozen=True, slots=True)
class GroupCheck:
    """`all`, `any` or `none` of the parts hold."""

    op: Literal["all", "any", "none"]
    parts: tuple[CheckSpec, ...]


Assertion = (
    ResourceCheck | AbsentCheck | ReadyCheck | WaitCheck | JsonPathCheck | CountCheck | CanCheck | CommandCheck
    | FileCheck | CellCheck | AnswerCheck | QuizCheck | ConfirmCheck | GroupCheck | EventCheck | ScriptCheck
    | LogsCheck | ExecCheck | HttpCheck | TcpCheck | DnsCheck
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StateHint:
    """A hint shown when `condition` holds of the world as it is."""

    condition: CheckSpec
    hint: str


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One check. Times in seconds; `eventually` None means "as long as the check is on screen"."""

    id: str
    assertion: Assertion
    place: Place
    title: str = ""
    eventually: float | None = 30.0
    consistently: float = 0.0
    every: float = 1.0
    timeout: float = 10.0
    negate: bool = False
    mode: Literal["edge", "level"] = "edge"
    weight: float = 1.0
    severity: Literal["required", "bonus", "advisory"] = "required"
    message: str | None = None
    hints: tuple[str, ...] = ()
    when_failed: tuple[StateHint, ...] = ()
    collect: tuple[Json, ...] = ()
    needs: Requirements | None = None
    when: str | None = None
    objective: str | None = None


def unfolded(spec: CheckSpec) -> Iterator[CheckSpec]:
    """The check itself, the parts of its groups and the conditions of its hints, to any depth."""
    yield spec
    if isinstance(spec.assertion, GroupCheck):
        for part in spec.assertion.parts:
            yield from unfolded(part)
    for hint in spec.when_failed:
        yield from unfolded(hint.condition)
