"""A module's folder → an immutable Module, or the list of what is wrong with it."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from labrunner.content import nodes
from labrunner.content.assembly import assemble, report_duplicates, resolve, resolve_variants, warn_unused
from labrunner.content.checks import read_checks
from labrunner.content.checks_model import CheckSpec, ScriptCheck, unfolded
from labrunner.content.document import DocumentReader, split_front_matter
from labrunner.content.fields import INVALID, own_keys
from labrunner.content.findings import Findings
from labrunner.content.front_matter import MODULE
from labrunner.content.models import EMPTY, ClusterSpec, Module, Phase
from labrunner.content.module_files import ModuleFiles, find_files
from labrunner.content.nodes import Node, Origin
from labrunner.content.outline import Outline
from labrunner.content.paths import escape_reason, stays_inside
from labrunner.content.problems import Place, Problem
from labrunner.content.questions import read_quiz_file
from labrunner.content.questions_model import Question
from labrunner.content.requirements import Requirements
from labrunner.content.source_text import SourceText, read_source
from labrunner.content.yaml12 import read_yaml


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load gave: the module unless there were errors, and every problem, in the order of the files."""

    module: Module | None
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Sources:
    """The texts a module was read from; their hash is the module's digest."""

    files: ModuleFiles
    findings: Findings
    hash: Any = field(default_factory=hashlib.sha256)

    def read(self, path: Path) -> SourceText | None:
        source = read_source(path, self.files.pack, self.findings)
        if source is not None:
            self.note(path, source.data)
        return source

    def note(self, path: Path, data: bytes) -> None:
        """Add a file to the digest: its place in the pack (wherever that is), its length, its bytes."""
        base = self.files.base
        name = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
        self.hash.update(f"{name.as_posix()}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        self.hash.update(data)


def load_module(folder: Path, *, pack: Path | None = None) -> Loaded:
    """Read the module in `folder`, with its checks from the pack it belongs to.

    `pack` is found from the folder when left out. Nothing is raised for what an author can get wrong.
    """
    folder = folder.absolute()
    findings = Findings()
    files = find_files(folder, pack, findings)
    findings.folders = (folder, files.pack)
    sources = _Sources(files, findings)
    module = _load(files, sources, findings) if files.documents else None
    problems = tuple(sorted(findings.problems, key=lambda problem: problem.place))
    return Loaded(None if findings.failed else module, problems)


def _load(files: ModuleFiles, sources: _Sources, findings: Findings) -> Module | None:
    outline = Outline()
    front: tuple[dict[str, Any], Node] | None = None
    for number, path in enumerate(files.documents):
        source = sources.read(path)
        if source is None:
            findings.give_up("cell", "step", "question")
            continue
        text = source.text
        if number == 0:
            front, text = _front_matter(source, files, findings)
        DocumentReader(path, text, outline, findings).read()
    if not outline.steps and not findings.failed:
        remedy = "add a # heading for a phase and a ## heading for a step"
        findings.error(Place(files.documents[0]), "no-steps", "the module has no steps", remedy)
    quiz = _yaml_file(files.quiz, sources, findings)
    questions = [question for step in outline.steps for question in step.questions]
    if quiz is None and files.quiz is not None:
        findings.give_up("question")
    if quiz is not None:
        questions += read_quiz_file(quiz, findings)
    report_duplicates("question", ((question.id, question.place) for question in questions), findings)
    root = _yaml_file(files.checks, sources, findings)
    checks = read_checks(root, findings) if root is not None else {}
    if files.checks is not None and (root is None or not isinstance(root, nodes.Mapping)):
        findings.give_up("check")
    phases = assemble(outline, questions, findings)
    values, node = front or ({}, None)
    known = {
        "check": list(checks),
        "question": [question.id for question in questions],
        "cell": [cell.id for step in outline.steps for cell in step.cells],
        "step": [step.id for step in outline.steps],
    }
    resolve(findings.references, {kind: _Names(names) for kind, names in known.items()}, findings)
    resolve_variants(findings.references, values.get("variants", {}), findings)
    warn_unused(phases, checks, findings)
    _attachments(files, sources, findings)
    _scripts(checks.values(), files, sources)
    _profiles(values.get("cluster", ()), node, files, sources, findings)
    if node is None or findings.failed:
        return None
    return _module(values, node, files, sources, phases, checks, questions)


class _Names(list[str]):
    """Names in order, with a quick answer to `in`."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(names)
        self._set = frozenset(names)

    def __contains__(self, name: object) -> bool:
        return name in self._set


def _front_matter(
    source: SourceText, files: ModuleFiles, findings: Findings
) -> tuple[tuple[dict[str, Any], Node] | None, str]:
    """The values of the front matter with their node, and the text below it."""
    yaml, text, taken = split_front_matter(source.text)
    if yaml is None:
        place = Place(source.path)
        if taken < 0:
            findings.error(
                place,
                "unclosed-front-matter",
                "the front matter is never closed",
                "end it with a line of ---",
            )
        else:
            remedy = "begin the file with ---, then lab: 1, id: and title:, then ---"
            findings.error(place, "no-front-matter", "the module has no front matter", remedy)
        return None, text if taken == 0 else ""
    node, problems = read_yaml(yaml, Origin(source.path, 2))
    findings.extend(problems)
    if node is None:
        if not problems:
            findings.error(
                Place(source.path),
                "no-front-matter",
                "the front matter is empty",
                "add lab: 1, id: and title:",
            )
        return None, text
    values = MODULE.read(node, findings)
    if values is INVALID:
        return None, text
    if values.get("id", files.folder.name) != files.folder.name and isinstance(node, nodes.Mapping):
        place = node.entries["id"].value.place
        message = f"the id '{values['id']}' is not the name of the folder, '{files.folder.name}'"
        findings.error(place, "module-id", message, "give both the same name")
    return (values, node), text


def _yaml_file(path: Path | None, sources: _Sources, findings: Findings) -> Node | None:
    """The node of a YAML file, None when there is none; an empty file is a mistake."""
    if path is None:
        return None
    source = sources.read(path)
    if source is None:
        return None
    node, problems = read_yaml(source.text, Origin(path))
    findings.extend(problems)
    if node is None and not problems:
        findings.error(Place(path), "empty-file", "this file is empty", "fill it, or delete it")
    return node


def _attachments(files: ModuleFiles, sources: _Sources, findings: Findings) -> None:
    """Add the files under `files/` to the digest; those that lead out of the pack are refused."""
    for path in files.attachments:
        if not stays_inside(path, files.pack):
            message = "this link leads out of the pack"
            findings.error(Place(path), "escapes-pack", message, "put a copy into the pack")
            continue
        try:
            if path.is_file():
                sources.note(path, path.read_bytes())
        except OSError as error:
            reason = error.strerror or str(error)
            findings.error(
                Place(path), "unreadable", f"the file cannot be read: {reason}", "make it readable"
            )


def _scripts(checks: Iterable[CheckSpec], files: ModuleFiles, sources: _Sources) -> None:
    """Add the scripts that checks run to the digest, those below `files/` excepted, which are in it."""
    known = {path.resolve() for path in files.attachments}
    scripts = {
        one.assertion.file
        for check in checks
        for one in unfolded(check)
        if isinstance(one.assertion, ScriptCheck)
    }
    for path in sorted(scripts - known):
        with contextlib.suppress(OSError):  # reading the check has reported it
            sources.note(path, path.read_bytes())


def _profiles(
    clusters: tuple[ClusterSpec, ...],
    node: Node | None,
    files: ModuleFiles,
    sources: _Sources,
    findings: Findings,
) -> None:
    """See that every kind profile is a file of the pack."""
    place = Place(files.documents[0])
    if isinstance(node, nodes.Mapping) and "cluster" in node.entries:
        place = node.entries["cluster"].value.place
    names = [cluster.name for cluster in clusters]
    if len(set(names)) < len(names):
        findings.error(
            place, "duplicate-id", "two clusters have the same name", "give each a name of its own"
        )
    for cluster in clusters:
        if cluster.profile is None:
            continue
        reason = escape_reason(cluster.profile)
        if reason:
            message = f"the profile path '{cluster.profile[:80]}' {reason}"
            findings.error(
                place, "escapes-pack", message, "write a path inside the pack, such as kind/two-node.yaml"
            )
        elif not (files.pack / cluster.profile).is_file():
            message = f"the pack has no file '{cluster.profile[:80]}'"
            findings.error(
                place,
                "unresolved-profile",
                message,
                "write a path inside the pack, such as kind/two-node.yaml",
            )
        else:
            sources.read(files.pack / cluster.profile)


def _module(
    values: Mapping[str, Any],
    node: Node,
    files: ModuleFiles,
    sources: _Sources,
    phases: tuple[Phase, ...],
    checks: Mapping[str, CheckSpec],
    questions: list[Question],
) -> Module:
    extra = own_keys(node)
    return Module(
        id=values["id"],
        title=values["title"],
        folder=files.folder,
        digest=sources.hash.hexdigest(),
        phases=phases,
        place=Place(files.documents[0]),
        summary=re.sub(r"\s+", " ", values.get("summary", "")).strip(),
        level=values.get("level", "beginner"),
        duration=values.get("duration"),
        objectives=values.get("objectives", ()),
        requires=values.get("requires", Requirements()),
        clusters=values.get("cluster") or (ClusterSpec(),),
        namespace=values.get("namespace"),
        env=MappingProxyType(values.get("env", {})),
        variants=MappingProxyType(values.get("variants", {})),
        checks=MappingProxyType(dict(checks)),
        questions=MappingProxyType({question.id: question for question in questions}),
        extra=MappingProxyType(extra) if extra else EMPTY,
    )
