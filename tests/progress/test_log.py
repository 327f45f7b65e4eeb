"""The progress file: only ever appended to, by several at once, and honest when it cannot be written."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labrunner.progress.log import Entry, EventLog, ProgressError
from labrunner.progress.schema import MIGRATIONS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.sqlite3"


def add(log: EventLog, number: int = 0, module: str = "m", **data: object) -> None:
    log.append(at=float(number), module=module, attempt="a", kind="thing", data={"n": number, **data})


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_was_appended_is_read_back_in_order(path: Path) -> None:
    log = EventLog(path)
    for number in range(5):
        add(log, number, text="ä\u2603\U0001f600\n\0")
    log.close()
    again = EventLog(path)
    records = list(again.attempt("m", "a"))
    assert [record.data["n"] for record in records] == list(range(5))
    assert records[0].data["text"] == "ä\u2603\U0001f600\n\0"
    assert [record.id for record in records] == sorted(record.id for record in records)
    assert again.modules() == ("m",)
    assert again.latest_attempt("m") == "a"
    assert again.latest_attempt("other") is None
    again.close()


@pytest.mark.parametrize(
    "sql",
    ["UPDATE events SET at = 0", "DELETE FROM events", "INSERT OR REPLACE INTO events SELECT * FROM events"],
)
def test_events_can_be_neither_changed_nor_removed(path: Path, sql: str) -> None:
    log = EventLog(path)
    add(log, 1)
    log.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(sql)
    assert db.execute("SELECT count(*) FROM events").fetchone() == (1,)
    db.close()


def test_text_that_is_no_unicode_does_not_break_the_log(path: Path) -> None:
    """A lone surrogate (bytes that were no UTF-8, read with surrogateescape) is kept or refused, never half written."""
    log = EventLog(path)
    try:
        add(log, 1, text="\udcff")
    except ProgressError:
        assert list(log.attempt("m", "a")) == []
    else:
        assert [record.data["n"] for record in log.attempt("m", "a")] == [1]
    add(log, 2)
    log.close()


WRITER = """
import sys
from pathlib import Path
from labrunner.progress.log import EventLog
sys.stdin.readline()
log = EventLog(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    log.append(at=1.0, module="m", attempt=sys.argv[2], kind="thing", data={"n": number})
"""


def test_two_processes_append_at_once_and_nothing_is_lost(path: Path) -> None:
    writers = [child(WRITER, path, name, 60) for name in ("one", "two")]
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda writer: writer.communicate("go\n", timeout=60), writers))
    assert [writer.returncode for writer in writers] == [0, 0], said
    log = EventLog(path)
    for name in ("one", "two"):
        assert [record.data["n"] for record in log.attempt("m", name)] == list(range(60))
    log.close()


def test_labrunners_started_together_on_a_new_file_all_open_it(path: Path) -> None:
    writers = [child(WRITER, path, f"w{number}", 1) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda writer: writer.communicate("go\n", timeout=60), writers))
    assert [writer.returncode for writer in writers] == [0] * 6, said
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert db.execute("SELECT count(*) FROM events").fetchone() == (6,)
    db.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from labrunner.progress.log import EventLog
log = EventLog(Path(sys.argv[1]))
for number in range(7):
    log.append(at=1.0, module="m", attempt="a", kind="thing", data={"n": number})
    print(number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_append_returned_from_survives_kill_9(path: Path) -> None:
    process = child(KILLED, path)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == -9
    log = EventLog(path)
    assert [str(record.data["n"]) for record in log.attempt("m", "a")] == said.split()
    log.close()


def test_a_file_of_a_newer_labrunner_is_refused_untouched(path: Path) -> None:
    EventLog(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(ProgressError, match="upgrade") as caught:
        EventLog(path)
    assert "newer labrunner" in caught.value.remedy
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    db.close()


def test_a_damaged_file_is_said_with_the_way_out_and_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database, " * 500)
    before = path.read_bytes()
    with pytest.raises(ProgressError, match="damaged") as caught:
        EventLog(path)
    assert f"mv {path}" in caught.value.remedy
    assert path.read_bytes() == before


def test_a_damaged_page_is_found_when_it_is_read(path: Path) -> None:
    log = EventLog(path)
    for number in range(300):
        add(log, number, text="x" * 200)
    log.close()
    body = bytearray(path.read_bytes())
    body[4096:] = os.urandom(len(body) - 4096)
    path.write_bytes(body)
    with pytest.raises(ProgressError, match="damaged"):
        list(EventLog(path).attempt("m", "a"))


def test_a_record_whose_text_is_no_json_is_damage_not_a_crash(path: Path) -> None:
    EventLog(path).close()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO events (at, module, attempt, kind, data) VALUES (1, 'm', 'a', 'k', '{half')")
    db.commit()
    db.close()
    log = EventLog(path)
    with pytest.raises(ProgressError, match="damaged"):
        list(log.attempt("m", "a"))
    log.close()


def test_a_full_database_is_a_full_disk_and_writes_nothing(path: Path) -> None:
    log = EventLog(path)
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    written = 0
    with pytest.raises(ProgressError, match="full") as caught:
        for written in range(100):
            add(log, written, text="x" * 1000)
    assert "Free some space" in caught.value.remedy
    assert [record.data["n"] for record in log.attempt("m", "a")] == list(range(written))
    log._db.execute("PRAGMA max_page_count = 100000")
    add(log, written)
    assert len(list(log.attempt("m", "a"))) == written + 1, "once there is space again it goes on"
    log.close()


def test_events_that_belong_together_are_written_all_or_none(path: Path) -> None:
    log = EventLog(path)
    entries = [Entry(1.0, "m", "a", "thing", {"n": number, "x": "y" * 3000}) for number in range(5)]
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(ProgressError, match="full"):
        log.append_all(entries)
    assert list(log.attempt("m", "a")) == []
    log._db.execute("PRAGMA max_page_count = 100000")
    assert [record.data["n"] for record in log.append_all(entries)] == list(range(5))
    assert log.append_all([]) == ()
    log.close()


FILE_LIMIT = """
import resource, signal, sys
from pathlib import Path
from labrunner.progress.log import EventLog, ProgressError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = EventLog(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
number = 0
try:
    while number < 1000:
        log.append(at=1.0, module="m", attempt="a", kind="thing", data={"n": number, "x": "y" * 2000})
        number += 1
except ProgressError as error:
    print(number, error, error.remedy, sep="\\n")
"""


def test_a_write_the_system_refuses_is_told_and_nothing_is_half_written(path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    said, trouble = (process := child(FILE_LIMIT, path)).communicate(timeout=30)
    assert process.returncode == 0, trouble
    number, message, remedy = said.strip().split("\n")
    assert "progress cannot be saved" in message
    assert remedy
    log = EventLog(path)
    assert len(list(log.attempt("m", "a"))) == int(number)
    log.close()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProgressError, match="cannot be saved") as caught:
        EventLog(tmp_path / "file" / "progress.sqlite3")
    assert "LABRUNNER_HOME" in caught.value.remedy


def test_records_are_plain_json_that_any_tool_can_read(path: Path) -> None:
    log = EventLog(path)
    add(log, 3, list=[1, None, True])
    log.close()
    db = sqlite3.connect(path)
    (text,) = db.execute("SELECT data FROM events").fetchone()
    assert json.loads(text) == {"n": 3, "list": [1, None, True]}
    db.close()
