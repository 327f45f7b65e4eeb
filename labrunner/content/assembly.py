"""The outline → phases of frozen steps, and every name an author used resolved, or reported with the nearest one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from labrunner.content import nodes
from labrunner.content.checks_model import CheckSpec
from labrunner.content.document import metadata_list
from labrunner.content.findings import Findings, Reference, suggestion
from labrunner.content.models import Cell, Phase, Step
from labrunner.content.outline import Outline, PhaseDraft, StepDraft
from labrunner.content.problems import Place
from labrunner.content.questions_model import Question

_REMEDIES = {
    "check": "define it in the checks file",
    "question": "define it in quiz.yaml or in a quiz block",
    "cell": "give the cell that id",
    "step": "give the step that id",
}


def report_duplicates(kind: str, named: Iterable[tuple[str, Place]], findings: Findings) -> None:
    """Report every id that stands a second time."""
    first: dict[str, Place] = {}
    for name, place in named:
        seen = first.setdefault(name, place)
        if seen is not place:
            where = f"line {seen.line}" if seen.path == place.path else str(seen)
            message = f"the {kind} id '{name}' is taken already in {where}"
            remedy = f"give one of them another id{' in its metadata comment' if kind == 'step' else ''}"
            findings.error(place, "duplicate-id", message, remedy)


def resolve(references: Sequence[Reference], known: Mapping[str, Sequence[str]], findings: Findings) -> None:
    """Report every reference whose name is not known; `known` maps a reference kind to the names there are."""
    for reference in references:
        names = known.get(reference.kind)
        if names is None or reference.kind in findings.unreadable or reference.name in names:
            continue
        if reference.name in findings.defined.get(reference.kind, ()):
            continue
        message = f"there is no {reference.kind} '{reference.name[:80]}'"
        remedy = suggestion(reference.name, list(names), _REMEDIES.get(reference.kind, "define it"))
        findings.error(reference.place, f"unresolved-{reference.kind}", message, remedy)


def resolve_variants(
    references: Sequence[Reference], variants: Mapping[str, tuple[str, ...]], findings: Findings
) -> None:
    """Report `when=` conditions that no choice of variants can meet."""
    for reference in references:
        if reference.kind != "variant":
            continue
        name, equals, value = reference.name.partition("=")
        if not equals:
            message, remedy = f"'{name}' is not a condition", "write it like access=kind"
        elif name not in variants:
            message = f"there is no variant '{name}'"
            remedy = suggestion(
                name, list(variants), f"add it to the front matter: variants: {{{name}: [{value}, …]}}"
            )
        elif value not in variants[name]:
            message = f"the variant '{name}' has no value '{value}'"
            remedy = suggestion(value, variants[name], "add it to the front matter")
        else:
            continue
        findings.error(reference.place, "unresolved-variant", message, remedy)


def assemble(outline: Outline, questions: Sequence[Question], findings: Findings) -> tuple[Phase, ...]:
    """Check the outline as a whole and freeze it."""
    steps = outline.steps
    report_duplicates("step", ((step.id, step.place) for step in steps), findings)
    report_duplicates("cell", ((cell.id, cell.place) for step in steps for cell in step.cells), findings)
    cells = _with_outputs(steps, findings)
    asked_in: dict[str, list[str]] = {}
    for question in questions:
        if question.step is not None:
            asked_in.setdefault(question.step, []).append(question.id)
    for step in steps:
        if step.empty:
            remedy = "write what the learner reads or does here, or delete the heading"
            findings.error(step.place, "empty-step", f"the step '{step.title}' has nothing in it", remedy)
        for kind in ("check", "question"):
            for node in metadata_list(step.metadata_node, f"{kind}s"):
                if isinstance(node, nodes.Scalar):
                    findings.refer(kind, node.text, node.place)
    phases = tuple(_phase(phase, number, cells, asked_in) for number, phase in enumerate(outline.phases, 1))
    for draft in outline.phases:
        if not draft.steps:
            what = f"the phase '{draft.title}'" if draft.title else "this text"
            findings.error(
                draft.place, "empty-phase", f"{what} has no steps", "add a ## heading for each step"
            )
    report_duplicates("phase", ((phase.id, phase.place) for phase in phases if phase.title), findings)
    return phases


def _with_outputs(steps: Sequence[StepDraft], findings: Findings) -> dict[str, Cell]:
    """All cells by id, with the expected outputs bound to them."""
    cells = {cell.id: cell for step in steps for cell in step.cells}
    for step in steps:
        for output in step.outputs:
            name = output.of or output.previous or ""
            cell = cells.get(name)
            if cell is None:
                findings.refer("cell", name, output.of_place)
            elif cell.expected is not None:
                message = (
                    f"the cell '{name}' has an expected output already, in line {cell.expected.place.line}"
                )
                findings.error(
                    output.expected.place, "second-output", message, "keep one, or name its cell with of=ID"
                )
            else:
                cells[name] = replace(cell, expected=output.expected)
    return cells


def _phase(
    draft: PhaseDraft, number: int, cells: Mapping[str, Cell], asked_in: Mapping[str, list[str]]
) -> Phase:
    return Phase(
        id=draft.id or f"phase-{number}",
        title=draft.title,
        steps=tuple(_step(step, cells, asked_in.get(step.id, [])) for step in draft.steps),
        place=draft.place,
        intro=draft.intro,
        duration=draft.metadata.get("duration"),
    )


def _step(draft: StepDraft, cells: Mapping[str, Cell], asked: Sequence[str]) -> Step:
    values = draft.metadata
    questions = dict.fromkeys((*asked, *values.get("questions", ())))
    return Step(
        id=draft.id,
        title=draft.title,
        place=draft.place,
        body=draft.body,
        body_line=draft.body_line,
        cells=tuple(cells[cell.id] for cell in draft.cells),
        checks=tuple(dict.fromkeys(values.get("checks", ()))),
        questions=tuple(questions),
        hints=values.get("hints", ()),
        requires=values.get("requires"),
        otherwise=values.get("otherwise", "explain"),
        duration=values.get("duration"),
    )


def warn_unused(phases: Sequence[Phase], checks: Mapping[str, CheckSpec], findings: Findings) -> None:
    """Warn of checks that no step asks for."""
    used = {check for phase in phases for step in phase.steps for check in step.checks}
    for check_id, check in checks.items():
        if check_id not in used:
            message = f"no step asks for the check '{check_id}'"
            findings.warning(check.place, "unused-check", message, f"add it to a step: checks: [{check_id}]")
