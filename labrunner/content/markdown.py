"""The one markdown dialect: CommonMark with tables and strikethrough.

The loader and the step view both use these parsers, so that they agree on where each block begins and ends.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 60
"""Levels of lists and quotes; below Python's recursion limit with room to spare. Deeper text is not parsed."""


@cache
def parser() -> MarkdownIt:
    """The parser with inline content, for showing text."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    return markdown.enable(["table", "strikethrough"])


@cache
def block_parser() -> MarkdownIt:
    """The same blocks with their text left unparsed, for reading structure in linear time."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    markdown.enable(["table", "strikethrough"])
    markdown.core.ruler.disable(["inline", "text_join"])
    return markdown


def blocks(text: str) -> list[Token]:
    """The block tokens of a text with LF line ends."""
    return block_parser().parse(text)


def plain_text(markup: str) -> str:
    """A heading without its markup: what a reader sees."""
    tokens = parser().parseInline(markup[:500])
    parts = []
    for token in tokens[0].children or []:
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif token.type == "image":
            parts.append(token.content)
    return " ".join("".join(parts).split())


_NOT_SLUG = re.compile(r"[^\w]+")


def slug(title: str) -> str:
    """An id made of a title: lower case, words joined by dashes, letters of any script kept; may be empty."""
    folded = unicodedata.normalize("NFKD", title).casefold()
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    return _NOT_SLUG.sub("-", unicodedata.normalize("NFC", bare)).strip("-_")[:80].strip("-_")
