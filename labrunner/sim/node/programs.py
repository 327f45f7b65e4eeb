"""What a container's process does over time, as far as its command line foretells it.

A program is a generator of steps: output, files that appear or go, sleeping, and an exit code. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from labrunner.sim.node import shell
from labrunner.sim.node.commands import KNOWN, interpreter, stress
from labrunner.sim.node.steps import Break, Context, Exit, Step, Steps

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
BUSY_LIMIT: Final = 20_000
"""Commands between two pauses after which a program counts as endless."""
LONGEST: Final = 16_384
"""Characters of a word after which it counts as unknown."""


def executable_missing(argv: Sequence[str]) -> bool:
    """Whether the command's own name says that there is no such program."""
    return bool(argv) and bool(_ABSENT.search(argv[0].rsplit("/", 1)[-1]))


def absence(command: str) -> str:
    """What a container runtime says of a program that is not there."""
    if "/" in command:
        return f"stat {command}: no such file or directory"
    return "executable file not found in $PATH"


def run(argv: Sequence[str], context: Context) -> Iterator[Step]:
    """The steps of the process *argv*; always ends with ``exit`` or ``forever``."""
    try:
        code = yield from _process(list(argv), context)
    except Exit as end:
        code = end.code
    except Break:
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
            except Break:
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
        except Break:
            return 0
        still = still + 1 if context.now == before else 0
        if still > 100:
            return shell.FOREVER


def _expand(word: str, context: Context) -> str | None:
    """*word* with variables put in; None when that cannot be known."""
    if "`" in word:
        return None
    unknown = False
    room = LONGEST - len(word)

    def put(found: re.Match[str]) -> str:
        nonlocal unknown, room
        text = value(found) if room > 0 else ""
        room -= len(text)
        unknown = unknown or room < 0
        return text if room >= 0 else ""

    def value(found: re.Match[str]) -> str:
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


def _command(command: shell.Command, context: Context, *, last: bool) -> Steps:
    context.work += 1
    if context.work > BUSY_LIMIT:
        # So much without a pause: it may as well go on for ever, and following it would hold up everything else.
        raise Exit(shell.FOREVER)
    raw = list(command.words)
    while raw and re.match(r"[A-Za-z_]\w*=", raw[0]):
        name, _, value = raw.pop(0).partition("=")
        expanded = _expand(value, context)
        if not raw and expanded is not None:
            context.variables[name] = expanded
    path = _expand(command.writes, context) or ""
    if path and path != context.message_path:
        context.files.add(path)
        yield Step("file", path)
    if not raw:
        return 0
    if raw[0] == "exec" and len(raw) > 1:
        raw.pop(0)
        last = True
    words = [_expand(w, context) for w in raw]
    steps = _builtin(words, context, last=last)
    if path and path == context.message_path:
        steps = _as_message(steps)
    elif command.silent:
        steps = _without_output(steps)
    return (yield from steps)


def _as_message(steps: Steps) -> Steps:
    """What would be printed goes into the container's termination message."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return int(end.value)
        if step.kind == "out":
            yield Step("message", step.text)
        elif step.kind != "unknown":
            yield step


def _builtin(words: list[str | None], context: Context, *, last: bool) -> Steps:
    name = (words[0] or "").rsplit("/", 1)[-1]
    rest = words[1:]
    known = [w for w in rest if w is not None]
    simple = KNOWN.get(name)
    if simple is not None:
        return (yield from simple(words, context))
    if name in SHELLS and all(w is not None for w in words):
        return (yield from _process([str(w) for w in words], context))
    if name in _QUIET:
        return 0
    if name == "stress" or name == "stress-ng":
        return (yield from stress(known, context))
    if name.startswith(("python", "perl", "ruby", "node", "php")):
        return (yield from interpreter(name, known, context))
    if name in _ENDLESS:
        return shell.FOREVER
    if executable_missing([name]):
        yield Step("out", f"sh: {name}: not found")
        return 127
    if name in _QUICK or not last:
        yield Step("unknown", name)
        return 0
    return shell.FOREVER
