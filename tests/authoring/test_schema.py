"""The JSON Schemas accept what the loader accepts and catch what an editor can catch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program
from jsonschema import Draft202012Validator

from labrunner.authoring.json_schema import NAMES, schema
from labrunner.content.nodes import Origin, plain
from labrunner.content.pack import builtin_pack_path
from labrunner.content.yaml12 import read_yaml

PACKS = (builtin_pack_path(), Path(__file__).parents[1] / "content" / "fixtures" / "pack")


def complaints(name: str, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema(name)).iter_errors(document)]


def document_of(path: Path) -> Any:
    """The file's data as the loader reads it: YAML 1.2, where `on` is a text."""
    text = path.read_text()
    node, problems = read_yaml(text.split("---\n")[1] if path.suffix == ".md" else text, Origin(path))
    assert node is not None and not problems
    return plain(node)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (name, path)
        for pack in PACKS
        for name, pattern in (
            ("module", "modules/*/module.md"),
            ("checks", "checks/*.yaml"),
            ("quiz", "modules/*/quiz.yaml"),
            ("pack", "pack.yaml"),
            ("kind", "kind/*.yaml"),
        )
        for path in sorted(pack.glob(pattern))
    ],
    ids=lambda value: value.parent.name + "/" + value.name if isinstance(value, Path) else value,
)
def test_what_the_loader_takes_is_right(name: str, path: Path) -> None:
    assert complaints(name, document_of(path)) == []


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("module", {"lab": 1, "title": "t"}, "'id' is a required property"),
        ("module", {"lab": 1, "id": "a", "title": "t", "levle": "beginner"}, "levle"),
        ("module", {"lab": 1, "id": "a", "title": "t", "level": "easy"}, "'easy' is not one of"),
        ("checks", {"lab": 1, "checks": {"a": {"redy": "deploy/x"}}}, "redy"),
        ("checks", {"lab": 1, "checks": {"a": {"all": []}}}, "should be non-empty"),
        ("checks", {"lab": 2, "checks": {}}, "1 was expected"),
        ("checks", {"lab": 1, "checks": {"a": {"ready": "d/x", "mode": "once"}}}, "'once' is not one of"),
        ("quiz", [{"id": "a", "kind": "guess", "prompt": "?"}], ""),
        ("kind", {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha3"}, "v1alpha4"),
        ("kind", {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": "mine"}, "'mine'"),
    ],
)
def test_mistakes_are_found_while_typing(name: str, document: Any, said: str) -> None:
    found = complaints(name, document)
    assert found and any(said in each for each in found), found


def test_keys_of_the_authors_own_are_left_alone() -> None:
    assert complaints("module", {"lab": 1, "id": "a", "title": "t", "x-review": {"by": "me"}}) == []


def test_the_program_writes_every_schema(clean_environment, home, tmp_path: Path) -> None:
    done = Program(clean_environment).run("schema", "--output", tmp_path / "schemas")
    written = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in written] == [f"{name}.schema.json" for name in NAMES]
    assert all(json.loads(path.read_text())["$schema"] for path in written)
