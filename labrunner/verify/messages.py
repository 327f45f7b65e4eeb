"""The author's `message` with its `{{actual.path}}` places filled."""

from __future__ import annotations

import re
from typing import Any

from labrunner.verify.jsonpath import JsonPathError, as_text, compile_path
from labrunner.verify.phrasing import MISSING

_PLACE = re.compile(r"\{\{\s*actual\b([^{}]*)\}\}")
_LONGEST = 200


def fill(message: str, actual: Any) -> str:
    """Each place becomes what its JSONPath selects in what was observed; "nothing" where that is nothing."""

    def value(found: re.Match[str]) -> str:
        path = found[1].strip()
        try:
            values = compile_path(path).select(actual) if path else [actual]
        except JsonPathError:
            return "nothing"
        shown = ", ".join(as_text(one) for one in values if one is not MISSING and one is not None)
        return (shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…") or "nothing"

    return _PLACE.sub(value, message)
