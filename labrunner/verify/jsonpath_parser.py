"""Reads kubectl's JSONPath templates into the steps of `labrunner.verify.jsonpath`."""

from __future__ import annotations

import re

from labrunner.verify.jsonpath import (
    Descend,
    Every,
    Field,
    Filter,
    JsonPathError,
    Literal,
    Part,
    Path,
    Range,
    Slice,
    Step,
    Union,
)

_NAME = re.compile(r"(?:\\.|[^\s.\[\]{}()'\",|=<>!\\$@*])+", re.DOTALL)
_INTEGER = re.compile(r"[+-]?\d{1,9}")
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?")
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>")
_KEYWORD = re.compile(r"(range|end)\b")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_DEEPEST = 16


def parse(source: str) -> tuple[Part, ...]:
    """The parts of a template; the relaxed form is one path. Raises JsonPathError."""
    text = source.strip()
    if not text:
        raise JsonPathError("the path is empty")
    if "{" not in text:
        text = text if text[0] in ".[$@" else f".{text}"
        text = f"{{{text}}}"
    else:
        text = source
    reader = _Reader(text)
    parts = reader.template(nested=0)
    if reader.at < len(text):
        raise reader.problem("{end} without {range}")
    return parts


class _Reader:
    """A position in the text, and what can be read from there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def problem(self, what: str) -> JsonPathError:
        return JsonPathError(f"{what} (at character {self.at + 1} of {self.text})")

    def peek(self, width: int = 1) -> str:
        return self.text[self.at : self.at + width]

    def skip_blanks(self) -> None:
        while self.peek().isspace():
            self.at += 1

    def expect(self, sign: str) -> None:
        self.skip_blanks()
        if self.peek(len(sign)) != sign:
            raise self.problem(f"expected {sign}")
        self.at += len(sign)

    def template(self, nested: int) -> tuple[Part, ...]:
        """Parts up to the end of the text, or of the `range` they are in (its `{end}` is consumed)."""
        if nested > _DEEPEST:
            raise self.problem("ranges nest too deeply")
        parts: list[Part] = []
        while self.at < len(self.text):
            brace = self.text.find("{", self.at)
            until = len(self.text) if brace < 0 else brace
            if until > self.at:
                parts.append(Literal(self.text[self.at : until]))
                self.at = until
                continue
            opening = self.at
            self.at += 1
            self.skip_blanks()
            keyword = _KEYWORD.match(self.text, self.at)
            if keyword and keyword[1] == "end":
                if not nested:
                    self.at = opening
                    return tuple(parts)
                self.at = keyword.end()
                self.expect("}")
                return tuple(parts)
            if keyword:
                self.at = keyword.end()
                self.skip_blanks()
                over = self.path()
                self.expect("}")
                parts.append(Range(over, self.template(nested + 1)))
            else:
                parts.extend(self.actions())
        if nested:
            raise self.problem("{range} without {end}")
        return tuple(parts)

    def actions(self) -> list[Part]:
        """What stands in one pair of braces: paths and quoted texts."""
        parts: list[Part] = []
        while True:
            self.skip_blanks()
            sign = self.peek()
            if sign == "}":
                self.at += 1
                return parts
            if not sign:
                raise self.problem("a { is not closed")
            parts.append(Literal(self.quoted()) if sign in "'\"" else self.path())

    def path(self) -> Path:
        if self.peek() not in (".", "[", "$", "@") and not _NAME.match(self.text, self.at):
            raise self.problem("expected a path such as .metadata.name")
        from_root = self.peek() == "$"
        if self.peek() in ("$", "@"):
            self.at += 1
        steps: list[Step] = []
        if _NAME.match(self.text, self.at):
            steps.append(self.field())
        while self.peek() in (".", "["):
            steps.extend(self.steps())
        return Path(tuple(steps), from_root)

    def steps(self) -> list[Step]:
        """What a dot or a bracket begins."""
        if self.peek() == "[":
            return [self.bracket()]
        found: list[Step] = []
        if self.peek(2) == "..":
            found.append(Descend())
            self.at += 1
        self.at += 1
        if self.peek() == "*":
            self.at += 1
            found.append(Every())
        elif _NAME.match(self.text, self.at):
            found.append(self.field())
        elif found and self.peek() != "[":
            raise self.problem("expected a name after ..")
        return found

    def field(self) -> Field:
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self.problem("expected a name")
        self.at = name.end()
        return Field(re.sub(r"\\(.)", r"\1", name[0], flags=re.DOTALL))

    def bracket(self) -> Step:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.problem("brackets nest too deeply")
        self.expect("[")
        self.skip_blanks()
        step = self.filter() if self.peek() == "?" else self.union()
        self.expect("]")
        self.depth -= 1
        return step

    def union(self) -> Step:
        parts = [self.selector()]
        self.skip_blanks()
        while self.peek() == ",":
            self.at += 1
            parts.append(self.selector())
            self.skip_blanks()
        return parts[0] if len(parts) == 1 else Union(tuple(parts))

    def selector(self) -> Step:
        self.skip_blanks()
        sign = self.peek()
        if sign == "*":
            self.at += 1
            return Every()
        if sign and sign in "'\"":
            return Field(self.quoted(), quoted=True)
        return self.slice()

    def slice(self) -> Slice:
        start = self.integer()
        self.skip_blanks()
        if self.peek() != ":":
            if start is None:
                raise self.problem("expected an index, a slice, a quoted name, * or ?(…)")
            return Slice(start, None, single=True)
        self.at += 1
        stop, step = self.integer(), 1
        self.skip_blanks()
        if self.peek() == ":":
            self.at += 1
            step = self.integer() or 0
        if step < 1:
            raise self.problem("a slice's step must be at least 1")
        return Slice(start, stop, step)

    def integer(self) -> int | None:
        self.skip_blanks()
        found = _INTEGER.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return int(found[0])

    def filter(self) -> Filter:
        self.expect("?")
        self.expect("(")
        left = self.operand()
        self.skip_blanks()
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            if self.peek() != ")":
                raise self.problem("expected one of == != < <= > >= or ) — kubectl knows no other operator")
            self.at += 1
            return Filter(left)
        self.at = operator.end()
        right = self.operand()
        self.expect(")")
        return Filter(left, operator[0], right)

    def operand(self) -> Path | Literal:
        self.skip_blanks()
        sign = self.peek()
        if sign and sign in "'\"":
            return Literal(self.quoted())
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            whole = re.fullmatch(r"[+-]?\d+", number[0])
            return Literal(int(number[0]) if whole else float(number[0]))
        for word, value in (("true", True), ("false", False)):
            if self.peek(len(word)) == word:
                self.at += len(word)
                return Literal(value)
        return self.path()

    def quoted(self) -> str:
        quote = self.peek()
        self.at += 1
        written = []
        while (sign := self.peek()) != quote:
            if not sign:
                raise self.problem(f"a {quote} is not closed")
            if sign == "\\":
                self.at += 1
                sign = _ESCAPES.get(self.peek(), self.peek())
                if not sign:
                    raise self.problem(f"a {quote} is not closed")
            written.append(sign)
            self.at += 1
        self.at += 1
        return "".join(written)
