"""Prose of a foreign text → prose of a step: headings below the step's, no markup a lab would stumble over."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#*)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_PARAGRAPH = re.compile(r"^ {0,3}(?![ #>|`~]|[-*+][ \t]|\d+[.)][ \t]|<)\S")
_DECLARATION = re.compile(r"<(?=[!?])")
_VERBATIM = re.compile(r"<(?=/?(?:pre|script|style|textarea)\b)", re.IGNORECASE)
_FRAME = re.compile(
    r"<iframe\b[^>]{0,2000}?\bsrc=[\"']?([^\"' >]{1,500})[^>]{0,2000}>(?:</iframe>)?", re.IGNORECASE
)
_IMAGE = re.compile(r"!\[([^\]\[]{0,300})\]\(\s*<?([^)\s>]{1,500})>?(?:\s+[\"'][^\"')]{0,300}[\"'])?\s*\)")
_HTML_IMAGE = re.compile(r"<img\b[^>]{0,2000}>", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc=[\"']?([^\"' >]{1,500})", re.IGNORECASE)
_ALT = re.compile(r"\balt=[\"']([^\"'>]{0,300})", re.IGNORECASE)
_QUOTED_FENCE = re.compile(r"^([ \t]*>[> \t]*)(`{3,}|~{3,})")

Tell = Callable[[int, str, str, str], None]
"""Told of each construct: its line, what it was, its fate, the detail."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the source."""

    level: int
    text: str


def heading_at(line: str) -> Heading | None:
    """The heading a line of `#` is, None when it is none; no text is no heading."""
    found = _ATX.match(line)
    return Heading(len(found[1]), found[2].strip()) if found and (found[2] or "").strip() else None


def with_atx_headings(lines: list[str]) -> list[str]:
    """The lines with underlined headings written as `#` and `##`; rulers stand apart from the text above them."""
    out: list[str] = []
    for line in lines:
        found = _SETEXT.match(line)
        if found and out and out[-1].strip():
            if _PARAGRAPH.match(out[-1]) and (len(out) < 2 or not out[-2].strip()):
                out[-1] = f"{'#' if found[1][0] == '=' else '##'} {out[-1].strip()}"
                # Keeps the lines where they are.
                out.append("")
                continue
            out[-1] += "\n"
        out.append(line)
    return out


def below_step(line: str) -> str:
    """A heading moved below those of steps, which are of the second level; other lines as they are."""
    found = _ATX.match(line)
    if not found:
        return line
    text = (found[2] or "").strip()
    return f"{'#' * min(6, max(3, len(found[1]) + 1))} {text}" if text else ""


def harmless(line: str) -> str:
    """A line whose HTML swallows nothing below it, and that opens no fence inside a quote."""
    if "<" in line:
        line = _DECLARATION.sub("&lt;", line)
        line = _VERBATIM.sub("&lt;", line)
    if found := _QUOTED_FENCE.match(line):
        return found[1] + line[found.end() :]
    return line


def without_media(line: str, number: int, tell: Tell, bring: Callable[[str], str | None]) -> str:
    """A line whose images and frames are named instead of shown; `bring` copies a local image and says where to."""
    if "![" not in line and "<i" not in line.lower():
        return line

    def image(alt: str, source: str) -> str:
        brought = bring(source)
        if brought:
            tell(number, "image", "changed", f"named in the text and copied to {brought}")
        else:
            tell(number, "image", "left out", f"a terminal shows none; its text stays: {source[:100]}")
        shown = html.unescape(alt).replace("[", "(").replace("]", ")").strip() or "image"
        return f"*({shown}: {brought or source})*" if "*" not in source else f"({shown})"

    def tagged(found: re.Match[str]) -> str:
        source, alt = _SOURCE.search(found.group()), _ALT.search(found.group())
        return image(alt[1] if alt else "", source[1] if source else "")

    def frame(found: re.Match[str]) -> str:
        tell(number, "embedded page", "changed", "a link to it")
        return f"<{found[1]}>" if "://" in found[1] else found[1]

    line = _IMAGE.sub(lambda found: image(found[1], found[2]), line)
    line = _HTML_IMAGE.sub(tagged, line)
    return _FRAME.sub(frame, line)
