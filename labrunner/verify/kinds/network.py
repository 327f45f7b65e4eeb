"""`tcp` and `dns`: whether something takes connections, and what a name resolves to."""

from __future__ import annotations

from labrunner.content.checks_model import DnsCheck, Target, TcpCheck
from labrunner.verify.answers import Connected, NetworkFailure, Resolved
from labrunner.verify.finding import Finding, failing, passing
from labrunner.verify.kinds.pods import pod_key, pod_trouble
from labrunner.verify.matching import accepts
from labrunner.verify.phrasing import describe
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, name_target

WANTED_FAILURES = {
    "any": "no answer",
    "refused": "a refused connection",
    "timeout": "no answer in time",
    "name": "an unknown name",
    "tls": "a broken TLS connection",
    "reset": "a connection that is cut off",
}


def asked_from(source: Target | None, world: World) -> str:
    """Where a question to the network was asked, for a sentence; "" for the learner's machine."""
    return f" from {name_target(source, world)}" if source is not None else ""


def failure_fits(wanted: str, found: NetworkFailure) -> bool:
    """Whether a request failed in the way that is wanted."""
    return wanted in ("any", found.way)


def tcp(check: TcpCheck, world: World, ident: str) -> Finding:
    answer = world.probes.get(pod_key(ident, check))
    trouble = pod_trouble(answer)
    if trouble is not None:
        return trouble
    where = f"{check.host}:{check.port}{asked_from(check.source, world)}"
    if isinstance(answer, NetworkFailure):
        said, actual = answer.in_words(), {"connected": False, "failure": answer.way, "said": answer.said}
        if check.fails and failure_fits(check.fails, answer):
            return passing(f"{where}: {said}, as wanted", actual)
    else:
        assert isinstance(answer, Connected)
        said, actual = "it takes connections", {"connected": True}
        if not check.fails:
            return passing(f"{where}: {said}", actual)
    wanted = WANTED_FAILURES[check.fails] if check.fails else "a connection"
    return failing(f"{where}: {said}, wanted {wanted}", (Difference("connection", said, wanted),), actual)


def dns(check: DnsCheck, world: World, ident: str) -> Finding:
    answer = world.probes.get(pod_key(ident, check))
    trouble = pod_trouble(answer)
    if trouble is not None:
        return trouble
    where = f"{check.name}{asked_from(check.source, world)}"
    if isinstance(answer, NetworkFailure):
        said = answer.in_words() if answer.way == "name" else "no name server answers"
        actual = {"addresses": [], "failure": answer.way, "said": answer.said}
        wanted = describe(check.addresses) if check.addresses else "an address"
        return failing(f"{where}: {said}, wanted {wanted}", (Difference("addresses", None, wanted),), actual)
    assert isinstance(answer, Resolved)
    addresses = list(answer.addresses)
    shown, seen = ", ".join(addresses), {"addresses": addresses}
    if check.addresses is None or accepts(check.addresses, addresses):
        return passing(f"{where} resolves to {shown}", seen)
    wanted = describe(check.addresses)
    return failing(
        f"{where} resolves to {shown}, wanted {wanted}", (Difference("addresses", shown, wanted),), seen
    )
