"""What the command line asks of the app."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.content.pack import Pack


@dataclass(frozen=True, slots=True)
class Launch:
    """How the app starts.

    `module` opens that lab at once instead of the catalogue; `cluster` is what was typed after --cluster, `step` where
    to begin. `fresh` begins again, `trust` lets a pack's automatic cells run.
    """

    pack: Pack
    module: str | None = None
    cluster: str | None = None
    step: str | None = None
    fresh: bool = False
    trust: bool = False
