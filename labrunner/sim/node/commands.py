"""The commands whose doings can be foretold from their words alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from labrunner.sim.node.shell import FOREVER
from labrunner.sim.node.steps import Break, Context, Exit, Step, Steps
from labrunner.sim.quantity import Quantity, QuantityError


def _seconds(text: str | None) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)([smhd]?)", text or "")
    if not found:
        return float("inf") if text in ("infinity", "inf") else 0.0
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


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
        return FOREVER
    yield Step("sleep", number=total)
    context.now += total
    if total > 0:
        context.work = 0
    return 0


def _exit(words: list[str | None], _context: Context) -> Steps:
    yield from ()
    code = words[1] if len(words) > 1 else "0"
    raise Exit(int(code) & 255 if code and code.isdigit() else 0)


def _break(_words: list[str | None], _context: Context) -> Steps:
    yield from ()
    raise Break


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
        return FOREVER
    for path in paths:
        if path.startswith("/tmp/") and path not in context.files:  # noqa: S108 - a path inside the simulation
            yield Step("out", f"cat: can't open '{path}': No such file or directory")
            return 1
        yield Step("unknown", "cat")
    return 0


def _tail(words: list[str | None], _context: Context) -> Steps:
    if any(w and w.startswith("-") and ("f" in w or "F" in w) for w in words[1:]):
        return FOREVER
    yield Step("unknown", "tail")
    return 0


def _ping(words: list[str | None], context: Context) -> Steps:
    if "-c" not in words:
        return FOREVER
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


def stress(words: list[str], context: Context) -> Steps:
    """The ``stress`` tool: killed when it asks for more memory than the limit."""
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
        raise Exit(137)
    return FOREVER


def interpreter(name: str, words: list[str], context: Context) -> Steps:
    """Programs given on the command line: served or slept forever when they say so, else over at once."""
    inline = next((words[i + 1] for i, w in enumerate(words[:-1]) if re.fullmatch(r"-\w*[ecr]", w)), None)
    if inline is None:
        return FOREVER
    grown = re.search(r"(?:bytearray|['\"]\w['\"]\s*\*)\s*\(?\s*(\d+)\s*(<<|\*)\s*(\d+)", inline)
    if context.memory_limit and grown:
        left, right = int(grown[1]), int(grown[3])
        if (left << right if grown[2] == "<<" and right < 64 else left * right) > context.memory_limit:
            yield from _sleep(["sleep", "2"], context)
            raise Exit(137)
    if re.search(r"while\s*\(?\s*(?:true|1|True)|serve|listen\(|setInterval|loop\s*\{", inline):
        return FOREVER
    for pause in re.findall(r"sleep\(?\s*(\d+(?:\.\d+)?)", inline):
        yield from _sleep(["sleep", pause], context)
    ended = re.search(r"(?:exit|_exit)\s*\(?\s*(\d+)", inline)
    plain = re.fullmatch(r"\s*print\s*\(?\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\)?\s*;?\s*", inline)
    if plain:
        yield Step("out", plain[1] or plain[2] or plain[3] or "")
    else:
        yield Step("unknown", name)
    return int(ended[1]) if ended else 0


KNOWN: Final[dict[str, Callable[[list[str | None], Context], Steps]]] = {
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
    "wait": _constant(FOREVER),
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
