"""When a question comes back: FSRS on the review log. The log is the truth, card state is derived from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Confidence = Literal["guess", "think so", "sure"]
RatingName = Literal["again", "hard", "good", "easy"]

FAST_SECONDS = 12.0
"""A right and sure answer within this time counts as easy."""


@dataclass(frozen=True, slots=True)
class Review:
    """One graded attempt: `question` is `module/question-id`, `at` unix seconds."""

    question: str
    at: float
    rating: RatingName
    confidence: Confidence = "think so"


@dataclass(frozen=True, slots=True)
class Due:
    """A question's next date; `surprising` marks a sure-but-wrong answer, which comes back first."""

    question: str
    at: float
    surprising: bool = False


def rating(*, correct: bool, confidence: Confidence, seconds: float | None) -> RatingName:
    """Wrong → again; right but guessed → hard; right → good; right, sure and fast → easy."""
    if not correct:
        return "again"
    if confidence == "guess":
        return "hard"
    if confidence == "sure" and seconds is not None and seconds <= FAST_SECONDS:
        return "easy"
    return "good"


def schedule(reviews: Iterable[Review]) -> tuple[Due, ...]:
    """Due dates of every reviewed question, the sure-but-wrong ones first, then by date."""
    from fsrs import Card, Rating, Scheduler

    ratings = {"again": Rating.Again, "hard": Rating.Hard, "good": Rating.Good, "easy": Rating.Easy}
    # Fuzzing spreads due dates by chance; without it the same log always gives the same dates.
    scheduler = Scheduler(enable_fuzzing=False)
    cards: dict[str, Card] = {}
    last: dict[str, Review] = {}
    for review in reviews:
        card = cards.get(review.question) or Card(card_id=len(cards) + 1)
        when = datetime.fromtimestamp(review.at, UTC)
        cards[review.question], _ = scheduler.review_card(card, ratings[review.rating], when)
        last[review.question] = review
    dues = [
        Due(
            question,
            card.due.timestamp(),
            surprising=last[question].rating == "again" and last[question].confidence == "sure",
        )
        for question, card in cards.items()
    ]
    return tuple(sorted(dues, key=lambda due: (not due.surprising, due.at, due.question)))
