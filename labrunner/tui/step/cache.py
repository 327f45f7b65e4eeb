"""Steps already drawn, by everything their look depends on."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from labrunner.content.models import Module, Step
from labrunner.tui.step.document import Document, read_document
from labrunner.tui.step.marks import Marks
from labrunner.tui.step.painting import render
from labrunner.tui.step.palette import Palette
from labrunner.tui.step.rendering import Rendered

KEPT: Final = 12
"""Drawn steps, and parsed ones, that are kept."""

_DocumentKey = tuple[str, str, str, int]
_Key = tuple[_DocumentKey, int, Palette, frozenset[str]]


class StepCache:
    """Draws steps and keeps the last few. Their blocks follow `marks`, which the owner changes by `remark`."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self._documents: OrderedDict[_DocumentKey, Document] = OrderedDict()
        self._rendered: OrderedDict[_Key, Rendered] = OrderedDict()

    def get(
        self, module: Module, step: Step, width: int, palette: Palette, toggled: frozenset[str]
    ) -> Rendered:
        """The step drawn, from the cache where it is there."""
        document_key = (module.id, module.digest, step.id, hash(step.body))
        key = (document_key, width, palette, toggled)
        rendered = self._rendered.get(key)
        if rendered is None:
            document = self._documents.get(document_key)
            if document is None:
                document = self._documents[document_key] = read_document(module, step)
            rendered = self._rendered[key] = render(document, width, palette, self.marks, toggled)
            for kept in (self._documents, self._rendered):
                while len(kept) > KEPT:
                    kept.popitem(last=False)
        else:
            self._rendered.move_to_end(key)
        return rendered

    def clear(self) -> None:
        """Forget every step and every mark."""
        self.marks.cells.clear()
        self.marks.questions.clear()
        self._documents.clear()
        self._rendered.clear()

    def remark(
        self, shown: Rendered | None, *, cell: str | None = None, question: str | None = None
    ) -> list[int]:
        """Have the blocks of a cell or question drawn anew everywhere; their indices in `shown`."""
        for rendered in self._rendered.values():
            if rendered is not shown:
                rendered.remark(cell=cell, question=question)
        return shown.remark(cell=cell, question=question) if shown is not None else []
