"""`labrunner lint`: every mistake of modules and packs, found without running anything of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

from labrunner.authoring.lint_formats import render_github, render_sarif
from labrunner.authoring.lint_kinds import missing_kinds
from labrunner.authoring.lint_manifests import manifest_problems
from labrunner.authoring.lint_render import render_json, render_text
from labrunner.authoring.lint_rules import module_problems
from labrunner.content.findings import suggestion
from labrunner.content.loading import load_module
from labrunner.content.models import Module
from labrunner.content.module_files import documents_of, pack_of
from labrunner.content.pack import Pack, open_pack
from labrunner.content.problems import Place, Problem


@dataclass(slots=True)
class Report:
    """What lint found. `modules` counts the modules that were looked at; `problems` are in the order of the files."""

    problems: list[Problem] = field(default_factory=list)
    modules: int = 0

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors


Format = Literal["text", "json", "sarif", "github"]


def run(paths: Sequence[Path], *, form: Format = "text", out: TextIO) -> int:
    """Lint `paths` and write the report: 0 when there are no errors (warnings are none), else 1."""
    report = lint(paths)
    counts = (report.errors, report.warnings, report.modules)
    match form:
        case "json":
            out.write(render_json(report.problems, *counts))
        case "sarif":
            out.write(render_sarif(report.problems, Path.cwd()))
        case "github":
            out.write(render_github(report.problems, Path.cwd()))
        case "text":
            out.write(render_text(report.problems, *counts))
    return 1 if report.errors else 0


def lint(paths: Sequence[Path]) -> Report:
    """Lint packs, module folders, or single files of a module; each module once."""
    report = Report()
    seen: set[Path] = set()
    found: dict[Problem, None] = {}
    for path in paths:
        path = path.absolute()
        folders, problems = _modules_at(path)
        found.update(dict.fromkeys(problems))
        for folder, pack in folders:
            if folder in seen:
                continue
            seen.add(folder)
            found.update(dict.fromkeys(_lint_module(folder, pack)))
    report.modules = len(seen)
    report.problems = sorted(found, key=lambda problem: problem.place)
    return report


def _lint_module(folder: Path, pack: Path) -> Iterator[Problem]:
    loaded = load_module(folder, pack=pack)
    yield from loaded.problems
    if loaded.module is not None:
        yield from module_problems(loaded.module)
        yield from _missing_modules(loaded.module, pack)
        yield from missing_kinds(loaded.module)
        yield from manifest_problems(loaded.module)


def _missing_modules(module: Module, pack: Path) -> Iterator[Problem]:
    """Modules to do first that the pack does not have."""
    if not (pack / "modules").is_dir() or not module.requires.modules:
        return
    known = [folder.name for folder in open_pack(pack).folders()]
    for name in module.requires.modules:
        if name not in known:
            message = f"the pack has no module '{name}', which is to be done first"
            yield Problem(
                module.place, "unresolved-module", message, suggestion(name, known, "write that module")
            )


def _modules_at(path: Path) -> tuple[list[tuple[Path, Path]], list[Problem]]:
    """The modules that a path means, each with its pack, and what is wrong with the path or the pack itself."""
    if path.is_dir():
        if (path / "modules").is_dir() and not documents_of(path):
            return _modules_of_pack(open_pack(path))
        if documents_of(path):
            return [(path, pack_of(path))], []
        if path.name == "modules":
            return _modules_of_pack(open_pack(path.parent))
    elif path.is_file():
        if documents_of(path.parent):
            return [(path.parent, pack_of(path.parent))], []
        folder = path.parent.parent / "modules" / path.stem
        if path.parent.name == "checks" and documents_of(folder):
            return [(folder, path.parent.parent)], []
        if path.name == "pack.yaml":
            return _modules_of_pack(open_pack(path.parent))
    what = "no module or pack is here" if path.exists() else "there is no such file or folder"
    remedy = "give a pack, a module's folder, or a file of a module"
    return [], [Problem(Place(path), "no-module", what, remedy)]


def _modules_of_pack(pack: Pack) -> tuple[list[tuple[Path, Path]], list[Problem]]:
    folders = pack.folders()
    names = [folder.name for folder in folders]
    problems = list(pack.problems)
    if not folders:
        remedy = "write modules/<id>/module.md"
        problems.append(Problem(Place(pack.path), "empty-pack", "the pack has no modules", remedy, "warning"))
    for file in sorted((pack.path / "checks").glob("*.y*ml")):
        if file.suffix == ".yml":
            problems.append(
                Problem(Place(file), "unused-checks", "checks are read from .yaml files", "rename it")
            )
        elif file.stem not in names:
            message = f"there is no module '{file.stem}' for these checks"
            problems.append(
                Problem(
                    Place(file),
                    "unused-checks",
                    message,
                    suggestion(file.stem, names, "delete it"),
                    "warning",
                )
            )
    for programme in pack.programmes:
        for name in programme.modules:
            if name not in names:
                message = (
                    f"the programme '{programme.id}' names a module '{name}' that the pack does not have"
                )
                remedy = suggestion(name, names, "write that module")
                problems.append(
                    Problem(Place(pack.path / "pack.yaml"), "unresolved-module", message, remedy, "warning")
                )
    return [(folder, pack.path) for folder in folders], problems
