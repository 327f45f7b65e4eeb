"""What a source is, told from its content, and its import."""

from __future__ import annotations

from pathlib import Path

from labrunner.importing.account import Account, ImportRefusedError
from labrunner.importing.draft import Ids, ModuleDraft
from labrunner.importing.packing import check_output, write_pack
from labrunner.importing.texts import required_text

_MARKDOWN = (".md", ".markdown", ".txt", ".mdown")


def import_source(source: Path, output: Path, *, force: bool = False) -> Account:
    """Make a pack of `source` in `output`. Raises ImportRefusedError and OSError; then nothing was written."""
    if not source.exists():
        raise ImportRefusedError(f"there is no {source}", "Give a folder or a .md file.", usage=True)
    root = source.resolve()
    account = Account(root)
    check_output(output, root, force=force)
    if root.is_dir():
        from labrunner.importing.course import import_scenarios

        drafts, title = import_scenarios(root, account)
    elif root.name == "index.json":
        return import_source(root.parent, output, force=force)
    else:
        drafts, title = [_document(root, account)], ""
    write_pack(drafts, title, output.absolute(), account, force=force)
    return account


def _document(path: Path, account: Account) -> ModuleDraft:
    """The module of a markdown file: a list of questions, or a lab."""
    from labrunner.importing.documents import import_document
    from labrunner.importing.question_lists import import_question_list, is_question_list

    if path.suffix.lower() not in _MARKDOWN:
        raise ImportRefusedError(
            f"{path.name} is no markdown file", "Give a .md file or a folder.", usage=True
        )
    text = required_text(path, path.name, account)
    if not any(char.isalnum() for char in text):
        raise ImportRefusedError(f"{path.name} is empty", "Give a file with a lab in it.")
    module_id = Ids().take(path.stem, "lab")
    read = import_question_list if is_question_list(text) else import_document
    draft = read(text, path.name, module_id, account)
    if not draft.steps:
        raise ImportRefusedError(
            f"{path.name} has nothing a step could hold", "Give a file with text or commands."
        )
    return draft
