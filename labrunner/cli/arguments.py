"""What the command line accepts. Importing this loads nothing of a lab, so `--help` is instant."""

from __future__ import annotations

import argparse
from pathlib import Path

from labrunner import __version__

EXIT_CODES = """\
exit codes: 0 done and green · 1 a check, lint or test failed · 2 wrong usage ·
3 could not find out (no kubectl, no cluster, progress unwritable) · 4 open in another labrunner"""


def parser() -> argparse.ArgumentParser:
    """The whole command line. Each subcommand sets `command`."""
    root = argparse.ArgumentParser(
        prog="labrunner",
        description="Training labs in the terminal. Without a command: the app.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"labrunner {__version__}")
    root.add_argument("--pack", type=Path, metavar="PATH", help="open this pack instead of the built-in one")
    root.set_defaults(command="app", module=None)
    commands = root.add_subparsers(title="commands", metavar="COMMAND")
    _run(commands)
    _reading(commands)
    _cluster(commands)
    _sim(commands)
    _authoring(commands)
    _testing(commands)
    _importing(commands)
    _trust(commands)
    return root


def _count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help_: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help_, description=help_)
    command.set_defaults(command=name)
    # SUPPRESS keeps a --pack given before the command.
    command.add_argument(
        "--pack", type=Path, metavar="PATH", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    return command


def _run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = _add(commands, "run", "do a lab, in the app or in line mode")
    run.add_argument("module", metavar="MODULE")
    run.add_argument(
        "--cluster", default=None, metavar="sim|kind|context:NAME", help="where it runs (default: sim)"
    )
    run.add_argument("--step", metavar="ID", help="begin at this step")
    run.add_argument("--fresh", action="store_true", help="begin again instead of resuming")
    run.add_argument(
        "--trust", action="store_true", help="let this pack's automatic cells and checking commands run"
    )
    run.add_argument(
        "--plain", action="store_true", help="line mode: no screen, for pipes and screen readers"
    )
    check = _add(commands, "check", "verify a lab's checks now; exit code 0 when all pass")
    check.add_argument("target", metavar="MODULE[/STEP]")
    check.add_argument("--json", action="store_true")
    check.add_argument("--wait", action="store_true", help="wait for checks that become true in time")
    check.add_argument("--trust", action="store_true", help="let the commands of this pack's checks run")


def _reading(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    list_ = _add(commands, "list", "the modules of the pack")
    list_.add_argument("--json", action="store_true")
    show = _add(commands, "show", "a module or a step as text")
    show.add_argument("target", metavar="MODULE[/STEP]")
    show.add_argument("--all", action="store_true", help="with solutions and automatic cells")
    show.add_argument("--json", action="store_true")


def _cluster(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    cluster = _add(commands, "cluster", "the simulated cluster on its own, or a lab's")
    actions = cluster.add_subparsers(title="actions", metavar="ACTION", required=True)
    for action, help_ in (
        ("up", "start it; the last line printed is its kubeconfig's path"),
        ("status", "say whether it runs; exit code 1 when it does not"),
        ("down", "stop it and forget its state"),
        ("kubeconfig", "print its kubeconfig's path"),
    ):
        command = actions.add_parser(action, help=help_, description=help_)
        command.set_defaults(action=action)
        command.add_argument(
            "name", nargs="?", default="default", metavar="NAME", help="a name, or a module's id"
        )
        if action == "up":
            command.add_argument(
                "--kinds",
                action="append",
                default=[],
                metavar="SET",
                help="also serve the custom kinds of istio, gateway-api or linkerd (may be given several times)",
            )


def _sim(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sim = _add(commands, "sim", "how true the simulated cluster is")
    actions = sim.add_subparsers(title="actions", metavar="ACTION", required=True)
    help_ = "replay kubectl sessions on it and compare with recordings, or with a real cluster you have"
    compare = actions.add_parser("compare", help=help_, description=help_)
    compare.set_defaults(action="compare")
    compare.add_argument("names", nargs="*", metavar="SESSION", help="only these (default: all)")
    compare.add_argument("--context", metavar="NAME", help="a context of your kubeconfig: the real cluster")
    compare.add_argument(
        "--sessions",
        type=Path,
        metavar="FOLDER",
        help="sessions to replay (default: the ones that come along)",
    )
    compare.add_argument(
        "--confirm", metavar="NAME", help="the context's name again: the replay may change that cluster"
    )
    compare.add_argument(
        "--kubectl",
        type=Path,
        metavar="FILE",
        help="the kubectl to replay with (default: the one that comes along)",
    )
    compare.add_argument("--json", action="store_true")


def _authoring(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lint = _add(commands, "lint", "find mistakes in modules, with place and remedy")
    lint.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="packs, module folders or files")
    lint.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="for people or for programs",
    )
    lint.add_argument("--json", action="store_true", help="short for --format json")
    new = _add(commands, "new", "a module to start from, which passes lint and test as it stands")
    new.add_argument("id", metavar="ID", help="its id, such as first-steps")
    new.add_argument("--title", metavar="TEXT", help="its title (asked for in a terminal)")
    new.add_argument("--summary", metavar="TEXT", help="one line for the catalogue (asked for in a terminal)")
    new.add_argument("--level", choices=("beginner", "intermediate", "advanced"), default="beginner")
    new.add_argument("--duration", default="15m", metavar="TIME", help="how long it takes (default: 15m)")
    new.add_argument(
        "--output", type=Path, default=Path(), metavar="PACK", help="the pack (default: this folder)"
    )
    schema = _add(commands, "schema", "the format as JSON Schema, for editors")
    schema.add_argument(
        "name",
        nargs="?",
        choices=("module", "checks", "quiz", "pack", "kind"),
        help="which file (default: checks)",
    )
    schema.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write it there; without a name, all of them"
    )


def _testing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    test = _add(
        commands,
        "test",
        "qualify modules: red before, green after every right way, red for wrong ones, cleanup clean",
    )
    test.add_argument("modules", nargs="*", metavar="MODULE")
    test.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="test this step; those before it are just played",
    )
    test.add_argument(
        "--repeat", type=_count, default=1, metavar="N", help="run it N times and name what is flaky"
    )
    test.add_argument(
        "--jobs",
        type=_count,
        default=None,
        metavar="N",
        help="runs at the same time (default: one a core, on sim)",
    )
    test.add_argument("--times", action="store_true", help="say where the time went, step by step")
    test.add_argument("--junit", type=Path, metavar="FILE", help="also write a JUnit report")
    test.add_argument("--json", action="store_true")
    test.add_argument("--cluster", default="sim", metavar="sim|kind|context:NAME")


def _importing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    import_ = _add(
        commands, "import", "make a pack of a Killercoda scenario, a markdown lab or a list of questions"
    )
    import_.add_argument("source", type=Path, metavar="SOURCE", help="a folder or a .md file")
    import_.add_argument("--output", type=Path, metavar="DIR", required=True, help="the folder to make")
    import_.add_argument("--force", action="store_true", help="replace an earlier import in DIR")
    import_.add_argument("--json", action="store_true")


def _trust(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    trust = _add(commands, "trust", "let a pack run its own scripts, after showing them")
    trust.add_argument("path", nargs="?", type=Path, metavar="PACK", help="the pack's folder")
    trust.add_argument("--yes", action="store_true", help="do not ask")
    trust.add_argument("--list", action="store_true", help="the packs that are trusted")
    trust.add_argument("--revoke", action="store_true", help="trust PACK no longer")
    trust.add_argument("--json", action="store_true")
