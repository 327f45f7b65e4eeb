"""`labrunner cluster up|status|down|kubeconfig`: a simulated cluster without a lab around it."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.cluster.sim import SimulatedCluster
from labrunner.content.versions import NAME_WITH_RANGE
from labrunner.paths import home


def run(arguments: argparse.Namespace) -> int:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", arguments.name):
        raise CommandError(
            f"{arguments.name!r} cannot name a cluster",
            "Use lower-case letters, digits and -.",
            exit_codes.USAGE,
        )
    for wanted in getattr(arguments, "kinds", ()):
        if not NAME_WITH_RANGE.fullmatch(wanted):
            raise CommandError(
                f"{wanted!r} is not a set of kinds", "Write it like istio, or istio>=1.24.", exit_codes.USAGE
            )
    cluster = SimulatedCluster(
        arguments.name, home().cluster(arguments.name), getattr(arguments, "kinds", ())
    )
    return asyncio.run(_act(arguments.action, cluster))


async def _act(action: str, cluster: SimulatedCluster) -> int:
    """What a program reads goes to stdout, what a person reads to stderr."""
    if action == "up":
        await cluster.up(lambda stage: print(f"{stage.title}…", file=sys.stderr))
        print(f"{(await cluster.status()).detail}. It is simulated: containers do not run.", file=sys.stderr)
        print(f"Use it with: export KUBECONFIG={cluster.kubeconfig}", file=sys.stderr)
        print(cluster.kubeconfig)
        return exit_codes.OK
    if action == "down":
        was = await cluster.status()
        await cluster.down()
        print(f"{cluster.name}: {'stopped and removed' if was.running else 'was not running'}")
        return exit_codes.OK
    status = await cluster.status()
    if action == "status":
        print(f"{cluster.name}: {status.detail}")
        return exit_codes.OK if status.running else exit_codes.FAILED
    if not cluster.kubeconfig.exists():
        raise CommandError(
            f"the cluster {cluster.name} has never been started",
            f"Start it with `labrunner cluster up {cluster.name}`.",
        )
    if not status.running:
        print(
            f"{cluster.name} is not running; start it with `labrunner cluster up {cluster.name}`",
            file=sys.stderr,
        )
    print(cluster.kubeconfig)
    return exit_codes.OK
