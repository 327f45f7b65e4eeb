"""The format reference, generated from the tables that read modules: what is documented is what is accepted.

`python -m labrunner.authoring.reference > docs/format-reference.md` writes the committed copy; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from labrunner.authoring.lint_needs import INFERENCES
from labrunner.authoring.lint_rules import COMMAND_RULES
from labrunner.content.cells import CELL_FIELDS, OUTPUT, SHELLS
from labrunner.content.check_kinds import GROUP_KINDS, KINDS, CheckKind
from labrunner.content.checks import (
    COLLECT,
    COMMON_FIELDS,
    DEFAULTS,
    NEGATIVE_CONSISTENTLY,
    WHEN_FAILED,
)
from labrunner.content.checks import FILE as CHECKS_FILE
from labrunner.content.checks_model import MATCHERS
from labrunner.content.fields import Field, ListOf, Type
from labrunner.content.front_matter import MODULE, PHASE, PROFILE, STEP
from labrunner.content.pack_file import PACK, PROGRAMME
from labrunner.content.questions import COMMON, OPTION, QUESTION_FIELDS, QUIZ_FILE
from labrunner.content.questions import KINDS as QUESTION_KINDS
from labrunner.content.requirement_fields import CLUSTER_FIELDS, MODULE_REQUIRES
from labrunner.content.requirements import LEVELS, REAL, SIMULATED
from labrunner.content.targets import KINDS as SHORT_NAMES
from labrunner.content.targets import TARGET_FIELDS

MATCHER_DOCS: Mapping[str, tuple[str, str]] = {
    "equals": ("`equals: 3`", "the same value; maps as subsets, lists as containment, quantities by value"),
    "not": ("`not: {in: [a, b]}`", "the matcher inside does not hold"),
    "gt": ("`gt: 2`", "greater"),
    "ge": ("`ge: 2`", "greater or equal"),
    "lt": ("`lt: 2`", "less"),
    "le": ("`le: 500m`", "less or equal"),
    "between": ("`between: [1, 3]`", "within both bounds, which count as inside"),
    "in": ("`in: [a, b]`", "one of these"),
    "contains": ("`contains: web`", "a text holds this text, a list this item, a map these keys"),
    "matches": ("`matches: '^v1\\.'`", "the regular expression is found in the text"),
    "exists": ("`exists: true`", "there is a value, or with false there is none"),
    "len": ("`len: {ge: 2}`", "the length of a text, list or map"),
    "semver": ("`semver: '>=1.24'`", "a version in that range"),
    "all": ("`all: [{ge: 1}, {le: 9}]`", "every one of these matchers holds"),
    "any": ("`any: [1, 3]`", "at least one of these matchers holds"),
    "none": ("`none: [1, 3]`", "none of these matchers holds"),
    "exactly": ("`exactly: [a, b]`", "the whole value, with nothing beside and lists in order"),
}
QUESTION_DOCS: Mapping[str, str] = {
    "choice": "options, of which one or several are right",
    "short": "a short text",
    "number": "a number, within a tolerance",
    "order": "items to put in order",
    "match": "pairs to put together",
    "cloze": "a prompt with `___` gaps",
    "command": "a command, compared by meaning: flag order and short names do not matter",
    "predict": "asked before a cell runs, shown beside what happened",
    "trace": "the output of a cell, worked out by hand; the learner compares",
    "recall": "a free answer; the learner compares with the model answer",
    "rate": "a self-assessment against a rubric",
    "teachback": "an explanation in the learner's own words, against a rubric",
}
HEADER = """\
# Format reference

Generated from the tables that read modules, with `python -m labrunner.authoring.reference`. Do not edit it by hand.
The [author guide](author-guide.md) shows how these parts work together.

Every map refuses keys it does not know and names the nearest one it does; keys that begin with `x-` are yours.
YAML is read as YAML 1.2: only `true` and `false` are truth values, `no`, `on` and `0644` are texts, and a key may
stand once. Durations are written `30s`, `5m`, `1h30m`; a plain number is seconds."""


def reference() -> str:
    """The whole document, as markdown."""
    blocks = [HEADER, *_module(), *_cells(), *_checks(), *_matchers(), *_questions(), *_capabilities()]
    blocks += [*_pack(), *_lint()]
    return "\n\n".join(blocks) + "\n"


def _module() -> Iterator[str]:
    yield "## Front matter of `modules/<id>/module.md`"
    yield _fields(MODULE.fields)
    yield "`requires:` of the front matter:"
    yield _fields(MODULE_REQUIRES.fields)
    yield "A cluster of `cluster:` is a kind config's path, or a map:"
    yield _fields(PROFILE.fields)
    yield "## Phases and steps"
    yield (
        "`#` begins a phase and `##` a step. Metadata is a comment on the line below the heading: "
        "`<!-- step: {id: scale, checks: [three-pods]} -->`."
    )
    yield "`<!-- phase: … -->`"
    yield _fields(PHASE.fields)
    yield (
        "`<!-- step: … -->` (in `requires:` the levels of [Capabilities](#capabilities) stand without "
        "`cluster:` around them)"
    )
    yield _fields(STEP.fields)


def _cells() -> Iterator[str]:
    yield "## Cells"
    yield (
        f"A fence in {_or(SHELLS)} is a cell that runs; a fence in another language is reading matter, unless it has "
        "`file=`. Attributes stand after the language, as `{id=apply timeout=30s}` or as JSON. A word alone means true; "
        "a lifecycle word alone means this step."
    )
    yield _fields(CELL_FIELDS)
    yield (
        "An ` ```output ` fence holds the expected output of the last cell above it. `...` stands for any text or any "
        "lines, `-xxxxx` for a generated suffix, `10.x.x.x` for an address; ages, timestamps and `v1.29+` match their "
        "like; a line may end in ` (glob)` or ` (re)`."
    )
    yield _fields(OUTPUT.fields)


def _checks() -> Iterator[str]:
    yield "## Checks: `checks/<module>.yaml`"
    yield _fields(CHECKS_FILE.fields)
    yield "`defaults:` may set"
    yield _fields(DEFAULTS.fields)
    yield "### Fields of every check"
    yield (
        "A check is a map with exactly one kind and any of these. `not: true` beside the kind, or `not: {kind: …}` "
        f"around it, turns it round. Negative checks must hold for {NEGATIVE_CONSISTENTLY:g} s unless `consistently` "
        "says otherwise."
    )
    yield _fields(COMMON_FIELDS)
    yield "An entry of `when-failed:`"
    yield _fields(WHEN_FAILED.fields)
    yield "An entry of `collect:`"
    yield _fields(COLLECT.fields)
    yield "### Kinds"
    yield _table(("kind", "passes when"), ((f"`{name}`", kind.doc) for name, kind in KINDS.items()))
    yield f"{_or(GROUP_KINDS)} take a list of checks."
    for name, kind in KINDS.items():
        yield from _kind(name, kind)
    yield from _objects()


def _kind(name: str, kind: CheckKind) -> Iterator[str]:
    yield f"#### `{name}`"
    if kind.plain:
        yield f"A plain text is {kind.plain}."
    fields = dict(kind.record.fields)
    shared = [key for key, field in fields.items() if TARGET_FIELDS.get(key) is field]
    if shared:
        yield "Which object: the keys of [Which objects](#which-objects)."
    if name == "resource":
        yield "Every other key is part of the object, to any depth, with [matchers](#matchers) anywhere."
    beside = "value" in fields
    if beside:
        yield "The value wanted: the words of [Matchers](#matchers) beside these keys, or together under `value:`."
    own = {
        key: field for key, field in fields.items() if key not in shared and not (beside and key in MATCHERS)
    }
    if own:
        yield _fields(own)


def _objects() -> Iterator[str]:
    yield "### Which objects"
    yield "Kinds about API objects share these keys. An object may also be written as kubectl does: `deploy/web`."
    yield _fields(TARGET_FIELDS)
    names: dict[str, list[str]] = {}
    for short, full in SHORT_NAMES.items():
        names.setdefault(full, []).append(short)
    yield "Short names; any other kind is written as in a manifest."
    yield _table(("kind", "also written"), ((f"`{full}`", _list(short)) for full, short in names.items()))


def _matchers() -> Iterator[str]:
    yield "## Matchers"
    yield (
        "A plain value means `equals`. Several words in one map must all hold. A missing field is no match, never an "
        "error. Data that looks like a matcher goes under `equals:`."
    )
    yield _table(
        ("matcher", "example", "holds when"), ((f"`{word}`", *MATCHER_DOCS[word]) for word in MATCHERS)
    )


def _questions() -> Iterator[str]:
    yield "## Questions: ` ```quiz ` fences and `modules/<id>/quiz.yaml`"
    yield "A fence holds one question or a list. The file:"
    yield _fields(QUIZ_FILE.fields)
    yield "Keys of every question:"
    yield _fields({key: QUESTION_FIELDS[key] for key in COMMON})
    yield "Keys of some kinds:"
    yield _fields({key: field for key, field in QUESTION_FIELDS.items() if key not in COMMON})
    rows = (
        (f"`{name}`", QUESTION_DOCS[name], _list(kind.takes), " or ".join(f"`{key}`" for key in kind.needs))
        for name, kind in QUESTION_KINDS.items()
    )
    yield _table(("kind", "asks for", "takes", "needs"), rows)
    yield "An option is a text, or"
    yield _fields(OPTION.fields)


def _capabilities() -> Iterator[str]:
    yield "## Capabilities"
    yield "What a module, a step or a check may need of a cluster. Levels are ordered, the weakest first."
    rows = (
        (f"`{name}`", " < ".join(levels), SIMULATED.level(name), REAL.level(name))
        for name, levels in LEVELS.items()
    )
    yield _table(("capability", "levels", "simulated", "real, before a lab adds to it"), rows)
    yield "Beside the levels:"
    yield _fields({key: field for key, field in CLUSTER_FIELDS.items() if key not in LEVELS})


def _pack() -> Iterator[str]:
    yield "## `pack.yaml`"
    yield "Optional."
    yield _fields(PACK.fields)
    yield "A programme:"
    yield _fields(PROGRAMME.fields)


def _lint() -> Iterator[str]:
    yield "## What lint says of commands"
    rows = {(rule.id, rule.message, rule.remedy): None for rule in COMMAND_RULES}
    yield _table(("rule", "because", "instead"), ((f"`{rule}`", why, how) for rule, why, how in rows))
    yield (
        "Commands that need more than the simulated cluster gives; the step or the module must declare it. "
        "`logs` counts when it follows, `run` when it attaches, `curl` and its like unless the address is a public one."
    )
    yield _table(
        ("programs", "subcommands", "need"),
        (
            (_list(rule.programs), _list(rule.verbs) or "any", f"`{rule.capability}: {rule.level}`")
            for rule in INFERENCES
        ),
    )


def _fields(fields: Mapping[str, Field]) -> str:
    rows = (
        (f"`{key}`{' (required)' if field.required else ''}", type_name(field.type), field.doc)
        for key, field in fields.items()
    )
    return _table(("key", "value", "meaning"), rows)


def type_name(type_: Type) -> str:
    """A type in an author's words."""
    if isinstance(type_, ListOf):
        many = f"a list; each item {type_name(type_.item)}"
        return f"{type_name(type_.item)}, or a list of such" if type_.single else many
    return type_.name


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _list(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _or(words: Iterable[str]) -> str:
    *others, last = (f"`{word}`" for word in words)
    return f"{', '.join(others)} and {last}"


if __name__ == "__main__":
    sys.stdout.write(reference())
