"""The documents say what is true: generated ones are current, links lead somewhere, no command is left out."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from labrunner.authoring.lint import lint
from labrunner.authoring.reference import MATCHER_DOCS, QUESTION_DOCS, reference
from labrunner.cli import exit_codes, main
from labrunner.cli.arguments import parser
from labrunner.cli.plain import HELP
from labrunner.content.checks_model import MATCHERS
from labrunner.content.questions import KINDS as QUESTION_KINDS
from labrunner.tui.screens.help import KEYS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SET_UP = "python3 -m venv .venv && .venv/bin/python -m pip install -e '.[dev]' && "

_FENCED = re.compile(r"^(`{3,}).*?^\1\s*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def command_below(heading: str) -> str:
    """The one bash block directly under a heading of the README."""
    found = re.search(
        rf"^## {heading}\n\n```bash\n(.+?)\n```$", (ROOT / "README.md").read_text(), re.M | re.S
    )
    assert found, f"README has no bash block directly under '{heading}'"
    return found[1]


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as markdown hosts make them."""
    text = _FENCED.sub("", document.read_text())
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def subcommands(command: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The subcommands of a parser by name."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def test_the_format_reference_is_what_the_tables_say() -> None:
    remedy = "run: python -m labrunner.authoring.reference > docs/format-reference.md"
    assert (ROOT / "docs/format-reference.md").read_text() == reference(), remedy


def test_every_matcher_and_question_kind_is_explained() -> None:
    assert MATCHER_DOCS.keys() == set(MATCHERS)
    assert QUESTION_DOCS.keys() == QUESTION_KINDS.keys()


def test_two_commands_do_all_set_up() -> None:
    assert command_below("Run a lab") == SET_UP + ".venv/bin/labrunner run first-workload"
    assert command_below("Run the tests") == SET_UP + ".venv/bin/python -m pytest"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = _LINK.findall(_FENCED.sub("", document.read_text()))
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{document.name} links to {link}, which does not exist"
        if anchor:
            assert anchor in anchors(target), f"{document.name} links to {link}, which has no such heading"


def test_the_learner_guide_has_every_command_and_option() -> None:
    guide = (ROOT / "docs/learner-guide.md").read_text()
    commands = subcommands(parser())
    assert commands
    for name, command in commands.items():
        assert f"`labrunner {name}" in guide, f"labrunner {name} is not in the learner guide"
        for action in subcommands(command):
            assert re.search(rf"`{action}`|`labrunner {name} {action}`", guide), f"labrunner {name} {action}"
    for option in (
        option
        for action in commands["run"]._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    ):
        assert f"`{option}" in guide, f"labrunner run {option} is not in the learner guide"


def test_the_learner_guide_has_every_exit_code() -> None:
    guide = (ROOT / "docs/learner-guide.md").read_text()
    table = guide[guide.index("### Exit codes") :].split("\n## ")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)}
    assert documented == {value for value in vars(exit_codes).values() if isinstance(value, int)}


def test_the_learner_guide_has_every_command_of_line_mode() -> None:
    guide = (ROOT / "docs/learner-guide.md").read_text()
    table = guide[guide.index("## Line mode") :].split("\n## ")[0]
    verbs = set(re.findall(r"(?:^  | {2,}|· )(\$|[a-z]+)(?= {2,}| ·| [A-Z])", HELP, re.M))
    assert {"run", "$", "all", "goto", "quit"} <= verbs
    for verb in verbs:
        assert re.search(rf"`{re.escape(verb)}[ `]", table), (
            f"{verb} is not in the guide's table of line mode"
        )


def test_the_learner_guide_has_every_key_of_the_help() -> None:
    guide = (ROOT / "docs/learner-guide.md").read_text()
    table = guide[guide.index("## The app") :].split("\n## ")[0].lower()
    keys = [key for _, section in KEYS for keys, _ in section for key in keys.replace("·", " ").split()]
    assert keys
    for key in keys:
        assert f"`{key.lower()}`" in table, f"the key {key} is not in the learner guide"


@pytest.fixture
def guide_pack(tmp_path: Path) -> Path:
    """The lab of the author guide, its pieces put together as the guide says."""
    guide = (ROOT / "docs/author-guide.md").read_text()
    pieces = re.findall(r"^````markdown\n(.*?)^````$", guide, re.M | re.S)
    checks = re.findall(r"^```yaml\n(.*?)^```$", guide, re.M | re.S)
    first, challenge, predict, recall, clean_up = pieces
    before, cell, after = first.partition("```bash {id=create-web}")
    folder = tmp_path / "modules" / "hello-web"
    folder.mkdir(parents=True)
    module = f"{before}{predict}\n{cell}{after}\n{challenge}\n{recall}\n{clean_up}"
    (folder / "module.md").write_text(module)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "hello-web.yaml").write_text("".join(checks))
    return tmp_path


def test_the_lab_of_the_author_guide_passes_lint(guide_pack: Path) -> None:
    report = lint([guide_pack])
    assert report.modules == 1
    assert report.problems == []


@pytest.mark.slow
def test_the_lab_of_the_author_guide_qualifies_as_shown(
    guide_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABRUNNER_HOME", str(tmp_path / "home"))
    assert main(["--pack", str(guide_pack), "test", "hello-web"]) == exit_codes.OK
    printed = capsys.readouterr().out
    shown = (ROOT / "docs/author-guide.md").read_text().partition("$ labrunner --pack . test hello-web\n")[2]
    assert without_times(printed) == without_times(shown.partition("```")[0])


def without_times(text: str) -> list[str]:
    return [re.sub(r"\s+(in )?\d+\.\d s$", "", line) for line in text.splitlines()]


def test_the_short_lab_of_the_readme_loads(tmp_path: Path) -> None:
    text = re.search(r"^````markdown\n(.*?)^````$", (ROOT / "README.md").read_text(), re.M | re.S)
    assert text
    (tmp_path / "modules" / "hello").mkdir(parents=True)
    (tmp_path / "checks").mkdir()
    (tmp_path / "modules" / "hello" / "module.md").write_text(text[1])
    (tmp_path / "checks" / "hello.yaml").write_text("lab: 1\nchecks:\n  greeting: {resource: cm/greeting}\n")
    assert lint([tmp_path]).errors == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_fences_are_closed(document: Path) -> None:
    outside = _FENCED.sub("", document.read_text())
    assert not re.search(r"^`{3}", outside, re.M), "a fence line stands outside of every closed fence"
