"""`labrunner check`: verify a lab's checks from the outside, plainly."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import suppress

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.cli.packs import chosen_pack, find_target
from labrunner.cli.words import check_line
from labrunner.cluster.choice import choose_cluster
from labrunner.content.models import Module
from labrunner.lab.attempt import load_progress
from labrunner.lab.connection import facts_from_outside
from labrunner.lab.trust import is_trusted
from labrunner.paths import home
from labrunner.progress.log import EventLog
from labrunner.verify.engine import Verifier
from labrunner.verify.verdict import CheckState, CheckStatus


def run(arguments: argparse.Namespace) -> int:
    pack = chosen_pack(arguments.pack)
    module, step = find_target(pack, arguments.target)
    ids = step.checks if step else tuple(module.checks)
    if not ids:
        print("nothing to check here")
        return exit_codes.OK
    trusted = arguments.trust or is_trusted(pack.path, home().data)
    statuses = asyncio.run(_verify(module, ids, wait=arguments.wait, trusted=trusted))
    if arguments.json:
        listed = [
            {"check": check_id, "state": status.state.value, "summary": status.verdict.summary}
            for check_id, status in statuses.items()
        ]
        print(json.dumps(listed, indent=2, ensure_ascii=False))
    else:
        for check_id in ids:
            print(check_line(module.checks[check_id], statuses.get(check_id)))
    required = [
        statuses[check_id].state for check_id in ids if module.checks[check_id].severity == "required"
    ]
    if CheckState.ERROR in required:
        return exit_codes.TROUBLE
    settled = (CheckState.PASS, CheckState.SKIPPED)
    return exit_codes.OK if all(state in settled for state in required) else exit_codes.FAILED


async def _verify(
    module: Module, ids: tuple[str, ...], *, wait: bool, trusted: bool
) -> dict[str, CheckStatus]:
    """Evaluate on the lab's own cluster, brought up if it rests, beside whoever has the lab open."""
    log = EventLog(home().progress_file)
    attempt, progress = load_progress(log, module.id)
    log.close()
    if attempt is None:
        raise CommandError(
            f"{module.id} has not been started, so there is nothing to check",
            f"Start it with `labrunner run {module.id}`.",
        )
    cluster = choose_cluster(progress.cluster, module, home())
    was_running = (await cluster.status()).running
    if not was_running:
        await cluster.up(lambda _: None)
    facts = facts_from_outside(module, cluster, progress, home(), trusted=trusted)
    verifier = Verifier(facts, on_change=lambda _: None)
    try:
        verifier.activate(
            [module.checks[check_id] for check_id in ids],
            passed_at=progress.passed,
            baseline_seen=progress.baselines,
        )
        return await verifier.verify(ids, wait=wait)
    finally:
        await verifier.close()
        if not was_running:
            with suppress(Exception):
                await cluster.suspend()
