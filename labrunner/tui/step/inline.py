"""Inline markdown as styled runs of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style

from labrunner.tui.step.palette import EMPHASIS, STRIKE, STRONG, Palette, with_flags
from labrunner.tui.step.wrapping import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

_FLAGS: Final = {"em_open": EMPHASIS, "strong_open": STRONG, "s_open": STRIKE}


def inline_runs(children: Sequence[Token] | None, palette: Palette, base: Style) -> list[Segment]:
    """The runs of an inline token's children; hard breaks are line feeds, links name where they lead."""
    runs: list[Segment] = []
    flags = 0
    link: tuple[str, int] | None = None
    for token in children or ():
        kind = token.type
        if kind in ("text", "text_special"):
            if token.content:
                style = base + palette.link if link else base
                runs.append(Segment(clean(token.content).replace("\n", " "), with_flags(style, flags)))
        elif kind == "code_inline":
            runs.append(Segment(clean(token.content), with_flags(base + palette.code, flags)))
        elif kind == "softbreak":
            runs.append(Segment(" ", with_flags(base, flags)))
        elif kind == "hardbreak" or (kind == "html_inline" and token.content.lower().startswith("<br")):
            runs.append(Segment("\n", base))
        elif kind in _FLAGS:
            flags |= _FLAGS[kind]
        elif kind.endswith("_close") and kind.replace("_close", "_open") in _FLAGS:
            flags &= ~_FLAGS[kind.replace("_close", "_open")]
        elif kind == "link_open":
            link = (str(token.attrs.get("href", "")), len(runs))
        elif kind == "link_close" and link:
            runs += _address(link[0], runs[link[1] :], base + palette.muted)
            link = None
        elif kind == "image":
            source = clean(str(token.attrs.get("src", "")))
            runs.append(Segment(f"[image: {clean(token.content) or source}]", base + palette.muted))
    return runs


def _address(href: str, shown: list[Segment], style: Style) -> list[Segment]:
    """Where a link leads, unless its text says so or it leads into the same document."""
    text = "".join(run.text for run in shown).strip()
    if not href or href.startswith("#") or href.removeprefix("mailto:") == text or href.rstrip("/") == text:
        return []
    return [Segment(f" ({clean(href)})", style)]
