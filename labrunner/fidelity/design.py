"""Where the simulated cluster differs on purpose: it says that it is simulated, and it cannot know a real node's facts."""

from __future__ import annotations

from labrunner.fidelity.comparable import rule

# Applied to text that is already comparable: names, addresses and times have their stand-ins.
INTENDED = (
    rule("the server's version ends in +simulated", r"\bv1\.\d+\.\d+(?:\+simulated)?(?![\w.])", "v<version>"),
    rule(
        "nodes say that they are simulated instead of naming an operating system and a container runtime",
        r"^( ?(?:Machine ID|System UUID|Boot ID|Kernel Version|OS Image|Container Runtime Version|Kubelet Version):).*",
        r"\1 <node fact>",
    ),
    rule(
        "nodes say that they are simulated instead of naming an operating system and a container runtime",
        r"^(<node> .* <address> (?:<none>|<address>)) \S.*",
        r"\1 <node facts>",
    ),
    rule(
        "containers and images have simulated ids",
        r"^( ?(?:Container ID|Image ID):).*",
        r"\1 <id>",
    ),
    rule(
        "a storage class named standard exists, as on kind, so that claims can bind",
        r"^standard \(default\) .*\n?",
        "",
    ),
    rule(
        "the administrator is known by a client certificate, as on kind",
        r"^(?:UID|Extra: authentication\.kubernetes\.io/credential-id) .*\n?",
        "",
    ),
)


def reasons(one: str, other: str) -> tuple[str, ...]:
    """Why two comparable texts differ, where only intended differences make them differ; else empty."""
    found: dict[str, None] = {}
    for intended in INTENDED:
        if one == other:
            break
        was = one, other
        one = intended.pattern.sub(intended.stand_in, one).strip()
        other = intended.pattern.sub(intended.stand_in, other).strip()
        if was != (one, other):
            found[intended.sets_aside] = None
    return tuple(found) if one == other else ()
