"""What an author asked to `collect` when a check fails: events, logs, yaml, descriptions, a command's output."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Collection, Mapping
from typing import Any

from labrunner.content.checks_model import CheckSpec
from labrunner.verify.commands import run_command
from labrunner.verify.context import CheckContext
from labrunner.verify.trust import REMEDY
from labrunner.verify.verdict import CheckState, CheckStatus, Evidence

TIME_LIMIT = 10.0
"""Seconds that one piece may take."""

TEXT_LIMIT = 16 * 1024
"""Characters kept of one piece, from its end: what happened last tells most."""


class Collector:
    """Gathers evidence once for each spell of failure; `on_ready` is told the check when it is there."""

    def __init__(self, context: CheckContext, on_ready: Callable[[str], None]) -> None:
        self._context = context
        self._on_ready = on_ready
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._found: dict[str, tuple[Evidence, ...]] = {}

    def of(self, check_id: str) -> tuple[Evidence, ...]:
        """What was gathered for the failure that lasts."""
        return self._found.get(check_id, ())

    def follow(self, spec: CheckSpec, status: CheckStatus) -> None:
        """Begin to gather when the check fails, forget when it does not any more."""
        if not spec.collect:
            return
        if status.state is not CheckState.FAIL:
            self.forget(spec.id)
        elif spec.id not in self._tasks:
            self._tasks[spec.id] = asyncio.get_running_loop().create_task(self._gather(spec))

    def forget(self, check_id: str) -> None:
        self._found.pop(check_id, None)
        task = self._tasks.pop(check_id, None)
        if task is not None:
            task.cancel()

    async def wait(self, ids: Collection[str]) -> None:
        """Until what is being gathered for these checks is there."""
        tasks = [task for check_id, task in self._tasks.items() if check_id in ids]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _gather(self, spec: CheckSpec) -> None:
        found = await asyncio.gather(*(_piece(entry, self._context) for entry in spec.collect))
        self._found[spec.id] = tuple(found)
        self._on_ready(spec.id)


async def _piece(entry: Mapping[str, Any], context: CheckContext) -> Evidence:
    title, source = _command(entry, context)
    if "command" in entry and not context.trusted:
        return Evidence(title, f"This command was not run: {REMEDY}.")
    result = await run_command(
        source, environment=context.environment(), directory=context.workspace, time_limit=TIME_LIMIT
    )
    text = result.problem or "\n".join(part.rstrip("\n") for part in (result.stdout, result.stderr) if part)
    return Evidence(title, text[-TEXT_LIMIT:] or "nothing")


def _command(entry: Mapping[str, Any], context: CheckContext) -> tuple[str, str]:
    """A title and the shell command that prints the piece."""
    if "command" in entry:
        return f"$ {entry['command']}", str(entry["command"])
    kind, target = next(
        ((key, entry[key]) for key in ("events", "logs", "yaml", "describe") if key in entry),
        ("events", None),
    )
    words = ["kubectl"]
    kubeconfig = context.kubeconfig(str(entry.get("cluster", "main")))
    if kubeconfig is not None:
        words += ["--kubeconfig", str(kubeconfig)]
    namespace = entry.get("namespace") or (target if kind == "events" else None) or context.namespace
    if namespace and isinstance(namespace, str):
        words += ["--namespace", namespace]
    return f"{kind} {target or ''}".strip(), shlex.join([*words, *_verb(kind, str(target), entry)])


def _verb(kind: str, target: str, entry: Mapping[str, Any]) -> list[str]:
    if kind == "events":
        return ["get", "events", "--sort-by=.metadata.creationTimestamp"]
    if kind == "logs":
        container = ["--container", str(entry["container"])] if entry.get("container") else []
        return ["logs", f"--tail={entry.get('tail', 20)}", *container, "--", target]
    return ["describe", "--", target] if kind == "describe" else ["get", "--output=yaml", "--", target]
