"""A Killercoda or Katacoda scenario → a module."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrunner.importing.account import Account, ImportRefusedError
from labrunner.importing.assets import AssetCopier
from labrunner.importing.body import BodyWriter
from labrunner.importing.cells import CellMaker
from labrunner.importing.draft import ModuleDraft, PhaseDraft, StepDraft, fenced, title_of
from labrunner.importing.loose_json import LooseJsonError, loads
from labrunner.importing.section_kinds import add_confirm
from labrunner.importing.segments import segments
from labrunner.importing.texts import clean, inside, read_bytes, read_text, repair, required_text

_UNDERSTOOD = {
    "title", "description", "details", "backend", "environment", "difficulty", "time", "files", "assets", "interface",
}  # fmt: skip
_PART = {
    "title",
    "text",
    "verify",
    "foreground",
    "background",
    "courseData",
    "code",
    "solution",
    "answer",
    "credits",
}
_LEVELS = {"beginner": "beginner", "easy": "beginner", "intermediate": "intermediate", "medium": "intermediate",
           "advanced": "advanced", "advance": "advanced", "hard": "advanced", "expert": "advanced"}  # fmt: skip
_SCRIPTS = ("courseData", "background", "foreground", "code")
_SUFFIX = re.compile(r"\.(?:sh|bash|py|pl|rb)$", re.IGNORECASE)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg")
_SOLUTION = ("solution", "answer")
MAX_STEPS = 300


@dataclass(slots=True)
class ScenarioReader:
    """Reads the scenario whose `index.json` is in `folder`; nothing outside of `root` (resolved) is read."""

    root: Path
    folder: Path
    account: Account
    draft: ModuleDraft
    scripts: dict[str, str] = field(default_factory=dict)
    """Source file to its place in the workspace."""

    def name(self, path: Path) -> str:
        """A file as the account calls it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    @property
    def index(self) -> str:
        return self.name(self.folder / "index.json")

    def read(self, override: dict[str, Any] | None = None) -> ModuleDraft:
        """The module. `override` holds title and description of a course. Raises ImportRefusedError."""
        index = self.load()
        details = _map(index.get("details"))
        override = override or {}
        title = _text(override.get("title")) or _text(index.get("title"))
        self.draft.title = title_of(title, self.draft.id)
        self.draft.summary = title_of(
            _text(override.get("description")) or _text(index.get("description")), ""
        )[:300]
        self.head(index)
        phase = PhaseDraft(self.draft.title)
        self.draft.phases.append(phase)
        copier = AssetCopier(self.root, self.folder, self.account, self.draft, self.index)
        for assets in (details.get("assets"), index.get("assets")):  # some put them beside `details`
            copier.copy(assets)
        parts: list[tuple[str, Any]] = [("Introduction", details.get("intro"))]
        steps = details.get("steps")
        listed = steps if isinstance(steps, list) else []
        if steps is not None and not isinstance(steps, list):
            self.account.left_out(self.index, 1, "details.steps", "it is no list")
        if len(listed) > MAX_STEPS:
            self.account.left_out(self.index, 1, "details.steps", f"only the first {MAX_STEPS} were read")
        parts += [(f"Step {number}", step) for number, step in enumerate(listed[:MAX_STEPS], 1)]
        parts.append(("Finish", details.get("finish")))
        for otherwise, part in parts:
            if part is not None:
                self.part(part, otherwise, phase)
        if not phase.steps:
            raise ImportRefusedError(
                f"{self.index} has no steps that could be read", "See that details.steps names files."
            )
        for key in index.keys() - _UNDERSTOOD:
            self.account.left_out(self.index, 1, f"key {key[:60]}", "a lab has nothing like it")
        return self.draft

    def load(self) -> dict[str, Any]:
        path = inside(self.root, self.folder, "index.json")
        if path is None:
            raise ImportRefusedError(
                f"{self.index} leads out of the source", "Give the folder that holds it."
            )
        try:
            value, mended = loads(required_text(path, self.index, self.account))
        except LooseJsonError as error:
            raise ImportRefusedError(
                f"{self.index}:{error.line}: this is no JSON: {error}", "Mend the file."
            ) from None
        if mended:
            self.account.changed(self.index, 1, "JSON", "comments and trailing commas were passed over")
        if not isinstance(value, dict):
            raise ImportRefusedError(
                f"{self.index} holds no JSON object", "A scenario begins with { and has details."
            )
        return value

    def head(self, index: dict[str, Any]) -> None:
        level = _LEVELS.get(_text(index.get("difficulty")).lower().strip())
        if level:
            self.draft.front["level"] = level
        minutes = re.search(r"\d{1,3}", _text(index.get("time")))
        if minutes and int(minutes.group()):
            self.draft.front["duration"] = f"{int(minutes.group())}m"
        image = _text(_map(index.get("backend")).get("imageid"))
        if image:
            self.draft.front["x-imported-image"] = title_of(image, "unknown")
            self.account.changed(
                self.index, 1, f"backend {image[:60]}", "the lab runs on your machine and cluster"
            )
        for key in ("environment", "interface"):
            if key in index:
                self.account.left_out(self.index, 1, key, "the layout of a web page")
        if index.get("files"):
            self.account.left_out(self.index, 1, "files", "files to open in a web editor")

    def part(self, part: Any, otherwise: str, phase: PhaseDraft) -> None:
        """Intro, step or finish."""
        if isinstance(part, str):
            part = {"text": part}
        if not isinstance(part, dict):
            self.account.left_out(self.index, 1, otherwise, "it is no JSON object")
            return
        for key in part.keys() - _PART:
            self.account.left_out(self.index, 1, f"{otherwise}: key {key[:60]}", "a lab has nothing like it")
        path, text = self.text_of(part, otherwise)
        title = title_of(_text(part.get("title")), otherwise)
        step = StepDraft(
            title, self.draft.step_ids.take(title, "step"), "", self.name(path) if path else self.index, 1
        )
        phase.steps.append(step)
        if text is not None and path is not None:
            base = path.parent
            writer = BodyWriter(
                self.account,
                self.draft,
                step.path,
                step.id,
                CellMaker("scenario"),
                lambda source: self.bring(base, source),
            )
            step.body = writer.write(segments(text))
            self.account.became(step.path, 1, otherwise.lower(), f"the step {step.id}")
        self.scripts_of(part, step, otherwise)
        self.verify(part.get("verify"), step, otherwise)
        for key in _SOLUTION:
            self.solution(part.get(key), step, otherwise)
        credits_ = _text(part.get("credits")).strip()
        if credits_:
            step.body += f"\n\nCredits: {title_of(credits_, '')}"
        if not step.body.strip() and not step.checks:
            phase.steps.remove(step)
            self.account.left_out(self.index, 1, otherwise, "it has neither text nor a check")

    def text_of(self, part: dict[str, Any], what: str) -> tuple[Path | None, str | None]:
        name = _text(part.get("text"))
        if not name:
            return None, None
        path = inside(self.root, self.folder, name)
        if path is None:
            self.account.left_out(
                self.index, 1, f"{what}: text {name[:80]}", "the path leads out of the source"
            )
            return None, None
        text = read_text(path, self.name(path), self.account)
        if text is None:
            self.account.left_out(
                self.index, 1, f"{what}: text {name[:80]}", "there is no such file, or it is too large"
            )
            return None, None
        return path, text

    def scripts_of(self, part: dict[str, Any], step: StepDraft, what: str) -> None:
        """Scripts that the platform runs by itself, in the order it does."""
        for key in _SCRIPTS:
            place = self.script(part.get(key), f"{what}: {key}")
            if place is not None:
                # Its own process, so that `exit` and `set -e` do not end the learner's shell.
                step.body += "\n\n" + fenced("bash", f"bash {place}", "setup")
                note = "; it no longer runs in the learner's own terminal" if key == "foreground" else ""
                self.account.became(
                    self.index, 1, f"{what}: {key}", f"a setup cell that runs {place} once trusted{note}"
                )

    def verify(self, name: Any, step: StepDraft, what: str) -> None:
        place = self.script(name, f"{what}: verify")
        if place is None:
            return
        check = self.draft.names.take(f"{step.id}-verified", "verified")
        self.draft.checks[check] = {
            "title": f"{step.title} is done"[:120],
            "script": {"path": f"files/{place}"},
            "eventually": "10s",
            "every": "5s",
            "timeout": "30s",
        }
        step.checks.append(check)
        self.account.became(
            self.index, 1, f"{what}: verify", f"the check {check}, which runs {place} once trusted"
        )

    def solution(self, name: Any, step: StepDraft, what: str) -> None:
        """A solution: a script is a solve cell, a text stands folded."""
        if not isinstance(name, str) or not name:
            return
        if _SUFFIX.search(name):
            place = self.script(name, f"{what}: solution")
            if place is not None:
                step.body += "\n\n" + fenced("bash", f"bash {place}", "solve")
                self.account.became(self.index, 1, f"{what}: solution", f"a solve cell that runs {place}")
                if not step.checks:
                    add_confirm(self.draft, step, "I have done this step.")
            return
        path, text = self.text_of({"text": name}, f"{what}: solution")
        if path is not None and text is not None:
            writer = BodyWriter(self.account, self.draft, self.name(path), step.id, CellMaker("solution"))
            step.body += (
                f"\n\n<details><summary>Solution</summary>\n\n{writer.write(segments(text))}\n\n</details>"
            )
            self.account.became(self.index, 1, f"{what}: solution", "a folded text with solve cells")

    def script(self, name: Any, what: str) -> str | None:
        """Copy a script into the workspace's files; its path there, None when there is none."""
        if name is None or name == "":
            return None
        if not isinstance(name, str):
            self.account.left_out(self.index, 1, what, "it names no file")
            return None
        path = inside(self.root, self.folder, name)
        data = None if path is None else read_bytes(path)
        if path is None or data is None:
            why = (
                "the path leads out of the source"
                if path is None
                else "there is no such file, or it is too large"
            )
            self.account.left_out(self.index, 1, f"{what} {name[:80]}", why)
            return None
        if not data.strip():
            self.account.left_out(self.name(path), 1, what, "the script is empty")
            return None
        known = self.scripts.get(str(path))
        if known:
            return known
        stem = self.draft.names.take(self.name(path).rsplit(".", 1)[0], "script")
        place = f"scripts/{stem}.sh"
        self.draft.files[place] = (_script_bytes(data), True)
        self.scripts[str(path)] = place
        return place

    def bring(self, base: Path, source: str) -> str | None:
        """Copy a local image; its path in the workspace."""
        path = inside(self.root, base, source) or inside(self.root, self.folder, source)
        if path is None or path.suffix.lower() not in _PICTURES:
            return None
        data = read_bytes(path)
        if data is None:
            return None
        place = f"images/{re.sub(r'[^A-Za-z0-9._-]+', '-', path.name).strip('.-') or 'image'}"
        self.draft.files.setdefault(place, (data, False))
        return place


def _script_bytes(data: bytes) -> bytes:
    """A script with LF line ends and in UTF-8, as bash wants it."""
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return data
    return repair(text.replace("\r\n", "\n")).encode("utf-8", "replace")


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """A text, or a number as text; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return clean(str(value)) if not isinstance(value, int) or abs(value) < 10**18 else ""
