"""Records what real programs write to a terminal: `python tests/terminal/record.py [NAME…]`.

Each recording is the raw output of one program on a pty of 80×24, driven by the keys below; our own emulator
answers its queries. It needs root (or user namespaces), to hide the machine it runs on.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
from pathlib import Path

from labrunner.shell.terminal import VirtualTerminal

COLUMNS, ROWS = 80, 24
HERE = Path(__file__).parent / "recordings"
QUIET_SECONDS = 0.4

YAML = "".join(
    f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{n}\n  labels: {{app: web, tier: back}}\n"
    f"data:\n  greeting: 'hello, wörld {n}'  # ein Kommentar, 漢字\n  path: {'/very/long' * 9}\n---\n"
    for n in range(12)
)

SCENARIOS: dict[str, tuple[list[str], list[str]]] = {
    "vim": (
        ["vim", "-u", "NONE", "-N", "--cmd", "set ruler showcmd hlsearch", "--cmd", "syntax on", "config.yaml"],
        ["\x06", "\x02", "/wörld\r", "n", "n", "zt", "10Go", "new: text\r- one\r- two\x1b", "yy3p", "u", "u",
         ":%s/web/shop/g\r", "gg", "ddddp", "G", ":set number\r", ":vsplit\r", "\x17l", "gg", "50l", "x",
         "iabc\t\x7f\x7f\x1b", ":help\r", "\x04", ":q\r", ":set list\r"],
    ),
    "less": (
        ["less", "-S", "-M", "config.yaml"],
        [" ", " ", "b", "/greeting\r", "n", "n", "\x1b[C", "\x1b[D", "G", "g", "-S\r", "10j", "5k", "h", "q", "q"],
    ),
    "top": (["top", "-d", "0.6"], ["", "", "1", "c", "M", "z", "x", "", "V", "h", "q", "q"]),
    "bash": (
        ["bash", "--norc", "--noprofile"],
        ["echo hello\r", "ls -la --color=always . | cut -c1-40\r", "for i in 1 2 3; do\recho line $i\rdone\r",
         "echo a very long command line that has to wrap around the right edge of the terminal, more than once",
         " because it just goes on and on and on\x01\x1b[C\x1b[Cinserted \x05\x17\x17end\r", "\x12very\x12\x07",
         "cat conf\t | head -5\r", "echo 'héllo 漢字 🙂'\x1b[D\x1b[D\x7f\x7f\r", "seq 1 60\r",
         "printf '\\e[31mred\\e[0m\\n'\r",
         "clear\r", "ls --no-such\r", "sleep 9\r\x03", "\x0c", "echo done\r"],
    ),
    "tmux": (
        ["tmux", "-f", "/dev/null", "-L", "labrunner-recording", "new-session", "bash --norc --noprofile"],
        ["tmux set -g status-right ''\r", "tmux set -g status-left '[lab] '\r", "clear\r", "ls -la | cut -c1-30\r",
         "\x02%", "seq 1 40\r", '\x02"', "vim -u NONE config.yaml\r", "\x06", ":q\r", "\x02o", "echo left\r",
         "\x02z", "\x02z", "\x02[", "\x1b[A\x1b[A\x1b[A", "q", "\x02c", "echo second window\r", "\x02p",
         "tmux kill-server\r"],
    ),
}  # fmt: skip


ISOLATED = ["unshare", "-pfu", "--mount-proc", "--kill-child", "sh", "-c", 'hostname lab; exec "$@"', "sh"]
"""Own process and host name space: nothing of the recording machine gets into what is committed."""


def _read_until_quiet(descriptor: int, terminal: VirtualTerminal, output: bytearray) -> bool:
    """Collect output until none comes for a while; False at the end of the program."""
    while select.select([descriptor], [], [], QUIET_SECONDS)[0]:
        try:
            data = os.read(descriptor, 65536)
        except OSError:
            return False
        if not data:
            return False
        output += data
        terminal.feed(data)
        os.write(descriptor, terminal.take_replies())
    return True


def record(command: list[str], keys: list[str]) -> bytes:
    """The output of `command` given `keys`, each sent when the program has gone quiet."""
    with tempfile.TemporaryDirectory(prefix="lab") as home:
        Path(home, "config.yaml").write_text(YAML)
        pid, descriptor = pty.fork()
        if pid == 0:
            os.chdir(home)
            environment = {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "$ ",
                           "PATH": "/usr/bin:/bin", "TMUX_TMPDIR": home, "LESSHISTFILE": "-"}  # fmt: skip
            os.execvpe(ISOLATED[0], ISOLATED + command, environment)
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        terminal, output = VirtualTerminal(COLUMNS, ROWS), bytearray()
        alive = _read_until_quiet(descriptor, terminal, output)
        for key in keys:
            if not alive:
                break
            os.write(descriptor, key.encode())
            alive = _read_until_quiet(descriptor, terminal, output)
        if alive:
            os.kill(pid, signal.SIGKILL)
        os.close(descriptor)
        os.waitpid(pid, 0)
    return bytes(output)


def main(names: list[str]) -> None:
    """Record the named scenarios, or all."""
    HERE.mkdir(exist_ok=True)
    for name in names or SCENARIOS:
        data = record(*SCENARIOS[name])
        (HERE / f"{name}.bin").write_bytes(data)
        print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
