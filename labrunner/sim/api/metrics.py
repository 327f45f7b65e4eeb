"""``/metrics``: the few figures that mean something for a server without load, in the Prometheus text format."""

from __future__ import annotations

from typing import Final

from labrunner.sim.api.local import Api
from labrunner.sim.api.version import INFO
from labrunner.sim.http import Response

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def answer(api: Api) -> Response:
    """The metrics as they are now."""
    facts = (
        ("build_date", "buildDate"),
        ("compiler", "compiler"),
        ("git_commit", "gitCommit"),
        ("git_tree_state", "gitTreeState"),
        ("git_version", "gitVersion"),
        ("go_version", "goVersion"),
        ("major", "major"),
        ("minor", "minor"),
        ("platform", "platform"),
    )
    labels = ",".join(f'{label}="{INFO[key]}"' for label, key in facts)
    lines = [
        "# HELP apiserver_storage_objects [STABLE] Number of stored objects, by resource.",
        "# TYPE apiserver_storage_objects gauge",
        *(
            f'apiserver_storage_objects{{resource="{gr}"}} {api.store.count(gr)}'
            for gr in sorted(api.store.resources())
        ),
        "# HELP kubernetes_build_info [ALPHA] What is running here, labelled by its version; always 1.",
        "# TYPE kubernetes_build_info gauge",
        f"kubernetes_build_info{{{labels}}} 1",
    ]
    return Response(200, ("\n".join(lines) + "\n").encode(), _TYPE)
