"""Drafts → a pack on disk that loads and lints without errors, written whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from labrunner.authoring.lint import lint
from labrunner.authoring.lint_needs import INFERENCES, commands
from labrunner.authoring.lint_shell import shell_lines
from labrunner.content.cells import SHELLS
from labrunner.content.loading import load_module
from labrunner.content.models import Module
from labrunner.content.problems import Problem
from labrunner.content.requirements import LEVELS, SIMULATED
from labrunner.importing.account import Account, ImportRefusedError
from labrunner.importing.draft import ModuleDraft, StepDraft, yaml_text

REPORT = "IMPORT.md"
_TRIES = 4


def write_pack(
    drafts: Sequence[ModuleDraft], title: str, output: Path, account: Account, *, force: bool = False
) -> None:
    """Write the pack beside `output`, prove it, then put it there. Raises ImportRefusedError, OSError."""
    check_output(output, account.source, force=force)
    output.parent.mkdir(parents=True, exist_ok=True)
    building = output.parent / f".{output.name}.importing-{secrets.token_hex(4)}"
    building.mkdir()
    try:
        for draft in drafts:
            _write_module(draft, building, account)
        account.modules = [draft.id for draft in drafts]
        (building / "pack.yaml").write_text(_pack_yaml(drafts, title), encoding="utf-8")
        report = lint([building])
        errors = [problem for problem in report.problems if problem.severity == "error"]
        if errors:
            raise ImportRefusedError(
                f"the result would not load: {errors[0].message}", "Please report this source."
            )
        account.warnings = report.warnings
        (building / REPORT).write_text(account.as_markdown(), encoding="utf-8")
        _put(building, output)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_output(output: Path, source: Path, *, force: bool) -> None:
    """See that `output` may be written. Raises ImportRefusedError."""
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise ImportRefusedError(f"{output} is no folder", "Name a new folder with --output.", usage=True)
    here, there = output.resolve(), source.resolve()
    if here == there or there.is_relative_to(here):
        raise ImportRefusedError(
            f"{output} holds the source", "Name another folder with --output.", usage=True
        )
    if not output.is_dir() or not any(output.iterdir()):
        return
    if not force:
        raise ImportRefusedError(
            f"{output} is not empty", "Name a new folder, or add --force to replace it.", usage=True
        )
    if not (output / REPORT).is_file() or not (output / "modules").is_dir():
        raise ImportRefusedError(
            f"{output} is no earlier import (it has no {REPORT}), so --force does not replace it",
            "Name a new folder with --output.",
            usage=True,
        )


def _put(building: Path, output: Path) -> None:
    """Move the finished pack to its place; an earlier one goes only once the new one is there."""
    if not output.exists():
        building.rename(output)
        return
    if not any(output.iterdir()):
        output.rmdir()
        building.rename(output)
        return
    old = building.with_name(building.name + "-old")
    output.rename(old)
    try:
        building.rename(output)
    except OSError:
        old.rename(output)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_module(draft: ModuleDraft, pack: Path, account: Account) -> None:
    """Write a module; steps that do not load become literal text, needs that lint infers are declared."""
    folder = pack / "modules" / draft.id
    folder.mkdir(parents=True)
    for name, (data, runs) in draft.files.items():
        path = folder / "files" / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o755 if runs else 0o644)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            account.left_out(name, 1, "file", "another file of the lab has a folder's name")
    for _ in range(_TRIES):
        _write_texts(draft, pack)
        loaded = load_module(folder, pack=pack)
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        if loaded.module is not None:
            if _declare_needs(draft, loaded.module):
                _write_texts(draft, pack)
            return
        if not _make_literal(draft, folder, errors, account):
            break
    problem = errors[0]
    raise ImportRefusedError(f"{draft.id} would not load: {problem.message}", "Please report this source.")


def _write_texts(draft: ModuleDraft, pack: Path) -> None:
    text, _ = draft.markdown()
    (pack / "modules" / draft.id / "module.md").write_text(text, encoding="utf-8")
    for name, yaml in draft.texts().items():
        path = pack / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml, encoding="utf-8")


def _make_literal(draft: ModuleDraft, folder: Path, errors: list[Problem], account: Account) -> bool:
    """Turn the steps that errors stand in into literal text; False when none of them was markdown still."""
    _, places = draft.markdown()
    lines = [line for line, _ in places]
    steps: dict[int, StepDraft] = {}
    for problem in errors:
        if problem.place.path == folder / "module.md":
            index = sum(line <= problem.place.line for line in lines) - 1
            if index >= 0:
                steps[index] = places[index][1]
    fresh = [step for step in steps.values() if not step.literal]
    for step in fresh:
        step.literal = True
        reason = next((p.message for p in errors), "")
        account.changed(
            step.path,
            step.line,
            f"step {step.id}",
            f"literal text, as it reads wrongly: {reason}",
        )
    return bool(fresh)


def _declare_needs(draft: ModuleDraft, module: Module) -> bool:
    """Declare for each step what its commands need of a cluster; whether there was anything to declare."""
    steps = {step.id: step for step in draft.steps}
    changed = False
    for cell in module.cells():
        if (
            cell.role in ("read", "file")
            or cell.file is not None
            or cell.language not in SHELLS
            or cell.step not in steps
        ):
            continue
        needs = steps[cell.step].needs
        for line in shell_lines(cell):
            for command in commands(line.code):
                for inference in INFERENCES:
                    capability, level = inference.capability, inference.level
                    levels = LEVELS[capability]
                    given = needs.get(capability, SIMULATED.level(capability))
                    if inference.applies(command) and levels.index(given) < levels.index(level):
                        needs[capability] = level
                        changed = True
    return changed


def _pack_yaml(drafts: Sequence[ModuleDraft], title: str) -> str:
    modules = [draft.id for draft in drafts]
    shown = title or drafts[0].title
    values: dict[str, object] = {"lab": 1, "title": shown}
    if len(modules) > 1:
        values["programmes"] = {"course": {"title": shown, "modules": modules}}
    return yaml_text(values)
