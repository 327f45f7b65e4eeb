"""The progress file's schema, as forward-only migrations. Never edit one that was released: add another."""

from __future__ import annotations

import sqlite3

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE events (
            id      INTEGER PRIMARY KEY AUTOINCREMENT,
            at      REAL NOT NULL,
            module  TEXT NOT NULL,
            attempt TEXT NOT NULL,
            kind    TEXT NOT NULL,
            data    TEXT NOT NULL
        )
        """,
        "CREATE INDEX events_by_attempt ON events (module, attempt, id)",
        "CREATE INDEX events_by_kind ON events (kind, id)",
        """
        CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END
        """,
        """
        CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END
        """,
    ),
)
"""One tuple of statements per schema version, each applied in one transaction."""


def migrate(connection: sqlite3.Connection) -> int:
    """Bring a file up to the newest schema; returns its version. Raises ValueError on a file of a newer labrunner."""
    while (version := _version(connection)) < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another labrunner may have migrated while this one waited for the lock.
            if _version(connection) == version:
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    if version > len(MIGRATIONS):
        raise ValueError(
            f"the progress file has schema {version}, this labrunner knows {len(MIGRATIONS)}: upgrade labrunner"
        )
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
