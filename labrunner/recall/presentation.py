"""How a question is laid out when asked, so that the layout gives nothing away. Always the same for one question."""

from __future__ import annotations

import hashlib

from labrunner.content.questions_model import Question


def presented(question: Question) -> tuple[str, ...]:
    """What the learner picks from by number: the items of an `order`, the right sides of a `match`, mixed up."""
    if question.kind == "order":
        return _mixed(question.items, question.id)
    if question.kind == "match":
        return _mixed(tuple(right for _, right in question.pairs), question.id)
    return tuple(option.text for option in question.options)


def right_numbers(question: Question) -> list[int]:
    """The numbers, counted from 1 in `presented`, that answer an `order` or a `match`."""
    shown = presented(question)
    wanted = question.items if question.kind == "order" else tuple(right for _, right in question.pairs)
    return [shown.index(text) + 1 for text in wanted]


def _mixed(texts: tuple[str, ...], seed: str) -> tuple[str, ...]:
    """Sorted by a hash; turned by one where that happens to be the right order."""
    mixed = tuple(
        sorted(dict.fromkeys(texts), key=lambda text: hashlib.sha256(f"{seed}/{text}".encode()).digest())
    )
    return (*mixed[1:], mixed[0]) if mixed == texts and len(mixed) > 1 else mixed
