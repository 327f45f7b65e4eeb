"""Reading foreign texts: any encoding somebody saved, repaired and free of characters no lab may hold."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from labrunner.importing.account import Account, ImportRefusedError

MAX_TEXT = 8 * 1024 * 1024
MAX_ASSET = 32 * 1024 * 1024
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff\ufeff]")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_WRONG_CODECS = ("mac_roman", "cp1252")


def read_bytes(path: Path, limit: int = MAX_TEXT) -> bytes | None:
    """The bytes of a regular file, None when there is none, it cannot be read, or it is larger than `limit`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(limit + 1)
        except OSError:
            return None
    return data if len(data) <= limit else None


def inside(root: Path, base: Path, name: str) -> Path | None:
    """The file that `name`, written in `base`, means; None when that is outside of `root` or no path at all."""
    if not name or "\0" in name or len(name) > 1000 or name.startswith(("/", "~", "\\")):
        return None
    try:
        path = (base / name).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return path if path.is_relative_to(root) else None


def decode(data: bytes, name: str, account: Account) -> str:
    """The text of a file with LF line ends; what had to be repaired is told."""
    text, codec = _decoded(data)
    if codec != "utf-8":
        account.changed(name, 1, "encoding", f"{codec} text became UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    repaired = repair(text)
    if repaired != text:
        account.changed(name, 1, "mojibake", "UTF-8 that had been read in another encoding was repaired")
    cleaned = clean(repaired)
    if cleaned != repaired:
        account.changed(name, 1, "control characters", "taken out")
    return cleaned


def clean(text: str) -> str:
    """The text without control characters and terminal escapes."""
    return _UNWANTED.sub("", _ESCAPES.sub("", text))


def _decoded(data: bytes) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), "UTF-16"
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "Windows-1252"


def repair(text: str) -> str:
    """Undo wrong decodings: of the whole text where that works, else of each line that shows one."""
    if text.isascii():
        return text
    for codec in _WRONG_CODECS:
        whole = _redecoded(text, codec)
        if whole is not None:
            return repair_lines(whole)
    return repair_lines(text)


def repair_lines(text: str) -> str:
    """Undo wrong decodings line by line, as often as a line shows one; each time it becomes shorter."""
    if text.isascii():
        return text
    return "\n".join(line if line.isascii() else _repaired_line(line) for line in text.split("\n"))


def _repaired_line(line: str) -> str:
    for _ in range(20):
        better = next((found for codec in _WRONG_CODECS if (found := _redecoded(line, codec))), None)
        if better is None:
            return line
        line = clean(better.replace("\n", " ").replace("\r", " "))
        if line.isascii():
            return line
    return line.encode("ascii", "replace").decode("ascii")


def _redecoded(text: str, codec: str) -> str | None:
    try:
        return text.encode(codec).decode("utf-8")
    except UnicodeError:
        return None


def read_text(path: Path, name: str, account: Account) -> str | None:
    """The repaired text of a file; None when it is missing, unreadable or too large."""
    data = read_bytes(path)
    return None if data is None else decode(data, name, account)


def required_text(path: Path, name: str, account: Account) -> str:
    """The repaired text of a file. Raises ImportRefusedError."""
    text = read_text(path, name, account)
    if text is None:
        why = f"it is no readable file of at most {MAX_TEXT // 2**20} MiB"
        raise ImportRefusedError(f"{name} cannot be read: {why}", "Give a text file, or split it.")
    return text
