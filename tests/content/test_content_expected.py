from __future__ import annotations

import time

import pytest

from labrunner.content.expected import LineDifference, bad_patterns, compare, line_matches


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("deployment.apps/web created", "deployment.apps/web created"),
        ("NAME   READY   STATUS", "NAME        READY STATUS   "),
        ("web-xxxxxxxxxx-xxxxx   1/1", "web-5d4f8c7b9c-abcde   1/1"),
        ("web-xxxx", "web-7"),
        ("10.x.x.x  80/TCP", "10.96.14.3  80/TCP"),
        ("web  1/1  5s", "web  1/1  2m10s"),
        ("web  1/1  1 (5m ago)  3d4h", "web  1/1  1 (12s ago)  45d"),
        ("Age: 5s", "Age: 3m"),
        ("created 2024-01-02T03:04:05Z", "created 2026-11-23T21:22:23.123456+01:00"),
        ("Mon, 01 Jan 2024 00:00:00 +0000", "Thu, 23 Nov 2026 10:11:12 +0100"),
        ("Server: v1.29+", "Server: v1.31.4+simulated"),
        ("v1.29+", "v1.29.0"),
        ("a ... z", "a b c z"),
        ("a\n...\nz", "a\nb\nc\nz"),
        ("a\n...\nz", "a\nz"),
        ("...\nz", "a\nz"),
        ("a\n...", "a"),
        ("a\n...\nb\n...\nb", "a\nb\nb\nb"),
        ("pod/* created (glob)", "pod/web-1 created"),
        ("pod/web-? (glob)", "pod/web-1"),
        (r"\d+ pods? (re)", "12 pods"),
        ("ok", "\x1b[32mok\x1b[0m\r\n"),
        ("\n\na\n\n", "a"),
        ("", "\n"),
    ],
)
def test_matches(expected: str, actual: str) -> None:
    assert compare(expected, actual) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("a", "b"),
        ("web-xxxx", "api-1234"),
        ("10.x.x.x", "11.0.0.1"),
        ("10.x.x.x", "10.0.0"),
        ("cpu: 250m", "cpu: 300m"),
        ("timeout: 30s", "timeout: 31s"),
        ("limit 500m", "limit 250m"),
        ("v1.29+", "v1.28.9"),
        ("v1.29", "v1.30"),
        ("a ... z", "a b"),
        ("a\n...\nz", "b\nz"),
        ("pod/? (glob)", "pod/ab"),
        ("a.c (glob)", "abc"),
        ("[0-9] (re)", "12"),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("a", ""),
        ("A", "a"),
        ("1.5", "1x5"),
    ],
)
def test_differs(expected: str, actual: str) -> None:
    assert compare(expected, actual)


def test_differences_name_both_lines() -> None:
    assert compare("a\nb\nc\n", "a\nx\nc\nd\n") == [
        LineDifference("changed", "b", "x", 2, 2),
        LineDifference("unexpected", None, "d", None, 4),
    ]
    assert compare("a\nb\nc", "a\nc") == [LineDifference("missing", "b", None, 2)]
    assert compare("a\n...\nz", "a\nb\ny") == [LineDifference("missing", "z", None, 3)]


def test_one_line() -> None:
    assert line_matches("web   5s", "web 12d")
    assert not line_matches("web 5s", "api 5s")


def test_pattern_that_does_not_compile_is_found_and_literal() -> None:
    assert [number for number, _ in bad_patterns("a\n( (re)\n")] == [2]
    assert compare("( (re)", "( (re)") == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("... a ... a ... a ... a ... a b", "a " * 2000),
        ("*a*a*a*a*a*a*a*b (glob)", "a" * 4000),
        ("\n".join(["..."] * 500 + ["z"]), "a\n" * 5000),
        ("\n".join(f"{n}-xxxx" for n in range(390)), "y\n" * 390),
        ("a\n" * 20_000, "b\n" * 20_000),
    ],
)
def test_hostile_output_takes_no_time(expected: str, actual: str) -> None:
    start = time.process_time()
    assert compare(expected, actual)
    assert time.process_time() - start < 2
