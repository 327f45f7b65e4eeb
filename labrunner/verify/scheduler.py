"""The patience of checks, without I/O: what was found, and when, becomes a state.

`eventually` gives a check time to become true, from when it was activated or asked for; then it must stay true for
`consistently`. A check that fails goes on being watched and may turn green later. Nothing here reads a clock: each
call says what time it is (seconds, monotonic).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from labrunner.content.checks_model import CheckSpec
from labrunner.verify.finding import Finding
from labrunner.verify.phrasing import seconds
from labrunner.verify.verdict import CheckState, CheckStatus, Verdict

SETTLED_PACE = 2.0
"""Seconds between polls of a check that has been decided, at least."""

PATIENCE = 30.0
"""Seconds that an explicit wait gives a check without a deadline of its own."""

CONNECT_GRACE = 10.0
"""Seconds after which a source that is still connecting is called an error."""

_BLINK = 1e-6
"""Seconds within which two times count as the same, for sums of floats."""


_UNSEEN = Verdict(CheckState.WAITING, "not looked at yet")


@dataclass(slots=True)
class Track:
    """One check's course. `begun` is when its time began to run, `limit` how long that is, None for ever.

    `holding` is since when it has been true without a break, `confirmed` that this was for long enough; `achieved`
    that it once was, so that a break is a failure and no reason to wait. `asked`: a verdict was asked for, so that
    "not done yet" is an answer.
    """

    spec: CheckSpec
    begun: float
    limit: float | None
    polled: bool = False
    next_poll: float | None = None
    finding: Finding | None = None
    verdict: Verdict = _UNSEEN
    holding: float | None = None
    confirmed: bool = False
    achieved: bool = False
    asked: bool = False
    passed_at: float | None = None
    baseline_seen: bool = False


class Scheduler:
    """All active checks by id. Unknown ids raise KeyError."""

    def __init__(self) -> None:
        self._tracks: dict[str, Track] = {}

    def __contains__(self, check_id: str) -> bool:
        return check_id in self._tracks

    @property
    def ids(self) -> tuple[str, ...]:
        """Every active check, in order of activation."""
        return tuple(self._tracks)

    def spec(self, check_id: str) -> CheckSpec:
        return self._tracks[check_id].spec

    def add(self, spec: CheckSpec, now: float, *, passed_at: float | None = None) -> None:
        """Begin to follow a check; its `eventually` runs from now."""
        self._tracks[spec.id] = Track(spec, now, spec.eventually, passed_at=passed_at)

    def set_polled(self, check_id: str, polled: bool) -> None:
        """Whether time alone can change what the check finds; if so, it is due again after each `observe`."""
        track = self._tracks[check_id]
        track.polled, track.next_poll = polled, None

    def remove(self, check_id: str) -> None:
        self._tracks.pop(check_id, None)

    def ask(self, check_id: str) -> None:
        """A verdict is wanted now."""
        self._tracks[check_id].asked = True

    def restart(self, check_id: str, now: float) -> None:
        """A verdict is wanted, with the whole of `eventually` to wait for it."""
        track = self._tracks[check_id]
        track.begun, track.asked = now, True
        track.holding, track.confirmed, track.achieved = None, False, False
        track.limit = PATIENCE if track.spec.eventually is None else track.spec.eventually

    def mark_seen(self, check_id: str) -> bool:
        """What is to disappear has been there. True when that is news."""
        track = self._tracks[check_id]
        news, track.baseline_seen = not track.baseline_seen, True
        return news

    def observe(self, check_id: str, finding: Finding, verdict: Verdict, now: float, wall: float) -> None:
        """Take in an evaluation; `verdict` is its finding in words, `wall` the unix time."""
        track = self._tracks[check_id]
        if not finding.awaits_learner and track.finding is not None and track.finding.awaits_learner:
            track.asked = False
        track.finding, track.verdict = finding, verdict
        if finding.state is CheckState.PASS:
            track.holding = now if track.holding is None else track.holding
            self._confirm(track, now, wall)
        else:
            track.holding, track.confirmed = None, False
        if track.polled:
            track.next_poll = self._poll_time(track, now)

    def tick(self, now: float, wall: float) -> None:
        """Let time pass: what is watched and was true all along is confirmed."""
        for track in self._tracks.values():
            if not track.polled:
                self._confirm(track, now, wall)

    def is_holding(self, check_id: str) -> bool:
        """Whether every change matters now, because the check must stay true for a while."""
        track = self._tracks[check_id]
        return track.holding is not None and not track.confirmed

    def due(self, now: float) -> tuple[str, ...]:
        """The checks to poll now. Each is due again only after its next `observe`."""
        found = []
        for check_id, track in self._tracks.items():
            if track.next_poll is not None and track.next_poll <= now + _BLINK:
                track.next_poll = None
                found.append(check_id)
        return tuple(found)

    def wakeup(self, now: float) -> float | None:
        """When something changes by time alone: a poll, a deadline, the end of a hold. None for never."""
        times = [time for track in self._tracks.values() for time in self._times(track, now)]
        return min(times, default=None)

    def status(self, check_id: str, now: float) -> CheckStatus:
        """Where the check stands."""
        track = self._tracks[check_id]
        verdict = self._verdict(track, now)
        limit = None if self._is_patient(track) else track.limit
        waited = now - track.begun
        if limit is not None and verdict.state is not CheckState.WAITING:
            waited = min(waited, limit)
        return CheckStatus(check_id, verdict, waited, limit, track.passed_at, track.baseline_seen)

    def settled(self, check_id: str, now: float) -> bool:
        """Whether waiting longer is of no use to somebody who asked; `ask` again to have the verdict."""
        track = self._tracks[check_id]
        if track.finding is not None and track.finding.awaits_learner:
            return True
        state = self._verdict(track, now).state
        if state in (CheckState.PASS, CheckState.SKIPPED, CheckState.MANUAL):
            return True
        if track.finding is None or state is CheckState.WAITING:
            return False
        return track.finding.conclusive or self._is_over(track, now)

    def _confirm(self, track: Track, now: float, wall: float) -> None:
        if track.holding is None or track.confirmed:
            return
        if now - track.holding + _BLINK < track.spec.consistently:
            return
        track.confirmed = track.achieved = True
        if track.passed_at is None:
            track.passed_at = wall

    def _verdict(self, track: Track, now: float) -> Verdict:
        found = track.finding
        if found is None:
            return track.verdict
        if found.state is CheckState.WAITING and self._is_over(track, now):
            return replace(track.verdict, state=CheckState.ERROR)
        if found.state is CheckState.PASS and not track.confirmed:
            held = seconds(max(0.0, now - (now if track.holding is None else track.holding)))
            summary = f"{found.summary}; it has held for {held} of {seconds(track.spec.consistently)}"
            return replace(track.verdict, state=CheckState.WAITING, summary=summary)
        if found.state is CheckState.FAIL and self._may_come(track, now):
            return replace(track.verdict, state=CheckState.WAITING)
        return track.verdict

    def _may_come(self, track: Track, now: float) -> bool:
        """Whether a check that is not true yet still has time."""
        if track.finding is not None and track.finding.awaits_learner:
            return not track.asked
        if track.achieved or (track.finding is not None and track.finding.conclusive):
            return False
        return not self._is_over(track, now)

    def _deadline(self, track: Track) -> float | None:
        """When its time is over; what is merely not known yet gets a grace."""
        if track.limit is None:
            return None
        connecting = track.finding is not None and track.finding.state is CheckState.WAITING
        return track.begun + (max(track.limit, CONNECT_GRACE) if connecting else track.limit)

    def _is_over(self, track: Track, now: float) -> bool:
        deadline = self._deadline(track)
        return deadline is not None and now + _BLINK >= deadline

    def _is_patient(self, track: Track) -> bool:
        """Whether no deadline applies to what the check waits for now."""
        return track.finding is not None and track.finding.awaits_learner and not track.asked

    def _poll_time(self, track: Track, now: float) -> float:
        decided = track.confirmed or self._verdict(track, now).state is not CheckState.WAITING
        pace = max(track.spec.every, SETTLED_PACE) if decided else track.spec.every
        if track.holding is not None and not track.confirmed:
            return min(now + pace, track.holding + track.spec.consistently)
        return now + pace

    def _times(self, track: Track, now: float) -> list[float]:
        times = [] if track.next_poll is None else [track.next_poll]
        if track.holding is not None and not track.confirmed and not track.polled:
            times.append(track.holding + track.spec.consistently)
        deadline = self._deadline(track)
        if deadline is not None and deadline > now + _BLINK:
            times.append(deadline)
        return times


def counts(spec: CheckSpec, status: CheckStatus) -> bool:
    """Whether the check counts as achieved: once passed for `mode: edge`, passing now for `mode: level`."""
    return status.state is CheckState.PASS or (spec.mode == "edge" and status.passed_at is not None)
