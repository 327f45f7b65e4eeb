"""The blocks of a step as a tree, with the HTML that is understood (`<details>`) and callouts made blocks of it.

Everything depends on the markdown alone, so one tree serves all widths and themes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Final

from labrunner.content.markdown import parser

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_DETAILS: Final = 20
"""Levels of `<details>`; deeper ones are shown unfolded."""

_HTML: Final = re.compile(
    r"<details(?P<open>(?:\s[^<>]*)?)>|(?P<close></details\s*>)|<summary[^<>]*>(?P<summary>.{0,1000}?)</summary\s*>",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSHOWN: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BREAK: Final = re.compile(r"<br\s*/?>|</(?:p|div|tr|li|h\d|ul|ol|table)\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z!?][^<>]*>")
_TASKS: Final = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_ALERT: Final = re.compile(r"\[!(\w+)\][+-]?[ \t]*(.*)")
_ADMONITION: Final = re.compile(r"(?:!!!|\?\?\?)\+?[ \t]+(\w+)(?:[ \t]+\"(.*)\")?[ \t]*$")


@dataclass(slots=True)
class Node:
    """A block. `kind` is a token type without `_open`, or `details`, `callout` or `text`.

    `label` is a callout's word or the box of a task, `title` a callout's or a fold's, or the words of `text`.
    """

    kind: str
    token: Token | None = None
    children: list[Node] = field(default_factory=list)
    label: str = ""
    title: str = ""
    number: int = 0
    open: bool = False

    @property
    def line(self) -> int:
        """Lines of the body above it; -1 where it stands in none of its own."""
        return self.token.map[0] if self.token is not None and self.token.map else -1


def trees(intro: str, body: str) -> tuple[list[Node], list[Node]]:
    """The top-level blocks of a phase's introduction and of a step, `<details>` numbered through both.

    Lines count in the body alone; blocks of the introduction stand in none.
    """
    details = _Details()
    before, nodes = _reparsed(intro), _nest(parser().parse(body))
    _resolve(before, details)
    _resolve(nodes, details)
    return before, nodes


def plain_html(text: str) -> str:
    """HTML without its tags, blanks collapsed."""
    lines = (
        " ".join(line.split()) for line in html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).split("\n")
    )
    return "\n".join(line for line in lines if line)


def _nest(tokens: list[Token]) -> list[Node]:
    top: list[Node] = []
    stack = [top]
    for token in tokens:
        if token.nesting < 0:
            stack.pop()
            continue
        node = Node(token.type.removesuffix("_open"), token)
        stack[-1].append(node)
        if token.nesting > 0:
            stack.append(node.children)
    return top


@dataclass(slots=True)
class _Details:
    """Counts the `<details>` of a step: their numbers name them."""

    count: int = 0


def _resolve(nodes: list[Node], details: _Details) -> None:
    """Turn HTML and callouts among siblings, and below them, into nodes of their own."""
    if any(node.kind == "html_block" for node in nodes):
        nodes[:] = _fold(nodes, details)
    nodes[:] = list(_callouts(nodes))
    for node in nodes:
        if node.kind == "blockquote":
            _alert(node)
        elif node.kind == "list_item":
            _task(node)
        if node.children:
            _resolve(node.children, details)


def _fold(nodes: list[Node], details: _Details) -> list[Node]:
    top: list[Node] = []
    stack = [top]
    owners: list[Node] = []
    too_deep = 0
    for node in nodes:
        if node.kind != "html_block" or node.token is None:
            stack[-1].append(node)
            continue
        for event, text in _events(node.token.content):
            if event == "open" and len(owners) < MAX_DETAILS:
                details.count += 1
                is_open = re.search(r"\bopen\b", text, re.IGNORECASE) is not None
                owner = Node("details", node.token, title="Details", number=details.count, open=is_open)
                stack[-1].append(owner)
                stack.append(owner.children)
                owners.append(owner)
            elif event == "open":
                too_deep += 1
            elif event == "close" and too_deep:
                too_deep -= 1
            elif event == "close" and owners:
                owners.pop()
                stack.pop()
            elif event == "summary" and owners and not too_deep:
                owners[-1].title = " ".join(text.split()) or "Details"
            elif event in ("text", "summary") and text:
                stack[-1].append(Node("text", node.token, title=text))
    return top


def _events(content: str) -> Iterator[tuple[str, str]]:
    """What an HTML block says: open, close, summary and text, with their text."""
    content = _UNSHOWN.sub("", _COMMENT.sub("", content))
    position = 0
    for found in _HTML.finditer(content):
        yield "text", plain_html(content[position : found.start()])
        if found["close"]:
            yield "close", ""
        elif found["summary"] is not None:
            yield "summary", plain_html(found["summary"])
        else:
            yield "open", found["open"]
        position = found.end()
    yield "text", plain_html(content[position:])


def _alert(quote: Node) -> None:
    """Make a quote that begins with `[!TIP]` a callout."""
    if not quote.children or quote.children[0].kind != "paragraph" or not quote.children[0].children:
        return
    inline = quote.children[0].children[0].token
    found = _ALERT.match(inline.content.split("\n", 1)[0]) if inline is not None else None
    if inline is None or found is None:
        return
    quote.kind, quote.label, quote.title = "callout", found[1].capitalize(), found[2].strip()
    parts = inline.children or []
    breaks = [n for n, part in enumerate(parts) if part.type in ("softbreak", "hardbreak")]
    if breaks:
        inline.children = parts[breaks[0] + 1 :]
    else:
        del quote.children[0]


def _task(item: Node) -> None:
    """Turn the `[ ]` that an item begins with into the label of the item."""
    if not item.children or item.children[0].kind != "paragraph" or not item.children[0].children:
        return
    inline = item.children[0].children[0].token
    first = inline.children[0] if inline is not None and inline.children else None
    if first is not None and first.type == "text" and first.content[:4] in _TASKS:
        item.label = _TASKS[first.content[:4]]
        first.content = first.content[4:]


def _callouts(nodes: list[Node]) -> Iterator[Node]:
    """Make `!!! note` with the indented text below it a callout.

    Indented text is code to CommonMark, and so to the loader: fences in it are no cells.
    """
    callout: Node | None = None
    for node in nodes:
        token = node.token
        if callout is not None and node.kind == "code_block" and token is not None:
            callout.children += _reparsed(token.content)
            continue
        callout = None
        inline = node.children[0].token if node.kind == "paragraph" and node.children else None
        if inline is not None and inline.content.startswith(("!!!", "???")):
            first, _, rest = inline.content.partition("\n")
            found = _ADMONITION.match(first)
            if found:
                callout = Node(
                    "callout", token, _reparsed(dedent(rest)), found[1].capitalize(), found[2] or ""
                )
                yield callout
                continue
        yield node


def _reparsed(markdown: str) -> list[Node]:
    tokens = parser().parse(markdown)
    for token in tokens:
        token.map = None
    return _nest(tokens)
