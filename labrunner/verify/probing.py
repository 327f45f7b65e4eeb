"""The questions that take time: commands and RBAC reviews. Their answers go to the world's probes."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any

from labrunner.content.checks_model import AnswerCheck, CanCheck, ScriptCheck
from labrunner.verify.api import ClusterError
from labrunner.verify.clusters import Clusters
from labrunner.verify.commands import CommandResult, run_command, run_script
from labrunner.verify.context import CheckContext
from labrunner.verify.interests import Probe
from labrunner.verify.kinds.host import command_key
from labrunner.verify.kinds.permissions import can_key
from labrunner.verify.kinds.scripts import script_key
from labrunner.verify.store import SourceState
from labrunner.verify.trust import needs_trust


async def ask(
    probe: Probe, check_id: str, context: CheckContext, clusters: Clusters, time_limit: float
) -> tuple[Hashable, Any] | None:
    """The probe's key and answer; None when there is nothing to ask yet."""
    if needs_trust(probe) and not context.trusted:
        return None
    if isinstance(probe, CanCheck):
        return can_key(check_id, probe), await _review(probe, clusters, time_limit)
    if isinstance(probe, AnswerCheck):
        if probe.command is None or context.answer(check_id) is None:
            return None
        return command_key(check_id, probe.command), await _run(probe.command, context, time_limit)
    if isinstance(probe, ScriptCheck):
        return script_key(check_id, probe), await run_script(
            probe.file,
            probe.arguments,
            environment=context.environment(),
            directory=context.workspace,
            time_limit=time_limit,
        )
    return command_key(check_id, probe.run), await _run(probe.run, context, time_limit)


async def _review(check: CanCheck, clusters: Clusters, time_limit: float) -> Any:
    try:
        return await asyncio.wait_for(clusters.can(check), time_limit)
    except ClusterError as problem:
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
