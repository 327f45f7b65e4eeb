"""The questions that take time: commands and RBAC reviews. Their answers go to the world's probes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable
from typing import Any

from labrunner.content.checks_model import (
    AnswerCheck,
    CanCheck,
    DnsCheck,
    ExecCheck,
    HttpCheck,
    LogsCheck,
    ScriptCheck,
    TcpCheck,
)
from labrunner.verify.api import CONNECT_TIMEOUT, ClusterError
from labrunner.verify.clusters import Clusters
from labrunner.verify.commands import CommandResult, run_command, run_script
from labrunner.verify.context import CheckContext
from labrunner.verify.interests import Probe
from labrunner.verify.kinds.host import command_key
from labrunner.verify.kinds.permissions import can_key
from labrunner.verify.kinds.pods import pod_key
from labrunner.verify.kinds.scripts import script_key
from labrunner.verify.network_asking import ask_network
from labrunner.verify.pods import PodTroubleError
from labrunner.verify.store import SourceState
from labrunner.verify.trust import needs_trust
from labrunner.verify.watching import PodCommand


async def ask(
    probe: Probe,
    check_id: str,
    context: CheckContext,
    clusters: Clusters,
    time_limit: float,
    begun: float,
) -> tuple[Hashable, Any] | None:
    """The probe's key and answer; None when there is nothing to ask yet. `begun`: when its step was opened (unix)."""
    if needs_trust(probe) and not context.trusted:
        return None
    if isinstance(probe, CanCheck):
        return can_key(check_id, probe), await answered(clusters.can(probe), time_limit)
    if isinstance(probe, AnswerCheck):
        if probe.command is None or context.answer(check_id) is None:
            return None
        return command_key(check_id, probe.command), await _run(probe.command, context, time_limit)
    if isinstance(probe, LogsCheck):
        return pod_key(check_id, probe), await answered(clusters.logs(probe, begun), time_limit)
    if isinstance(probe, ExecCheck):
        command = PodCommand(probe.target, probe.command, probe.container)
        # the time limit is the command's own: what comes before it has those of its requests
        running = clusters.execute(command, time_limit)
        return pod_key(check_id, probe), await answered(running, time_limit + CONNECT_TIMEOUT)
    if isinstance(probe, HttpCheck | TcpCheck | DnsCheck):
        asking = ask_network(probe, context, clusters, time_limit)
        return pod_key(check_id, probe), await answered(asking, time_limit + CONNECT_TIMEOUT)
    if isinstance(probe, ScriptCheck):
        return script_key(check_id, probe), await run_script(
            probe.file,
            probe.arguments,
            environment=context.environment(),
            directory=context.workspace,
            time_limit=time_limit,
        )
    return command_key(check_id, probe.run), await _run(probe.run, context, time_limit)


async def answered(question: Awaitable[Any], time_limit: float) -> Any:
    """What the cluster answers, or what it raised."""
    try:
        return await asyncio.wait_for(question, time_limit)
    except (ClusterError, PodTroubleError) as problem:
        return problem
    except TimeoutError:
        reason = f"cannot reach the cluster: no answer within {time_limit:g} s"
        return ClusterError(SourceState.UNREACHABLE, reason)
    except Exception as problem:
        return ClusterError(SourceState.REFUSED, f"the cluster has no answer: {problem}")


async def _run(source: str, context: CheckContext, time_limit: float) -> CommandResult:
    return await run_command(
        source, environment=context.environment(), directory=context.workspace, time_limit=time_limit
    )
