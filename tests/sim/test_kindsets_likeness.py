"""The ready sets of kinds beside the projects' own definitions: the same facts, the same verdicts in the same words."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from tests.sim.mesh import SETS, Definitions, Mesh, Object, examples, ours, read
from tests.sim.mesh.schema_facts import definition_facts
from tests.sim.mesh.variations import mistakes, variations

CRDS = Path(__file__).parents[3] / "shared" / "crds"
FILES = {"istio": "istio-*.yaml", "gateway-api": "gateway-api-*.yaml", "linkerd": "linkerd-*.yaml"}
STRIDE = 11
"""Only every so manieth variation is judged by both; prime to the number of replacements, so each has its turn."""

pytestmark = pytest.mark.skipif(
    not CRDS.is_dir(), reason="the projects' definitions (shared/crds) are not here"
)


@cache
def real(set_name: str) -> Definitions:
    [file] = CRDS.glob(FILES[set_name])
    return [each for each in read(file) if each["kind"] == "CustomResourceDefinition"]


@pytest.fixture(scope="module", params=SETS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Mesh, Mesh]:
    """A set, a server with our definitions of it, and one with the project's."""
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    return name, Mesh(folder / "ours", ours(name)), Mesh(folder / "real", real(name))


def test_the_sets_have_the_projects_kinds() -> None:
    theirs = {each["metadata"]["name"] for name in SETS for each in real(name)}
    assert {each["metadata"]["name"] for name in SETS for each in ours(name)} == theirs
    assert len(theirs) > 30


@pytest.mark.parametrize(
    "crd", [pytest.param(each, id=each["metadata"]["name"]) for name in SETS for each in ours(name)]
)
def test_a_kind_has_the_facts_of_the_projects_kind(crd: Object) -> None:
    [theirs] = [
        each for name in SETS for each in real(name) if each["metadata"]["name"] == crd["metadata"]["name"]
    ]
    expected = definition_facts(theirs)
    assert len(expected) > 20
    assert sorted(definition_facts(crd) ^ expected) == []


def test_both_take_the_examples_and_make_the_same_of_them(pair: tuple[str, Mesh, Mesh]) -> None:
    name, mesh, theirs = pair
    for obj in examples(name):
        status, made = mesh.verdict(obj)
        assert (status, made) == theirs.verdict(obj)
        assert status == 201


def test_both_refuse_mistakes_in_the_same_words(pair: tuple[str, Mesh, Mesh]) -> None:
    name, mesh, theirs = pair
    for mistake in mistakes():
        if mistake.set_name == name:
            status, said = mesh.verdict(mistake.wrong)
            assert (status, said) == theirs.verdict(mistake.wrong), mistake.name
            assert status in (400, 422)


def test_both_judge_variations_of_the_examples_alike(pair: tuple[str, Mesh, Mesh]) -> None:
    name, mesh, theirs = pair
    every = ((obj["kind"], *each) for obj in examples(name) for each in variations(obj))
    statuses = set()
    for kind, what, obj in islice(every, None, None, STRIDE):
        status, said = mesh.verdict(obj)
        assert (status, said) == theirs.verdict(obj), f"{kind} {what}"
        statuses.add(status)
    assert statuses >= {201, 422}
