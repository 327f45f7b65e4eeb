"""Reading an author's file as text: UTF-8, without surprises, and never from outside the pack."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from labrunner.content.findings import Findings
from labrunner.content.paths import stays_inside
from labrunner.content.problems import Place

MAX_BYTES = 16 * 1024 * 1024
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_WRONG_DECODINGS = (("mac_roman", "Mac Roman"), ("cp1252", "Windows-1252"))


@dataclass(frozen=True, slots=True)
class SourceText:
    """One file: `data` as it is on disk, `text` with LF line ends and without a byte order mark."""

    path: Path
    data: bytes
    text: str


def read_source(path: Path, root: Path, findings: Findings) -> SourceText | None:
    """The text of a regular file inside `root` (a resolved folder); None after reporting why not."""
    here = Place(path)
    if not stays_inside(path, root):
        findings.error(here, "escapes-pack", "this file lies outside of the pack", "put a copy into the pack")
        return None
    try:
        data = _read_regular(path)
    except OSError as error:
        reason = error.strerror or str(error)
        findings.error(
            here, "unreadable", f"the file cannot be read: {reason}", "see that it is a readable file"
        )
        return None
    if data is None:
        message = f"the file is larger than {MAX_BYTES // 2**20} MiB"
        findings.error(here, "too-large", message, "split it; data belongs into files/")
        return None
    text = decode(data, path, findings)
    return None if text is None else SourceText(path, data, text)


def _read_regular(path: Path) -> bytes | None:
    """The bytes of a file, None when it is too large. Opened without blocking: a FIFO must not hang the loader."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        data = file.read(MAX_BYTES + 1)
    return None if len(data) > MAX_BYTES else data


def decode(data: bytes, path: Path, findings: Findings) -> str | None:
    """UTF-8 text with normal line ends; None after reporting what is wrong with it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        findings.error(Place(path), "not-utf8", "this is UTF-16 text", "save it as UTF-8")
        return None
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        place = _byte_place(path, data, error.start)
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        findings.error(
            place, "not-utf8", message, "save the file as UTF-8 (for Latin-1: iconv -f latin1 -t utf-8)"
        )
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    nul = text.find("\0")
    if nul >= 0:
        message = "a NUL byte stands here; this is not a text file"
        findings.error(place_of(path, text, nul), "nul-byte", message, "delete it")
        return None
    return None if _mojibake(text, path, findings) else text


def place_of(path: Path, text: str, offset: int) -> Place:
    """The place of an offset in a text with LF line ends."""
    return Place(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _byte_place(path: Path, data: bytes, offset: int) -> Place:
    before = data[:offset]
    line_start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    lines = before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
    column = len(before[line_start:].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")) + 1
    return Place(path, lines + 1, column)


def _mojibake(text: str, path: Path, findings: Findings) -> bool:
    """Report UTF-8 that somebody read as another encoding and saved again."""
    if text.isascii():
        return False
    for number, line in enumerate(text.split("\n"), 1):
        first = _NON_ASCII.search(line)
        if not first:
            continue
        for codec, name in _WRONG_DECODINGS:
            repaired = _repaired(line, codec)
            if repaired is None:
                continue
            shown = line[first.start() : first.start() + 3].strip()
            message = f"'{shown}' is UTF-8 that was read as {name} and saved again"
            remedy = f'repair the file with text.encode("{codec}").decode("utf8")'
            findings.error(Place(path, number, first.start() + 1), "mojibake", message, remedy)
            return True
    return False


def _repaired(line: str, codec: str) -> str | None:
    """The line as it was before it was decoded wrongly, None when it was not."""
    try:
        return line.encode(codec).decode("utf-8")
    except UnicodeError:
        return None
