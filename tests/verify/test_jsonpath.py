"""kubectl's JSONPath."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.verify.jsonpath import JsonPathError, compile_path

PODS: dict[str, Any] = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": "a", "labels": {"app": "web", "app.kubernetes.io/name": "shop"}},
            "status": {
                "phase": "Running",
                "restarts": 3,
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "Initialized", "status": "True"},
                ],
            },
        },
        {
            "metadata": {"name": "b", "labels": {"app": "db"}},
            "status": {
                "phase": "Pending",
                "restarts": 0,
                "conditions": [{"type": "Ready", "status": "False"}],
            },
        },
        {"metadata": {"name": "c"}},
    ],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.kind}", ["List"]),
        (".kind", ["List"]),
        ("kind", ["List"]),
        ("$.kind", ["List"]),
        ("{$.kind}", ["List"]),
        ("{.items[*].metadata.name}", ["a", "b", "c"]),
        ("{.items[0].metadata.name}", ["a"]),
        ("{.items[-1].metadata.name}", ["c"]),
        ("{.items[-1:].metadata.name}", ["c"]),
        ("{.items[0:2].metadata.name}", ["a", "b"]),
        ("{.items[::2].metadata.name}", ["a", "c"]),
        ("{.items[0,2].metadata.name}", ["a", "c"]),
        ("{.items[9].metadata.name}", []),
        ("{.items[0].metadata['name','labels'].app}", ["web"]),
        ("{.items[*]['metadata.name', 'status.phase']}", ["a", "Running", "b", "Pending", "c"]),
        ('{.items[?(@.status.phase=="Running")].metadata.name}', ["a"]),
        ("{.items[?(@.status.phase!='Running')].metadata.name}", ["b"]),
        ("{.items[?(@.status.restarts>1)].metadata.name}", ["a"]),
        ("{.items[?(@.status.restarts<=0)].metadata.name}", ["b"]),
        ("{.items[?(@.status)].metadata.name}", ["a", "b"]),
        ('{.items[0].status.conditions[?(@.type=="Ready")].status}', ["True"]),
        ('{.items[*].status.conditions[?(@.type=="Ready")].status}', ["True", "False"]),
        ("{..name}", ["a", "b", "c"]),
        ("{.items[0].metadata.labels['app.kubernetes.io/name']}", ["shop"]),
        ("{.items[0].metadata.labels['app\\.kubernetes\\.io/name']}", ["shop"]),
        ("{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", ["shop"]),
        ('{.items[0].metadata["labels"]["app"]}', ["web"]),
        ("{.items[0].metadata.labels.*}", ["web", "shop"]),
        ("{.nothing.at.all}", []),
        ("{.kind[0]}", []),
    ],
)
def test_selects_what_kubectl_selects(path: str, found: list[Any]) -> None:
    assert compile_path(path).select(PODS) == found


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{range .items[*]}{.metadata.name}{"\\n"}{end}', "a\nb\nc\n"),
        ("{.items[0].metadata.name} is {.items[0].status.phase}", "a is Running"),
        ('{.kind}{"\\t"}{.items[0].status.restarts}', "List\t3"),
        (
            "{range .items[*]}{range .status.conditions[*]}{.type}={.status},{end};{end}",
            "Ready=True,Initialized=True,;Ready=False,;;",
        ),
    ],
)
def test_templates_print_as_kubectl_does(template: str, text: str) -> None:
    assert compile_path(template).select(PODS) == [text]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "{.items[}",
        "{.items[?(@.a)}",
        "{.a",
        '{.items[?(@.a=="x]}',
        "{.items[?(@.a =~ 'x')]}",
        "{range .items[*]}{.a}",
        "{end}",
        "{.items[::0]}",
        "{..}",
        "{.items['a}",
        "{" + ".a[?(@.b" * 40 + "}",
    ],
)
def test_what_is_no_path_is_refused_with_a_reason(path: str) -> None:
    with pytest.raises(JsonPathError) as problem:
        compile_path(path).select(PODS)
    assert str(problem.value)


@given(
    st.text(alphabet=".[]{}()?@$*'\"\\,:=<>!abc01- \n", max_size=30),
    st.sampled_from([PODS, [], None, 3, "x"]),
)
def test_any_text_either_selects_or_is_refused(path: str, document: Any) -> None:
    try:
        found = compile_path(path).select(document)
    except JsonPathError:
        return
    assert isinstance(found, list)


def test_a_path_that_explodes_is_refused() -> None:
    nested: Any = 1
    for _ in range(40):
        nested = {"a": nested, "b": [nested]} if not isinstance(nested, int) else {"a": nested}
        if len(str(nested)) > 20000:
            break
    with pytest.raises(JsonPathError, match="selects more"):
        compile_path("{..*..*..*..*..*}").select(nested)


def test_definite_and_plural_paths_are_told_apart() -> None:
    assert compile_path(".a.b[0]").definite
    assert not compile_path('.a[?(@.x=="y")].b').plural
    assert compile_path(".a[*].b").plural
    assert compile_path("{..a}").plural
