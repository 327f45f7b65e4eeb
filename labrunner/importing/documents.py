"""One long markdown lab → a module."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrunner.content.document import split_front_matter
from labrunner.content.nodes import Origin, plain
from labrunner.content.yaml12 import read_yaml
from labrunner.importing.account import Account
from labrunner.importing.body import BodyWriter
from labrunner.importing.cells import CellMaker
from labrunner.importing.draft import ModuleDraft, PhaseDraft, StepDraft, title_of
from labrunner.importing.outline import Levels, Section, choose_levels, headings, sections
from labrunner.importing.section_kinds import after_section, left_out_because
from labrunner.importing.segments import Fence, Prose, segments

_MINUTES = re.compile(r"\(?\b(\d{1,3})\s*(?:min(?:ute)?s?)\b\)?", re.IGNORECASE)
_HOURS = re.compile(r"\b(\d{1,2})(?:\s*-\s*\d{1,2})?\s*hours?\b", re.IGNORECASE)
_LEVEL_LINE = re.compile(r"difficulty\W{0,6}\s*([A-Za-z -]{3,40})", re.IGNORECASE)
_LEVELS = {
    "beginner": "beginner", "easy": "beginner", "basic": "beginner", "novice": "beginner",
    "intermediate": "intermediate", "medium": "intermediate",
    "advanced": "advanced", "hard": "advanced", "expert": "advanced",
}  # fmt: skip
_ANNOUNCES = re.compile(
    r"\b(?:expected|output|you (?:should|will) see|should (?:see|show|return|print|be))\b", re.IGNORECASE
)
_OBJECTIVES = re.compile(
    r"objectives?\b|you.?ll (?:learn|master)|what you (?:will )?learn|learning goals?", re.IGNORECASE
)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(.+)$")


def import_document(
    text: str,
    name: str,
    module_id: str,
    account: Account,
    bring: Callable[[str], str | None] = lambda _: None,
) -> ModuleDraft:
    """The module of a document. `name` is what the account calls the file."""
    values, text = _front_matter(text, name, account)
    parts = segments(text)
    found = headings(parts)
    levels = choose_levels(found)
    first = found[0].text if found else ""
    draft = ModuleDraft(module_id, title_of(str(values.pop("title", "") or first), module_id))
    _head(draft, values, text, name, account)
    wanted = tuple(sorted({level for level in (levels.title, levels.phase, levels.step) if level}))
    _Walk(draft, levels, name, account, bring).walk(sections(parts, wanted))
    _drop_empty(draft, name, account)
    return draft


def _front_matter(text: str, name: str, account: Account) -> tuple[dict[str, Any], str]:
    """The values of YAML front matter, and the text below with its lines in place."""
    yaml, below, taken = split_front_matter(text)
    if yaml is None:
        return {}, text
    node, problems = read_yaml(yaml, Origin(Path(name), 2))
    values = plain(node) if node is not None and not problems else None
    if not isinstance(values, dict):
        account.left_out(name, 1, "front matter", "it is no YAML map")
        return {}, below if taken > 0 else text
    return {str(key): value for key, value in values.items()}, below


def _head(draft: ModuleDraft, values: dict[str, Any], text: str, name: str, account: Account) -> None:
    """Front matter of ours from that of the source, or from what its first lines say."""
    head = text[:4000]
    difficulty = str(values.pop("difficulty", values.pop("level", "")) or "").lower()
    if not difficulty and (found := _LEVEL_LINE.search(head)):
        difficulty = found[1].lower()
    level = next((ours for word, ours in _LEVELS.items() if word in difficulty), None)
    if level:
        draft.front["level"] = level
        account.became(name, 1, "difficulty", f"level: {level}")
    timing = str(values.pop("duration", values.pop("reading_time", values.pop("time", ""))) or "")
    minutes = _minutes(timing) or _minutes(head)
    if minutes:
        draft.front["duration"] = f"{minutes}m"
        account.became(name, 1, "duration", f"duration: {minutes}m")
    summary = str(values.pop("description", values.pop("summary", "")) or "")
    draft.summary = " ".join(summary.split())[:300] or _first_sentence(text)
    for key, value in values.items():
        ours = "x-" + re.sub(r"[^a-z0-9-]+", "-", key.lower()).strip("-")[:60]
        if ours != "x-" and ours not in draft.front:
            draft.front[ours] = value
            account.became(name, 1, f"front matter key {key}", ours)


def _minutes(text: str) -> int | None:
    if hours := _HOURS.search(text):
        return int(hours[1]) * 60 or None
    found = _MINUTES.search(text)
    return int(found[1]) or None if found else None


def _first_sentence(text: str) -> str:
    for line in text.split("\n")[:200]:
        line = line.strip()
        if len(line) > 30 and line[0].isalnum():
            return title_of(line, "")[:200]
    return ""


@dataclass(slots=True)
class _Walk:
    """Puts sections into phases and steps."""

    draft: ModuleDraft
    levels: Levels
    name: str
    account: Account
    bring: Callable[[str], str | None]

    def walk(self, found: list[Section]) -> None:
        titled = False
        for section in found:
            if section.level == 0:
                if not section.empty:
                    self.step(section, "Introduction")
                continue
            is_title = not titled and section.level == self.levels.title and not self.draft.phases
            if is_title and self.levels.phase != self.levels.title:
                titled = True
                if not section.empty:
                    self.step(section, "Introduction")
                continue
            if section.level in (self.levels.phase, self.levels.title) and section.level != self.levels.step:
                titled = True
                self.phase(section)
            else:
                self.step(section, title_of(section.title, "Step"))

    def phase(self, section: Section) -> None:
        minutes = _MINUTES.search(section.title)
        title = title_of(_MINUTES.sub("", section.title), "Phase")
        self.draft.phases.append(PhaseDraft(title, minutes=int(minutes[1]) if minutes else None))
        self.account.became(self.name, section.line, "heading", f"the phase “{title}”")
        if not section.empty:
            self.step(section, "Overview")

    def step(self, section: Section, title: str) -> None:
        reason = left_out_because(section)
        if reason:
            self.account.left_out(self.name, section.line, f"section “{title[:80]}”", reason)
            return
        if not self.draft.phases:
            self.draft.phases.append(PhaseDraft(self.draft.title))
        step = StepDraft(title, self.draft.step_ids.take(title, "step"), "", self.name, section.line)
        self.draft.phases[-1].steps.append(step)
        if section.title and title not in ("Overview", "Introduction"):
            self.account.became(self.name, section.line, "heading", f"the step {step.id}")
        self.objectives(section)
        maker = CellMaker("document")
        writer = DocumentBody(self.account, self.draft, self.name, step.id, maker, self.bring)
        after_section(section, step, self.draft, self.account)
        step.body = writer.write(section.segments)

    def objectives(self, section: Section) -> None:
        if "objectives" in self.draft.front or not _OBJECTIVES.search(section.title):
            return
        items = [found[1] for line in section.text().split("\n") if (found := _ITEM.match(line))]
        listed = [text for item in items[:20] if (text := title_of(item, "")[:160])]
        if listed:
            self.draft.front["objectives"] = listed
            self.account.became(
                self.name, section.line, "objectives", f"{len(listed)} objectives of the front matter"
            )


class DocumentBody(BodyWriter):
    """A body whose prose may announce the output of the cell above."""

    def prose(self, segment: Prose) -> None:
        said = next((line for line in reversed(segment.lines) if line.strip()), "")
        self.cells.expects_output = bool(_ANNOUNCES.search(said[-300:]))
        BodyWriter.prose(self, segment)

    def fence(self, fence: Fence, following: Fence | None) -> None:
        BodyWriter.fence(self, fence, following)
        self.cells.expects_output = False


def _drop_empty(draft: ModuleDraft, name: str, account: Account) -> None:
    """Phases and steps without content, told."""
    for phase in draft.phases:
        for step in list(phase.steps):
            if (
                not step.body.strip()
                and not step.checks
                and not any(q.get("step") == step.id for q in draft.questions)
            ):
                phase.steps.remove(step)
                account.left_out(name, step.line, f"step {step.id}", "nothing stands under its heading")
    for phase in draft.phases:
        if not phase.steps:
            account.left_out(name, 1, f"phase “{phase.title[:80]}”", "nothing stands under its heading")
    draft.phases = [phase for phase in draft.phases if phase.steps]
