"""Names with versions: what they allow."""

from __future__ import annotations

import pytest

from labrunner.content.versions import VersionedName


@pytest.mark.parametrize(
    ("asked", "version", "allowed"),
    [
        ("istio", "0.1", True),
        ("istio>=1.24", "1.30", True),
        ("istio>=1.24", "v1.24.0", True),
        ("istio>=1.24", "1.9", False),
        ("istioctl==1.28", "1.28.3", True),
        ("istioctl==1.28", "1.29.0", False),
        ("helm < v4", "3.19.1", True),
        ("helm<4", "4.0.0", False),
        ("linkerd>=2.20", "2.21.0-rc1", True),
    ],
)
def test_a_range_allows_what_it_says(asked: str, version: str, allowed: bool) -> None:
    assert VersionedName.parse(asked).allows(version) is allowed


def test_what_is_no_name_with_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"istioctl>=1\.28"):
        VersionedName.parse("istio=1")
