"""Reading an emulator's screen as text."""

from __future__ import annotations

from labrunner.shell.terminal import VirtualTerminal


def terminal_after(data: bytes | str, columns: int = 10, rows: int = 5, **options: object) -> VirtualTerminal:
    """A terminal that was fed `data`."""
    terminal = VirtualTerminal(columns, rows, **options)  # type: ignore[arg-type]
    terminal.feed(data.encode() if isinstance(data, str) else data)
    return terminal


def screen(terminal: VirtualTerminal) -> list[str]:
    """The rows shown, without trailing blanks."""
    return [terminal.plain(row).rstrip() for row in terminal.lines]


def content(terminal: VirtualTerminal) -> list[str]:
    """The rows shown down to the last one with text."""
    rows = screen(terminal)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def logical_lines(terminal: VirtualTerminal) -> list[str]:
    """Scrollback and screen with soft-wrapped rows joined, without blank lines at the end."""
    lines, current = [], ""
    for row in [*terminal.scrollback, *terminal.lines]:
        current += terminal.plain(row)
        if not row.wrapped:
            lines.append(current.rstrip())
            current = ""
    while lines and not lines[-1]:
        lines.pop()
    return lines


def position(terminal: VirtualTerminal) -> tuple[int, int]:
    """The cursor's column and row."""
    return terminal.cursor.x, terminal.cursor.y
