"""Random byte streams of the kind full-screen and line programs write."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

WORDS = (
    "kubectl get pods -A", "deployment.apps/web", "Running", "0/1", "naïve café", "──┼──", "│", "漢字", "かな",
    "Error from server (NotFound):", "e\u0301te\u0301", "🙂", "✓", "a", " ", "      ", "lorem ipsum dolor sit amet",
)  # fmt: skip


def _text(random: Random, columns: int, rows: int) -> str:
    words = (random.choice(WORDS) for _ in range(random.randint(1, 6)))
    return " ".join(words)


def _line(random: Random, columns: int, rows: int) -> str:
    return _text(random, columns, rows) + "\r\n"


def _block(random: Random, columns: int, rows: int) -> str:
    return "".join(f"{random.random()} {'x' * random.randint(0, columns)}\r\n" for _ in range(5))


def _position(random: Random, columns: int, rows: int) -> str:
    return f"\x1b[{random.randint(1, rows)};{random.randint(1, columns)}H"


def _move(random: Random, columns: int, rows: int) -> str:
    count = random.choice(["", "1", "3", str(columns)])
    return f"\x1b[{count}{random.choice('ABCDEFGIZ`adef')}"


def _style(random: Random, columns: int, rows: int) -> str:
    code = random.choice(["", "0", "1", "7", "31", "44", "38;5;120", "48;2;1;2;3", "4:3", "39;49", "27"])
    return f"\x1b[{code}m"


def _erase(random: Random, columns: int, rows: int) -> str:
    return random.choice(
        ["\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[1J", "\x1b[2J", "\x1b[4X", "\x1b[H\x1b[2J"]
    )


def _edit(random: Random, columns: int, rows: int) -> str:
    return f"\x1b[{random.choice(['', '2', '5'])}{random.choice('@PLMST')}"


def _region(random: Random, columns: int, rows: int) -> str:
    top = random.randint(1, rows - 1)
    inside = f"\x1b[{top};{random.randint(top + 1, rows)}r"
    return random.choice([inside, inside, "\x1b[r"])


def _control(random: Random, columns: int, rows: int) -> str:
    return random.choice(["\r", "\n", "\r\n", "\b", "\b\b", "\t", "\a", "\x1bM", "\x1bD", "\x1bE", "\v"])


def _mode(random: Random, columns: int, rows: int) -> str:
    mode = random.choice(["?7", "?25", "?1", "?2004", "?1002", "?1006", "?12", "4", "?6"])
    on = random.random() < (0.7 if mode == "?7" else 0.35)
    return f"\x1b[{mode}{'h' if on else 'l'}"


def _screen(random: Random, columns: int, rows: int) -> str:
    return random.choice(["\x1b[?1049h", "\x1b[?1049l", "\x1b7", "\x1b8", "\x1b[?47h", "\x1b[?47l"])


def _string(random: Random, columns: int, rows: int) -> str:
    return random.choice(
        ["\x1b]0;a title\x07", "\x1b]133;D;0\x07", "\x1b]7;file://host/tmp\x1b\\", "\x1bP+q544e\x1b\\",
         "\x1b_apc\x1b\\", "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\"]
    )  # fmt: skip


def _charset(random: Random, columns: int, rows: int) -> str:
    return random.choice(
        ["\x1b(0lqqk\x1b(B", "\x1b)0\x0etqu\x0f", "x\x1b[3b", "\x1b[>4;2m", "\x1b[?2026$p", "\x1b[c"]
    )


_KINDS: tuple[tuple[Callable[[Random, int, int], str], int], ...] = (
    (_text, 30), (_line, 16), (_position, 14), (_move, 12), (_style, 12), (_erase, 8), (_edit, 5),
    (_region, 3), (_control, 12), (_mode, 2), (_screen, 1), (_string, 2), (_charset, 3), (_block, 2),
)  # fmt: skip


def app_like(random: Random, columns: int, rows: int) -> bytes:
    """A stream of some dozens of the above, for a screen of the given size."""
    kinds, weights = zip(*_KINDS, strict=True)
    chosen = random.choices(kinds, weights, k=random.randint(10, 80))
    return "".join(kind(random, columns, rows) for kind in chosen).encode()
