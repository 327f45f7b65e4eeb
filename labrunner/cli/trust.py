"""`labrunner trust`: read what a pack would run, then let it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.content.pack import Pack, open_pack
from labrunner.lab.trust import Runs, TrustedPack, TrustStore, pack_digest, what_runs
from labrunner.paths import home

_SHOWN_LINES = 12


def run(arguments: argparse.Namespace) -> int:
    store = TrustStore(home().data)
    if arguments.list:
        return _list(store.packs(), arguments.json)
    path = arguments.path or arguments.pack
    if path is None:
        raise CommandError("no pack is named", "labrunner trust PACK, or --list.", exit_codes.USAGE)
    if arguments.revoke:
        return _revoke(store, path)
    if not (path / "modules").is_dir():
        raise CommandError(
            f"{path} is not a pack: it has no modules/ folder",
            "Give the folder that holds modules/.",
            exit_codes.USAGE,
        )
    return _trust(store, open_pack(path), yes=arguments.yes, as_json=arguments.json)


def _trust(store: TrustStore, pack: Pack, *, yes: bool, as_json: bool) -> int:
    # Before it is shown: what is trusted is what was read, whatever is written meanwhile.
    digest = pack_digest(pack.path.resolve())
    listed = list(what_runs(pack))
    if as_json:
        json.dump(
            {"version": 1, "digest": digest, "runs": [_as_json(item) for item in listed]},
            sys.stdout,
            indent=1,
        )
        sys.stdout.write("\n")
    else:
        _show(pack, listed, digest)
    if not yes and not _agreed():
        print("Not trusted. Nothing of it runs by itself.", file=sys.stderr)
        return exit_codes.FAILED
    entry = store.add(pack)
    if entry.digest != digest:
        store.revoke(pack.path)
        raise CommandError(f"{pack.path} changed while it was shown", "Read it again.", exit_codes.FAILED)
    if not as_json:
        print(f"Trusted: {pack.path}. When anything in it changes, you are asked again.")
    return exit_codes.OK


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise CommandError("nobody can be asked: this is no terminal", "Add --yes.", exit_codes.USAGE)
    print("Let it run all this on your machine? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _show(pack: Pack, listed: list[Runs], digest: str) -> None:
    print(f"{pack.title} ({pack.path})")
    if not listed:
        print("  Nothing of it runs by itself.")
    for item in listed:
        print(f"\n  {item.what}  {item.where}  sha256 {item.digest}")
        lines = item.text.rstrip("\n").split("\n")
        for line in lines[:_SHOWN_LINES]:
            print(f"    {_printable(line)}")
        if len(lines) > _SHOWN_LINES:
            print(f"    … {len(lines) - _SHOWN_LINES} more lines: see the file")
    print(f"\n{len(listed)} in all; the pack's sha256 {digest[:16]}")


def _printable(line: str) -> str:
    """A line that cannot steer the terminal it is read on."""
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in line)


def _as_json(item: Runs) -> dict[str, str]:
    return {
        "module": item.module, "where": item.where, "what": item.what, "sha256": item.digest, "text": item.text,
    }  # fmt: skip


def _list(packs: list[TrustedPack], as_json: bool) -> int:
    if as_json:
        json.dump({"version": 1, "packs": [_entry(pack) for pack in packs]}, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return exit_codes.OK
    if not packs:
        print("No pack is trusted but the built-in one.")
    for pack in packs:
        when = time.strftime("%Y-%m-%d", time.localtime(pack.at))
        print(f"{pack.path}  {pack.title}  since {when}{_state(pack)}")
    return exit_codes.OK


def _state(pack: TrustedPack) -> str:
    path = Path(pack.path)
    if not path.is_dir():
        return "  (is not there any more)"
    return "" if pack_digest(path) == pack.digest else "  (has changed: no longer trusted)"


def _entry(pack: TrustedPack) -> dict[str, object]:
    return {
        "path": pack.path,
        "title": pack.title,
        "digest": pack.digest,
        "at": pack.at,
        "state": _state(pack).strip(" ()"),
    }


def _revoke(store: TrustStore, path: Path) -> int:
    gone = store.revoke(path)
    if not gone:
        raise CommandError(f"{path} was not trusted", "See `labrunner trust --list`.", exit_codes.FAILED)
    print(f"No longer trusted: {path}")
    return exit_codes.OK
