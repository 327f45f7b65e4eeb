"""Addresses that a training platform fills in, as they are on the learner's own machine."""

from __future__ import annotations

import re
from collections.abc import Callable

_SCHEME = r"(?:https?://)?"
_KATACODA = re.compile(
    _SCHEME
    + r"\[\[(?:HOST|CLIENT)\d{0,2}_SUBDOMAIN\]\]-(\d{1,5})(?:-\[\[KATACODA_HOST\]\])?(?:\.environments)?(?:\.katacoda\.com)?"
)
_KILLERCODA = re.compile(_SCHEME + r"\{\{\s*TRAFFIC_HOST\d{0,2}_(\d{1,5})\s*\}\}")
_SELECTOR = re.compile(r"\{\{\s*TRAFFIC_SELECTOR\s*\}\}|\{\{\s*TRAFFIC_[A-Z0-9_]{1,40}\s*\}\}")
_HOST = re.compile(r"\[\[\s*(?:HOST|CLIENT|KATACODA)\d{0,2}(?:_[A-Z0-9_]{1,40})?\s*\]\]")


def localised(text: str, tell: Callable[[int, str, str], None]) -> str:
    """The text with each placeholder replaced; `tell(offset, placeholder, replacement)` hears of each."""
    if "[[" not in text and "{{" not in text:
        return text

    def port(found: re.Match[str]) -> str:
        return say(found, f"http://localhost:{found[1]}")

    def say(found: re.Match[str], replacement: str) -> str:
        tell(found.start(), found.group(), replacement)
        return replacement

    text = _KATACODA.sub(port, text)
    text = _KILLERCODA.sub(port, text)
    text = _SELECTOR.sub(lambda found: say(found, "http://localhost"), text)
    return _HOST.sub(lambda found: say(found, "localhost"), text)
