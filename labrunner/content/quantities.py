"""Durations and amounts of memory as authors write them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?\Z")
_MILLISECONDS = re.compile(r"(\d{1,9})ms\Z")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?\Z")
_MEMORY = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s?([KMGT]i?|k)?B?\Z")
_FACTORS = {
    "": 1,
    "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def parse_duration(text: str) -> float | None:
    """Seconds of "30s", "5m", "1h30m", "250ms" or a plain number; None for anything else."""
    if _SECONDS.match(text):
        return float(text)
    if milliseconds := _MILLISECONDS.match(text):
        return int(milliseconds[1]) / 1000
    found = _DURATION.match(text)
    if not text or not found:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def parse_memory(text: str) -> int | None:
    """Bytes of "6Gi", "512Mi", "2G" or a plain number; None for anything else."""
    found = _MEMORY.match(text)
    return round(float(found[1]) * _FACTORS[found[2] or ""]) if found else None
