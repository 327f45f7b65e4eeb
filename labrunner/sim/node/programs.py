"""What a container's process does over time, as far as its command line foretells it.

A :class:`Program` yields steps: output, files that appear or go, sleeping, and an exit code. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from labrunner.sim.node import shell
from labrunner.sim.quantity import Quantity, QuantityError

SHELLS: Final = frozenset(("sh", "bash", "ash", "dash", "zsh"))
_QUIET: Final = frozenset(
    (
        "mkdir", "chmod", "chown", "cp", "mv", "ln", "set", "export", "cd", "umask", "unset", "shift",
        "ulimit", "mount", "sync", "local", "readonly", "source", ".", "eval",
    )
)  # fmt: skip
_QUICK: Final = frozenset(
    (
        "ls", "env", "printenv", "hostname", "whoami", "id", "uname", "pwd", "grep", "egrep", "sed",
        "awk", "cut", "wc", "head", "sort", "uniq", "tr", "tee", "tar", "gzip", "unzip", "find", "xargs",
        "curl", "wget", "nslookup", "dig", "host", "getent", "nc", "openssl", "kubectl", "psql", "mysql",
        "pg_isready", "redis-cli", "git", "apk", "apt", "apt-get", "pip", "npm-install", "df", "du",
        "free", "ps", "top", "mktemp", "basename", "dirname", "expr", "seq", "base64", "md5sum",
        "sha256sum", "ip", "ifconfig", "netstat", "ss", "stat", "readlink", "realpath", "jq", "yq",
        "which", "type", "timeout",
    )
)  # fmt: skip
_ENDLESS: Final = frozenset(("pause", "/pause"))
_ABSENT: Final = re.compile(
    r"(no[-_]?such|not[-_]?exist|non[-_]?exist|does[-_]?not|no[-_]?command|missing|invalid)", re.I
)
_MARK: Final = "\0"


@dataclass(frozen=True, slots=True)
class Step:
    """``kind``: out (text), sleep (seconds), file, gone (path), exit (code), forever, unknown (text)."""

    kind: str
    text: str = ""
    number: float = 0.0


Steps = Generator[Step, None, int]
"""Steps, then an exit code (``shell.FOREVER`` for none)."""


@dataclass(slots=True)
class Context:
    """What a program runs in. ``now`` counts seconds since its start; ``files`` are those it made."""

    env: Mapping[str, str] = field(default_factory=dict)
    clock_text: Callable[[float], str] = lambda _at: ""
    now: float = 0.0
    files: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    memory_limit: int = 0
    term_exit: int | None = None
    ignores_term: bool = True


class _Exit(Exception):  # noqa: N818 - control flow, not an error
    def __init__(self, code: int) -> None:
        self.code = code


class _Break(Exception):  # noqa: N818 - control flow, not an error
    pass


def executable_missing(argv: Sequence[str]) -> bool:
    """Whether the command's own name says that there is no such program."""
    return bool(argv) and bool(_ABSENT.search(argv[0].rsplit("/", 1)[-1]))


def run(argv: Sequence[str], context: Context) -> Iterator[Step]:
    """The steps of the process *argv*; always ends with ``exit`` or ``forever``."""
    try:
        code = yield from _process(list(argv), context)
    except _Exit as end:
        code = end.code
    except _Break:
        code = 0
    if code == shell.FOREVER:
        yield Step("forever")
    else:
        yield Step("exit", number=code)


def _process(argv: list[str], context: Context) -> Steps:
    name = argv[0].rsplit("/", 1)[-1] if argv else ""
    if name in SHELLS:
        options = [a for a in argv[1:] if a.startswith("-")]
        operands = [a for a in argv[1:] if not a.startswith("-")]
        if any("c" in o for o in options) and operands:
            try:
                script = shell.parse(operands[0])
            except (shell.ScriptError, RecursionError):
                return shell.FOREVER
            return (yield from _script(script, context))
        if not operands:
            return 0
        return shell.FOREVER
    return (yield from _command(shell.Command(tuple(argv)), context, last=True))


def _script(script: shell.Script, context: Context, *, tail: bool = True) -> Steps:
    code = 0
    for index, item in enumerate(script.items):
        if (item.joint == "&&" and code != 0) or (item.joint == "||" and code == 0):
            continue
        last = tail and index == len(script.items) - 1
        if item.background:
            code = 0
            continue
        for position, node in enumerate(item.nodes):
            end = position == len(item.nodes) - 1
            steps = _node(node, context, last=last and end)
            if end:
                code = yield from steps
            else:
                # Output of all but the last command of a pipeline goes into the next one.
                code = yield from _without_output(steps)
        if code == shell.FOREVER:
            return code
        if item.negated:
            code = int(code == 0)
    return code


def _without_output(steps: Steps) -> Steps:
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return int(end.value)
        if step.kind not in ("out", "unknown"):
            yield step


def _node(node: shell.Node, context: Context, *, last: bool) -> Steps:
    if isinstance(node, shell.Command):
        return (yield from _command(node, context, last=last))
    if isinstance(node, shell.Group):
        return (yield from _script(node.body, context, tail=last))
    if isinstance(node, shell.Condition):
        for condition, body in node.branches:
            if (yield from _script(condition, context, tail=False)) == 0:
                return (yield from _script(body, context, tail=last))
        if node.otherwise is not None:
            return (yield from _script(node.otherwise, context, tail=last))
        return 0
    return (yield from _loop(node, context))


def _loop(loop: shell.Loop, context: Context) -> Steps:
    if loop.condition is None:
        for value in loop.values:
            context.variables[loop.variable] = value
            try:
                if (yield from _script(loop.body, context, tail=False)) == shell.FOREVER:
                    return shell.FOREVER
            except _Break:
                break
        return 0
    still = 0
    while True:
        held = (yield from _script(loop.condition, context, tail=False)) == 0
        if held == loop.until:
            return 0
        before = context.now
        try:
            if (yield from _script(loop.body, context, tail=False)) == shell.FOREVER:
                return shell.FOREVER
        except _Break:
            return 0
        still = still + 1 if context.now == before else 0
        if still > 100:
            return shell.FOREVER


def _expand(word: str, context: Context) -> str | None:
    """*word* with variables put in; None when that cannot be known."""
    if "`" in word:
        return None
    unknown = False

    def put(found: re.Match[str]) -> str:
        nonlocal unknown
        if found["command"] is not None:
            if found["command"].strip() == "date":
                return context.clock_text(context.now)
            if found["command"].strip() == "hostname":
                return str(context.env.get("HOSTNAME", ""))
            unknown = True
            return ""
        name = found["name"] or found["braced"]
        if name in context.variables:
            return context.variables[name]
        if name in context.env:
            return str(context.env[name])
        unknown = unknown or not name
        return ""

    text = re.sub(
        r"\$(?:\((?P<command>[^()]*)\)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})", put, word
    )
    if unknown or "$(" in text or "${" in text:
        return None
    return text.replace(_MARK, "$")


def _seconds(text: str | None) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)([smhd]?)", text or "")
    if not found:
        return float("inf") if text in ("infinity", "inf") else 0.0
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def _command(command: shell.Command, context: Context, *, last: bool) -> Steps:
    raw = list(command.words)
    while raw and re.match(r"[A-Za-z_]\w*=", raw[0]):
        name, _, value = raw.pop(0).partition("=")
        expanded = _expand(value, context)
        if not raw and expanded is not None:
            context.variables[name] = expanded
    if command.writes:
        path = _expand(command.writes, context)
        if path:
            context.files.add(path)
            yield Step("file", path)
    if not raw:
        return 0
    if raw[0] == "exec" and len(raw) > 1:
        raw.pop(0)
        last = True
    words = [_expand(w, context) for w in raw]
    steps = _builtin(words, context, last=last)
    if command.silent:
        steps = _without_output(steps)
    return (yield from steps)


def _builtin(words: list[str | None], context: Context, *, last: bool) -> Steps:
    name = (words[0] or "").rsplit("/", 1)[-1]
    rest = words[1:]
    known = [w for w in rest if w is not None]
    simple = _SIMPLE.get(name)
    if simple is not None:
        return (yield from simple(words, context))
    if name in SHELLS and all(w is not None for w in words):
        return (yield from _process([str(w) for w in words], context))
    if name in _QUIET:
        return 0
    if name == "stress" or name == "stress-ng":
        return (yield from _stress(known, context))
    if name.startswith(("python", "perl", "ruby", "node", "php")):
        return (yield from _interpreter(name, known, context))
    if name in _ENDLESS:
        return shell.FOREVER
    if executable_missing([name]):
        yield Step("out", f"sh: {name}: not found")
        return 127
    if name in _QUICK or not last:
        yield Step("unknown", name)
        return 0
    return shell.FOREVER


def _echo(words: list[str | None], _context: Context) -> Steps:
    rest = words[1:]
    while rest and rest[0] in ("-n", "-e", "-ne", "-en", "-E"):
        rest = rest[1:]
    if any(w is None for w in rest):
        yield Step("unknown", "echo")
    else:
        yield Step("out", " ".join(str(w) for w in rest))
    return 0


def _printf(words: list[str | None], _context: Context) -> Steps:
    if len(words) < 2 or any(w is None for w in words):
        yield Step("unknown", "printf")
        return 0
    values = [str(w) for w in words[2:]]
    text = re.sub(r"%[sd]", lambda _m: values.pop(0) if values else "", str(words[1]))
    yield Step("out", text.replace("\\n", "\n").replace("\\t", "\t").rstrip("\n"))
    return 0


def _date(words: list[str | None], context: Context) -> Steps:
    if len(words) > 1:
        yield Step("unknown", "date")
    else:
        yield Step("out", context.clock_text(context.now))
    return 0


def _sleep(words: list[str | None], context: Context) -> Steps:
    total = sum(_seconds(w) for w in words[1:])
    if total == float("inf"):
        return shell.FOREVER
    yield Step("sleep", number=total)
    context.now += total
    return 0


def _exit(words: list[str | None], _context: Context) -> Steps:
    yield from ()
    code = words[1] if len(words) > 1 else "0"
    raise _Exit(int(code) & 255 if code and code.isdigit() else 0)


def _break(_words: list[str | None], _context: Context) -> Steps:
    yield from ()
    raise _Break


def _constant(code: int) -> Callable[[list[str | None], Context], Steps]:
    def steps(_words: list[str | None], _context: Context) -> Steps:
        yield from ()
        return code

    return steps


def _touch(words: list[str | None], context: Context) -> Steps:
    for path in words[1:]:
        if path and not path.startswith("-"):
            context.files.add(path)
            yield Step("file", path)
    return 0


def _remove(words: list[str | None], context: Context) -> Steps:
    for path in words[1:]:
        if path and not path.startswith("-"):
            context.files.discard(path)
            yield Step("gone", path)
    return 0


def _cat(words: list[str | None], context: Context) -> Steps:
    paths = [w for w in words[1:] if w]
    if not paths:
        return shell.FOREVER
    for path in paths:
        if path.startswith("/tmp/") and path not in context.files:  # noqa: S108 - a path inside the simulation
            yield Step("out", f"cat: can't open '{path}': No such file or directory")
            return 1
        yield Step("unknown", "cat")
    return 0


def _tail(words: list[str | None], _context: Context) -> Steps:
    if any(w and w.startswith("-") and ("f" in w or "F" in w) for w in words[1:]):
        return shell.FOREVER
    yield Step("unknown", "tail")
    return 0


def _ping(words: list[str | None], context: Context) -> Steps:
    if "-c" not in words:
        return shell.FOREVER
    yield from _sleep(["sleep", words[words.index("-c") + 1]], context)
    yield Step("unknown", "ping")
    return 0


def _test(words: list[str | None], context: Context) -> Steps:
    yield from ()
    rest = [w for w in words[1:] if w != "]"]
    negated = bool(rest) and rest[0] == "!"
    if negated:
        rest = rest[1:]
    held = True
    if len(rest) == 2 and rest[0] in ("-f", "-e", "-s", "-r", "-d"):
        path = rest[1] or ""
        held = path in context.files or not path.startswith("/tmp/")  # noqa: S108 - inside the simulation
    elif len(rest) == 2 and rest[0] in ("-z", "-n"):
        held = (rest[1] == "") == (rest[0] == "-z")
    elif len(rest) == 3:
        held = _compare(rest[0] or "", rest[1] or "", rest[2] or "")
    return int(held == negated)


def _compare(left: str, operator: str, right: str) -> bool:
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    try:
        a, b = int(left), int(right)
    except ValueError:
        return False
    return {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}.get(
        operator, False
    )


def _trap(words: list[str | None], context: Context) -> Steps:
    yield from ()
    if len(words) >= 3 and any((w or "").removeprefix("SIG") in ("TERM", "15", "EXIT") for w in words[2:]):
        action = words[1] or ""
        found = re.search(r"exit(?:\s+(\d+))?", action)
        context.ignores_term = found is None
        context.term_exit = int(found[1] or 0) if found else None
    return 0


def _stress(words: list[str], context: Context) -> Steps:
    wanted = 0
    for option, value in zip(words, [*words[1:], ""], strict=True):
        if option.startswith("--vm-bytes"):
            text = (option.partition("=")[2] or value).upper().removesuffix("B")
            try:
                wanted = Quantity.parse(re.sub(r"([KMGT])$", r"\1i", text)).value()
            except QuantityError:
                wanted = 0
    if context.memory_limit and wanted > context.memory_limit:
        yield Step("sleep", number=1)
        context.now += 1
        raise _Exit(137)
    return shell.FOREVER


def _interpreter(name: str, words: list[str], context: Context) -> Steps:
    """Programs given on the command line: served or slept forever when they say so, else over at once."""
    inline = next((words[i + 1] for i, w in enumerate(words[:-1]) if re.fullmatch(r"-\w*[ecr]", w)), None)
    if inline is None:
        return shell.FOREVER
    grown = re.search(r"(?:bytearray|['\"]\w['\"]\s*\*)\s*\(?\s*(\d+)\s*(<<|\*)\s*(\d+)", inline)
    if context.memory_limit and grown:
        left, right = int(grown[1]), int(grown[3])
        if (left << right if grown[2] == "<<" and right < 64 else left * right) > context.memory_limit:
            yield from _sleep(["sleep", "2"], context)
            raise _Exit(137)
    if re.search(r"while\s*\(?\s*(?:true|1|True)|serve|listen\(|setInterval|loop\s*\{", inline):
        return shell.FOREVER
    for pause in re.findall(r"sleep\(?\s*(\d+(?:\.\d+)?)", inline):
        yield from _sleep(["sleep", pause], context)
    ended = re.search(r"(?:exit|_exit)\s*\(?\s*(\d+)", inline)
    plain = re.fullmatch(r"\s*print\s*\(?\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\)?\s*;?\s*", inline)
    if plain:
        yield Step("out", plain[1] or plain[2] or plain[3] or "")
    else:
        yield Step("unknown", name)
    return int(ended[1]) if ended else 0


_SIMPLE: Final[dict[str, Callable[[list[str | None], Context], Steps]]] = {
    "echo": _echo,
    "printf": _printf,
    "date": _date,
    "sleep": _sleep,
    "exit": _exit,
    "return": _exit,
    "break": _break,
    "true": _constant(0),
    ":": _constant(0),
    "continue": _constant(0),
    "false": _constant(1),
    "wait": _constant(shell.FOREVER),
    "touch": _touch,
    "rm": _remove,
    "cat": _cat,
    "tail": _tail,
    "ping": _ping,
    "test": _test,
    "[": _test,
    "[[": _test,
    "trap": _trap,
}
