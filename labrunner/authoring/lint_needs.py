"""What a cell's commands need of a cluster, against what its step and module declare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from labrunner.authoring.lint_shell import ShellLine, shell_lines
from labrunner.content.cells import SHELLS
from labrunner.content.checks_model import CheckSpec, unfolded
from labrunner.content.inferred_needs import inferred_needs
from labrunner.content.models import Cell, Module, Step
from labrunner.content.problems import Problem
from labrunner.content.requirements import LEVELS, SIMULATED, Capabilities, Shortfall

_SEPARATOR = re.compile(r"\|\|?|&&?|;|\$\(|`|\bdo\b|\bthen\b|(?:^|\s)!\s|\(|\{\s")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*\Z")
_PREFIXES = ("sudo", "time", "timeout", "watch", "exec", "env", "nohup", "command")
_FLAGS_WITH_VALUE = (
    "-n",
    "--namespace",
    "--context",
    "--kubeconfig",
    "--as",
    "--as-group",
    "--cluster",
    "--user",
    "-s",
)
_PUBLIC_URL = re.compile(r"https?://(?!localhost|127\.|\$|\d)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?=[/:\s\"']|$)")
_CLUSTER_HOST = re.compile(r"\.(?:svc|local|cluster|internal|test|localhost)\b")


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command: its program, its first argument that is no flag, and all arguments."""

    program: str
    verb: str
    arguments: tuple[str, ...]
    offset: int

    def has_flag(self, *flags: str) -> bool:
        """Whether one of the flags stands before a `--`."""
        before = self.arguments[: self.arguments.index("--")] if "--" in self.arguments else self.arguments
        return any(argument.split("=")[0] in flags for argument in before)


@dataclass(frozen=True, slots=True)
class Inference:
    """Commands that need a capability; `shown` names them in the message."""

    programs: tuple[str, ...]
    verbs: tuple[str, ...]
    capability: str
    level: str
    test: Callable[[Command], bool] = lambda command: True  # noqa: ARG005 - a test that always holds

    def applies(self, command: Command) -> bool:
        return (
            command.program in self.programs
            and (not self.verbs or command.verb in self.verbs)
            and self.test(command)
        )


def _follows(command: Command) -> bool:
    return command.has_flag("-f", "--follow")


def _attaches(command: Command) -> bool:
    return command.has_flag("-i", "-it", "-ti", "--stdin", "--attach", "--rm")


def _inside(command: Command) -> bool:
    """Whether the address is the lab's own: not a file fetched from a public site."""
    text = " ".join(command.arguments)
    urls = [word for word in command.arguments if _PUBLIC_URL.match(word.strip("\"'"))]
    return not urls or any(_CLUSTER_HOST.search(url) for url in urls) or "localhost" in text


_KUBECTL = ("kubectl", "k", "oc")
INFERENCES = (
    Inference(_KUBECTL, ("exec", "attach", "port-forward", "cp", "debug"), "containers", "run"),
    Inference(_KUBECTL, ("logs",), "containers", "run", _follows),
    Inference(_KUBECTL, ("run",), "containers", "run", _attaches),
    Inference(_KUBECTL, ("top",), "metrics", "real"),
    Inference(("curl", "wget", "nc", "hey", "fortio", "ab"), (), "network", "traffic", _inside),
    Inference(
        ("istioctl",),
        (
            "proxy-config",
            "pc",
            "proxy-status",
            "ps",
            "dashboard",
            "d",
            "experimental",
            "x",
            "authn",
            "ztunnel-config",
        ),
        "mesh",
        "dataplane",
    ),
    Inference(("istioctl", "linkerd"), ("install", "upgrade", "inject-check"), "containers", "run"),
    Inference(("linkerd",), ("viz", "check", "diagnostics", "tap"), "mesh", "dataplane"),
)


def undeclared_needs(module: Module) -> Iterator[Problem]:
    """An error for each command that needs more than its step and its module declare, once per step and capability."""
    steps = {step.id: step for step in module.steps}
    said: set[tuple[str, str]] = set()
    for cell in module.cells():
        if cell.role in ("read", "file") or cell.file is not None or cell.language not in SHELLS:
            continue
        step = steps.get(cell.step)
        if step is None:
            continue
        for line in shell_lines(cell):
            for command in commands(line.code):
                for inference in INFERENCES:
                    key = (step.id, inference.capability)
                    if key not in said and inference.applies(command):
                        problem = _shortfall(module, step, cell, line, command, inference)
                        if problem is not None:
                            said.add(key)
                            yield problem


def undeclared_needs_of_checks(module: Module) -> Iterator[Problem]:
    """An error for each check that needs more by its kind than it, its step and its module declare."""
    for step in module.steps:
        for check in (module.checks[check_id] for check_id in step.checks if check_id in module.checks):
            declared = dict(module.requires.cluster) | dict(step.requires.cluster if step.requires else ())
            for one in unfolded(check):
                own = dict(check.needs.cluster if check.needs else ()) | dict(
                    one.needs.cluster if one.needs else ()
                )
                given = Capabilities(tuple((dict(SIMULATED.levels) | declared | own).items()))
                missing = inferred_needs(one.assertion).shortfalls(given)
                if missing:
                    yield _check_shortfall(check, step, missing[0])
                    break


def _check_shortfall(check: CheckSpec, step: Step, missing: Shortfall) -> Problem:
    message = (
        f"the check '{check.id}' needs {missing.capability}: {missing.wanted}, "
        f"and the step '{step.id}' declares {missing.given}"
    )
    wanted = f"{{{missing.capability}: {missing.wanted}}}"
    remedy = f"add requires: {wanted} to the step's metadata, or needs: {wanted} to the check"
    return Problem(check.place, "undeclared-need", message, remedy)


def _shortfall(
    module: Module, step: Step, cell: Cell, line: ShellLine, command: Command, inference: Inference
) -> Problem | None:
    capability, wanted = inference.capability, inference.level
    declared = dict(module.requires.cluster) | dict(step.requires.cluster if step.requires else ())
    given = declared.get(capability, SIMULATED.level(capability))
    levels = LEVELS[capability]
    if levels.index(given) >= levels.index(wanted):
        return None
    shown = f"{command.program} {command.verb}" if inference.verbs else command.program
    if cell.when is not None:
        shown += f" (when {cell.when})"
    message = f"{shown} needs {capability}: {wanted}, and the step '{step.id}' declares {given}"
    remedy = f"add requires: {{{capability}: {wanted}}} to the step's metadata, or to requires: cluster: of the front matter"
    return Problem(line.place(command.offset), "undeclared-need", message, remedy)


def commands(code: str) -> Iterator[Command]:
    """The simple commands of a shell line; a rough reading, good enough to know which programs run."""
    position = 0
    for part in [*_SEPARATOR.finditer(code), None]:
        end = part.start() if part else len(code)
        command = _command(code[position:end], position)
        if command is not None:
            yield command
        if part:
            position = part.end()


def _command(text: str, offset: int) -> Command | None:
    words = [(found.group(), found.start()) for found in re.finditer(r"\S+", text)]
    while words and (
        _ASSIGNMENT.match(words[0][0]) or words[0][0] in _PREFIXES or re.match(r"-|\d+[smh]?$", words[0][0])
    ):
        words.pop(0)
    if not words:
        return None
    program, start = words[0]
    arguments = tuple(word for word, _ in words[1:])
    return Command(program.rsplit("/", 1)[-1], _verb(arguments), arguments, offset + start)


def _verb(arguments: tuple[str, ...]) -> str:
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in _FLAGS_WITH_VALUE:
            skip = True
        elif not argument.startswith("-"):
            return argument
    return ""
