"""Bodies of another kind than the path is for: what Go's scheme and its converters say about them."""

from __future__ import annotations

from typing import Any, Final, Protocol

from labrunner.sim import gotext
from labrunner.sim.schema import gotypes

_SCHEME: Final = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"


class Kind(Protocol):
    """A kind in a version."""

    @property
    def group(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def kind(self) -> str: ...


def mismatch(given_version: Any, given_kind: Any, wanted: Kind) -> str:
    """Why an object of these cannot be read as a *wanted*; empty when it can."""
    version = f"{wanted.group}/{wanted.version}" if wanted.group else wanted.version
    if (given_version, given_kind) == (version, wanted.kind):
        return ""
    group, _, short = str(given_version or "").rpartition("/")
    if gotypes.definition_name(group, short, str(given_kind)) is None:
        about = gotext.quote(str(given_kind))
        return f'no kind {about} is registered for version {gotext.quote(str(given_version))} in scheme "{_SCHEME}"'
    if given_kind == wanted.kind and group == wanted.group:
        return f"the API version in the data ({given_version}) does not match the expected API version ({version})"
    inside = _package(wanted.group)
    return f"converting ({short}.{given_kind}) to ({inside}.{wanted.kind}): unknown conversion"


def _package(group: str) -> str:
    return group.partition(".")[0] if group and group != "events.k8s.io" else "core"
