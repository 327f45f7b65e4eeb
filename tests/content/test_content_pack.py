from __future__ import annotations

import json
from pathlib import Path

import pytest
from module_bench import FRONT, Workbench

from labrunner.content import catalogue
from labrunner.content.loading import Loaded
from labrunner.content.pack import builtin_pack_path, open_pack

SAMPLE = Path(__file__).parent / "fixtures" / "pack"


def add_module(bench: Workbench, name: str, text: str | None = None) -> Path:
    front = FRONT.replace("id: lab", f"id: {name}").replace("A lab", name.upper())
    return bench.write(f"modules/{name}/module.md", text if text is not None else front + "## S\n\nText.\n")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of modules that were really parsed."""
    from labrunner.content import loading

    parsed: list[str] = []
    real = loading.load_module

    def load(folder: Path, *, pack: Path | None = None) -> Loaded:
        parsed.append(folder.name)
        return real(folder, pack=pack)

    monkeypatch.setattr(loading, "load_module", load)
    return parsed


def test_entry_counts(tmp_path: Path) -> None:
    (entry,) = open_pack(SAMPLE).catalogue(tmp_path)
    assert (entry.id, entry.title, entry.level, entry.duration) == (
        "sample",
        "A sample module",
        "beginner",
        3900,
    )
    assert (entry.steps, entry.checks, entry.questions, entry.usable) == (4, 3, 3, True)
    assert open_pack(SAMPLE).load("sample").module is not None
    with pytest.raises(KeyError):
        open_pack(SAMPLE).load("none")


def test_broken_module_is_listed_with_its_problem_and_others_too(bench: Workbench, tmp_path: Path) -> None:
    add_module(bench, "a")
    add_module(bench, "b", "---\nlab: [1\n---\n")
    add_module(bench, "c")
    for _ in range(2):  # fresh, then from the cache
        entries = open_pack(bench.pack).catalogue(tmp_path / "cache")
        assert [(entry.id, entry.usable) for entry in entries] == [("a", True), ("b", False), ("c", True)]
        problem = entries[1].problems[0]
        assert (problem.rule, problem.place.path.name, problem.place.line) == ("bad-yaml", "module.md", 2)


def test_unchanged_modules_are_not_parsed_again(bench: Workbench, tmp_path: Path, loads: list[str]) -> None:
    for name in ("a", "b", "c"):
        add_module(bench, name)
    cache = tmp_path / "cache"
    first = open_pack(bench.pack).catalogue(cache)
    assert loads == ["a", "b", "c"]
    assert open_pack(bench.pack).catalogue(cache) == first
    assert loads == ["a", "b", "c"]
    bench.write("modules/b/files/new.txt", "x")
    bench.write("checks/c.yaml", "lab: 1\nchecks:\n  x: {ready: deploy/x}\n")
    second = open_pack(bench.pack).catalogue(cache)
    assert loads[3:] == ["b", "c"]
    assert second[1].digest != first[1].digest
    assert second[2].checks == 1


def test_removed_modules_leave_the_cache(bench: Workbench, tmp_path: Path) -> None:
    add_module(bench, "a")
    gone = add_module(bench, "b")
    cache = tmp_path / "cache"
    assert len(open_pack(bench.pack).catalogue(cache)) == 2
    gone.unlink()
    assert [entry.id for entry in open_pack(bench.pack).catalogue(cache)] == ["a"]
    (file,) = cache.iterdir()
    assert list(json.loads(file.read_text())) == ["a"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"stamp": "x"}}', "[" * 100_000, "\x00"])
def test_damaged_cache_is_ignored(bench: Workbench, tmp_path: Path, text: str) -> None:
    add_module(bench, "a")
    open_pack(bench.pack).catalogue(tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text(text)
    assert [entry.title for entry in open_pack(bench.pack).catalogue(tmp_path / "cache")] == ["A"]


def test_cache_record_with_missing_fields_is_read_anew(bench: Workbench, tmp_path: Path) -> None:
    add_module(bench, "a")
    open_pack(bench.pack).catalogue(tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    data = json.loads(file.read_text())
    del data["a"]["title"]
    file.write_text(json.dumps(data))
    assert open_pack(bench.pack).catalogue(tmp_path / "cache")[0].title == "A"


def test_unwritable_cache_costs_only_time(bench: Workbench, tmp_path: Path) -> None:
    add_module(bench, "a")
    (tmp_path / "file").write_text("")
    assert open_pack(bench.pack).catalogue(tmp_path / "file" / "cache")[0].usable
    assert open_pack(bench.pack).catalogue(None)[0].usable


def test_changed_loader_reads_anew(
    bench: Workbench, tmp_path: Path, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_module(bench, "a")
    open_pack(bench.pack).catalogue(tmp_path)
    monkeypatch.setattr(catalogue, "CACHE_FORMAT", -1)
    open_pack(bench.pack).catalogue(tmp_path)
    assert loads == ["a", "a"]


def test_pack_yaml(bench: Workbench) -> None:
    bench.write(
        "pack.yaml",
        "title: A pack\nauthors: [A, B]\nprogrammes:\n  cka: {title: CKA, modules: [a, b], minimum: {a: 0.8}, later: 1}\n",
    )
    pack = open_pack(bench.pack)
    assert (pack.title, pack.authors, pack.problems) == ("A pack", ("A", "B"), ())
    (programme,) = pack.programmes
    assert (programme.id, programme.modules, programme.minimum) == ("cka", ("a", "b"), (("a", 0.8),))


def test_broken_pack_yaml_still_opens(bench: Workbench) -> None:
    bench.write("pack.yaml", "title: [\n")
    pack = open_pack(bench.pack)
    assert pack.title == "pack"
    assert [problem.rule for problem in pack.problems] == ["bad-yaml"]


def test_no_such_pack(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no pack"):
        open_pack(tmp_path / "none")
    assert open_pack(tmp_path).catalogue() == []


def test_builtin_pack_is_the_folder_beside_the_package() -> None:
    assert (builtin_pack_path() / "modules").is_dir()
