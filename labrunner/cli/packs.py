"""Finding modules for a command: the pack it works on, a module of it, a step of that."""

from __future__ import annotations

import difflib
from pathlib import Path

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.content.loading import load_module
from labrunner.content.models import Module, Step
from labrunner.content.pack import Pack, builtin_pack_path, open_pack
from labrunner.paths import home


class BrokenModuleError(CommandError):
    """The module is there and has errors, which the message lists."""


def chosen_pack(path: Path | None) -> Pack:
    """The pack given with --pack, else the built-in one."""
    if path is not None and not (path / "modules").is_dir():
        raise CommandError(
            f"{path} is not a pack: it has no modules/ folder",
            "Give the folder that holds modules/.",
            exit_codes.USAGE,
        )
    return open_pack(path or builtin_pack_path())


def find_module(pack: Pack, module_id: str) -> Module:
    """The module of that id, loaded. CommandError when there is none, BrokenModuleError when it has errors."""
    folder = pack.path / "modules" / module_id
    if not (folder / "module.md").exists():
        known = sorted(entry.name for entry in (pack.path / "modules").iterdir() if entry.is_dir())
        near = difflib.get_close_matches(module_id, known, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
        raise CommandError(f"there is no module {module_id!r} in {pack.path}", hint, exit_codes.USAGE)
    loaded = load_module(folder, pack=pack.path)
    if loaded.module is None:
        listed = "\n".join(str(problem) for problem in loaded.problems if problem.severity == "error")
        raise BrokenModuleError(
            f"{module_id} has mistakes:\n{listed}", f"Mend them; see `labrunner lint {folder}`."
        )
    return loaded.module


def find_target(pack: Pack, target: str) -> tuple[Module, Step | None]:
    """`MODULE` or `MODULE/STEP`."""
    module_id, _, step_id = target.partition("/")
    module = find_module(pack, module_id)
    if not step_id:
        return module, None
    for step in module.steps:
        if step.id == step_id:
            return module, step
    ids = [step.id for step in module.steps]
    near = difflib.get_close_matches(step_id, ids, 1)
    raise CommandError(
        f"{module_id} has no step {step_id!r}",
        f"Did you mean {near[0]}?" if near else f"Its steps: {', '.join(ids)}.",
        exit_codes.USAGE,
    )


def cache_folder() -> Path:
    return home().cache / "catalogue"
