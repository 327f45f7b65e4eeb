"""What a check has to be told of: sources of objects, asynchronous probes, disappearances; and the index back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labrunner.content.checks_model import (
    AbsentCheck,
    AnswerCheck,
    Assertion,
    CanCheck,
    CellCheck,
    CheckSpec,
    CommandCheck,
    CountCheck,
    DnsCheck,
    EventCheck,
    ExecCheck,
    FileCheck,
    GroupCheck,
    HttpCheck,
    JsonPathCheck,
    LogsCheck,
    ReadyCheck,
    ResourceCheck,
    ScriptCheck,
    Target,
    TcpCheck,
    WaitCheck,
)
from labrunner.verify.context import CheckContext
from labrunner.verify.evaluation import hint_ident, parts_of, skip_reason
from labrunner.verify.kinds.events import event_source, is_selected_by_state
from labrunner.verify.kinds.objects import pods_source
from labrunner.verify.kinds.permissions import rbac_sources
from labrunner.verify.kinds.waits import is_disappearance
from labrunner.verify.labels import SelectorError, selects
from labrunner.verify.store import Obj, SourceKey, key_of, labels_of
from labrunner.verify.trust import needs_trust
from labrunner.verify.world import World, source_key

_ON_OBJECTS = (ResourceCheck, AbsentCheck, ReadyCheck, WaitCheck, JsonPathCheck, CountCheck)

_Asked = CommandCheck | ScriptCheck | LogsCheck | ExecCheck | HttpCheck | TcpCheck | DnsCheck
Probe = CanCheck | AnswerCheck | _Asked


@dataclass(frozen=True, slots=True)
class Interest:
    """A source, and the name and label selector of the objects in it that matter (None: any).

    `reviews`: a change means asking RBAC again.
    """

    source: SourceKey
    name: str | None = None
    labels: str | None = None
    reviews: bool = False


@dataclass(frozen=True, slots=True)
class Interests:
    """All of one check's interests. `disappearances` are the (ident, target) whose objects must be seen before
    they go; `polled` says that time alone can change the finding.
    """

    sources: tuple[Interest, ...] = ()
    probes: tuple[Probe, ...] = ()
    disappearances: tuple[tuple[str, Target], ...] = ()
    polled: bool = False


def interests_of(spec: CheckSpec, world: World) -> Interests:
    """What to watch and to ask for the check; nothing for one that is skipped."""
    sources: list[Interest] = []
    probes: list[Probe] = []
    gone: list[tuple[str, Target]] = []
    polled = False
    for ident, assertion in _leaves(spec, spec.id, world.context):
        if isinstance(assertion, _ON_OBJECTS):
            sources.extend(_object_interests(assertion, world))
            if _disappears(assertion):
                gone.append((ident, assertion.target))
        elif isinstance(assertion, CanCheck):
            sources.extend(Interest(key, reviews=True) for key in rbac_sources(assertion))
            probes.append(assertion)
        elif isinstance(assertion, EventCheck):
            sources.extend(_event_interests(assertion, world))
        elif isinstance(assertion, _Asked) or (isinstance(assertion, AnswerCheck) and assertion.command):
            probes.append(assertion)
        polled = polled or isinstance(assertion, FileCheck)
        polled = polled or (isinstance(assertion, EventCheck) and isinstance(assertion.since, int | float))
        polled = polled or (isinstance(assertion, CellCheck) and assertion.background is not None)
    if not world.context.trusted:
        probes = [probe for probe in probes if not needs_trust(probe)]
    return Interests(tuple(dict.fromkeys(sources)), tuple(probes), tuple(gone), polled or bool(probes))


def _leaves(spec: CheckSpec, ident: str, context: CheckContext) -> Iterator[tuple[str, Assertion]]:
    """The assertions that evaluating the check may look at, groups and hints' conditions unfolded."""
    if skip_reason(spec, context):
        return
    if isinstance(spec.assertion, GroupCheck):
        for name, part in parts_of(spec.assertion, ident):
            yield from _leaves(part, name, context)
    else:
        yield ident, spec.assertion
    for at, hint in enumerate(spec.when_failed):
        yield from _leaves(hint.condition, hint_ident(ident, at), context)


def _object_interests(
    assertion: ResourceCheck | AbsentCheck | ReadyCheck | WaitCheck | JsonPathCheck | CountCheck, world: World
) -> Iterator[Interest]:
    target = assertion.target
    yield Interest(source_key(target, world.context), target.name, target.labels)
    if isinstance(assertion, ReadyCheck):
        pods = pods_source(assertion.target, world)
        if pods is not None:
            yield Interest(pods)


def _event_interests(check: EventCheck, world: World) -> Iterator[Interest]:
    yield Interest(event_source(check, world))
    if check.involved is not None and is_selected_by_state(check):
        target = check.involved
        yield Interest(source_key(target, world.context), target.name, target.labels)


def _disappears(assertion: Assertion) -> bool:
    if isinstance(assertion, AbsentCheck):
        return assertion.baseline == "present"
    return isinstance(assertion, WaitCheck) and is_disappearance(assertion)


class InterestIndex:
    """From a changed object to the checks it can affect."""

    def __init__(self) -> None:
        self._interests: dict[str, Interests] = {}
        self._by_source: dict[SourceKey, dict[tuple[str | None, str | None], set[str]]] = {}
        self._reviewers: dict[SourceKey, set[str]] = {}

    def add(self, check_id: str, interests: Interests) -> None:
        self._interests[check_id] = interests
        for interest in interests.sources:
            if interest.reviews:
                self._reviewers.setdefault(interest.source, set()).add(check_id)
            else:
                choices = self._by_source.setdefault(interest.source, {})
                choices.setdefault((interest.name, interest.labels), set()).add(check_id)

    def remove(self, check_id: str) -> tuple[SourceKey, ...]:
        """Forget the check; the sources that no other check is interested in any more."""
        interests = self._interests.pop(check_id, Interests())
        for interest in interests.sources:
            self._reviewers.get(interest.source, set()).discard(check_id)
            for ids in self._by_source.get(interest.source, {}).values():
                ids.discard(check_id)
        left = {interest.source for kept in self._interests.values() for interest in kept.sources}
        return tuple({one.source for one in interests.sources} - left)

    def of(self, check_id: str) -> Interests:
        return self._interests[check_id]

    def affected(self, key: SourceKey, *versions: Obj | None) -> set[str]:
        """The checks that a change between these versions of an object can affect; all without any version."""
        known = [one for one in versions if one is not None]
        return {
            check_id
            for choice, ids in self._by_source.get(key, {}).items()
            if not known or any(_may_choose(choice, one) for one in known)
            for check_id in ids
        }

    def reviewers(self, key: SourceKey) -> set[str]:
        """The checks whose question to RBAC has to be asked again when this source changes."""
        return set(self._reviewers.get(key, set()))


def _may_choose(choice: tuple[str | None, str | None], obj: Obj) -> bool:
    name, labels = choice
    if name is not None and key_of(obj)[1] != name:
        return False
    try:
        return labels is None or selects(labels, labels_of(obj))
    except SelectorError:  # evaluating the check tells
        return True
