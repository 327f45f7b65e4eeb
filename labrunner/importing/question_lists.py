"""Lists of questions with folded solutions → challenge steps and recall questions."""

from __future__ import annotations

import re
from collections.abc import Callable

from labrunner.content.cells import SHELLS
from labrunner.importing.account import Account
from labrunner.importing.body import BodyWriter
from labrunner.importing.cells import CellMaker
from labrunner.importing.draft import ModuleDraft, PhaseDraft, StepDraft, fenced, title_of
from labrunner.importing.folds import joined
from labrunner.importing.outline import Section, sections
from labrunner.importing.section_kinds import MAX_TEXT, add_confirm, add_question
from labrunner.importing.segments import Fence, Prose, Segment, segments

_DETAILS = re.compile(r"<details\b", re.IGNORECASE)
_END = re.compile(r"</details>", re.IGNORECASE)
_NOISE = re.compile(r"</?(?:details|summary|p|br)\b[^<>]*>", re.IGNORECASE)
_SUMMARY = re.compile(r"<summary\b[^<>]*>.{0,300}?</summary>", re.IGNORECASE | re.DOTALL)
_ENDS_LIST = 3
"""Questions with folded solutions that make a document a list of them."""


def is_question_list(text: str) -> bool:
    """Whether most of the lowest headings are followed by a folded solution."""
    parts = sections(segments(text), (1, 2, 3, 4))
    folded = [section for section in parts if section.level and _DETAILS.search(section.text())]
    levels = {section.level for section in folded}
    if len(folded) < _ENDS_LIST:
        return False
    among = [section for section in parts if section.level in levels and not section.empty]
    return len(folded) * 2 > len(among)


def import_question_list(
    text: str,
    name: str,
    module_id: str,
    account: Account,
    bring: Callable[[str], str | None] = lambda _: None,
) -> ModuleDraft:
    """The module of a list of questions. Each becomes a step that is the learner's to solve."""
    parts = sections(segments(text), (1, 2, 3, 4))
    titles = [section for section in parts if section.level]
    draft = ModuleDraft(module_id, title_of(titles[0].title, module_id))
    draft.summary = f"{draft.title}: questions to solve, with solutions."
    for section in parts:
        if not _DETAILS.search(section.text()):
            _plain(section, draft, name, account, bring)
        else:
            _challenge(section, draft, name, account, bring)
    draft.phases = [phase for phase in draft.phases if phase.steps]
    return draft


def _plain(
    section: Section, draft: ModuleDraft, name: str, account: Account, bring: Callable[[str], str | None]
) -> None:
    """A heading without a solution: a phase, with its text as a step."""
    if section.level:
        draft.phases.append(PhaseDraft(title_of(section.title, "Questions")))
        account.became(name, section.line, "heading", f"the phase “{draft.phases[-1].title[:80]}”")
    if section.empty:
        return
    step = _step(draft, "Read first" if section.level else "Introduction", name, section.line)
    maker = CellMaker("document")
    step.body = BodyWriter(account, draft, name, step.id, maker, bring).write(section.segments)
    if not step.body.strip():
        draft.phases[-1].steps.remove(step)


def _step(draft: ModuleDraft, title: str, name: str, line: int) -> StepDraft:
    if not draft.phases:
        draft.phases.append(PhaseDraft(draft.title))
    step = StepDraft(title, draft.step_ids.take(title, "question"), "", name, line)
    draft.phases[-1].steps.append(step)
    return step


def _challenge(
    section: Section, draft: ModuleDraft, name: str, account: Account, bring: Callable[[str], str | None]
) -> None:
    title = title_of(section.title, "Question") if section.level else "Question"
    step = _step(draft, title, name, section.line)
    asked, solution = _parted(section.segments)
    maker = CellMaker("scenario")
    body = BodyWriter(account, draft, name, step.id, maker, bring).write(asked)
    if len(section.title) > 60:
        body = f"{section.title}\n\n{body}"
    solving = CellMaker("solution")
    cells = [
        made
        for part in solution
        if isinstance(part, Fence) and part.language in SHELLS
        if (made := solving.make(part, part.source, None, _teller(account, name))) is not None
        and made.split("\n", 1)[0].endswith("{solve}")
    ]
    step.body = "\n\n".join([body.strip() or title, *cells])
    add_confirm(draft, step, "I solved it and compared my solution with the one given.")
    answer = _answer(solution)
    if answer:
        question = add_question(draft, "recall", section.title.strip() or title, step.id, answer=answer)
        account.became(
            name,
            section.line,
            "question",
            f"the challenge {step.id} with {len(cells)} solve cells; the question {question}",
        )
    else:
        account.became(name, section.line, "question", f"the challenge {step.id}; its solution is empty")


def _teller(account: Account, name: str) -> Callable[[int, str, str, str], None]:
    def tell(line: int, construct: str, fate: str, detail: str) -> None:
        act = (
            account.became if fate == "became" else account.changed if fate == "changed" else account.left_out
        )
        act(name, line, construct, detail)

    return tell


def _parted(parts: list[Segment]) -> tuple[list[Segment], list[Segment]]:
    """What is asked, and what stands folded below it; what follows the fold is asked too."""
    asked: list[Segment] = []
    solution: list[Segment] = []
    folded = False
    for part in parts:
        if not isinstance(part, Prose):
            (solution if folded else asked).append(part)
            continue
        for offset, line in enumerate(part.lines):
            if not folded and _DETAILS.search(line):
                folded = True
            (solution if folded else asked).append(Prose(part.line + offset, (line,)))
            if folded and _END.search(line):
                folded = False
    return joined(asked), joined(solution)


def _answer(solution: list[Segment]) -> str:
    """The solution as markdown for a question's answer."""
    parts = []
    for part in solution:
        if isinstance(part, Prose):
            parts.append(_NOISE.sub("", _SUMMARY.sub("", "\n".join(part.lines))).strip())
        elif isinstance(part, Fence) and part.source.strip():
            parts.append(fenced(part.language, part.source))
    text = "\n\n".join(part for part in parts if part)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT].rsplit("\n", 1)[0] + "\n…"
