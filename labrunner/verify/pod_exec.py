"""A command in a container over the API's websocket. Blocking; for worker threads.

`kubectl exec` exits with the command's code and with codes of its own, and with 0 when the connection ends early
without a word; the API's error channel says what became of the command, and says nothing when it was cut off. So
"could not start", "broke off" and "exited with 1" cannot be taken for one another.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Sequence
from typing import Any

from labrunner.verify.api import KubeApi
from labrunner.verify.commands import OUTPUT_LIMIT, CommandResult
from labrunner.verify.pods import Container

_OUT, _ERR, _STATUS = 1, 2, 3
_PROTOCOL = "v4.channel.k8s.io"
_NO_PROGRAM = re.compile(
    r'exec: \\?"(?P<name>[^"\\]+)\\?":[^:]*?(?P<why>executable file not found|no such file or directory|permission denied)'
)
_STATUS_LIMIT = 64 * 1024


def run_in_container(
    api: KubeApi,
    container: Container,
    command: Sequence[str],
    time_limit: float,
    output_limit: int = OUTPUT_LIMIT,
) -> CommandResult:
    """Run it to its end. Raises ClusterError and PodTroubleError when it was not begun."""
    deadline = time.monotonic() + time_limit
    query = [("container", container.name), ("stdout", "true"), ("stderr", "true")]
    query += [("command", word) for word in command]
    stream = api.websocket(f"{container.path}/exec", query, _PROTOCOL, time_limit)
    kept: dict[int, bytearray] = {_OUT: bytearray(), _ERR: bytearray(), _STATUS: bytearray()}
    limits = {_OUT: output_limit, _ERR: OUTPUT_LIMIT, _STATUS: _STATUS_LIMIT}
    try:
        for channel, data in _frames(stream, deadline):
            if channel in kept:
                kept[channel] += data[: limits[channel] - len(kept[channel])]
    except TimeoutError:
        return CommandResult(None, problem=f"the command in the pod did not end within {time_limit:g} s")
    finally:
        with contextlib.suppress(Exception):
            stream.close(timeout=0.2)
    stdout, stderr = (kept[one].decode("utf-8", "replace") for one in (_OUT, _ERR))
    code, problem = outcome(bytes(kept[_STATUS]))
    return CommandResult(code, stdout, stderr, problem)


def _frames(stream: Any, deadline: float) -> Any:
    """Channel and data of each frame, until the server closes. Raises TimeoutError."""
    import websocket

    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        stream.settimeout(left)
        try:
            opcode, data = stream.recv_data()
        except websocket.WebSocketTimeoutException:
            raise TimeoutError from None
        except (websocket.WebSocketException, OSError, ValueError):
            return  # cut off: the missing status tells
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return
        if data:
            yield data[0], data[1:]


def outcome(status: bytes) -> tuple[int | None, str]:
    """The exit code, or None and why there is none, from what came on the error channel."""
    if not status:
        return None, "the connection to the pod broke before the command ended"
    try:
        told = json.loads(status)
        if told.get("status") == "Success":
            return 0, ""
        if told.get("reason") == "NonZeroExitCode":
            causes = (told.get("details") or {}).get("causes") or ()
            return next(int(one["message"]) for one in causes if one.get("reason") == "ExitCode"), ""
        said = str(told.get("message") or "no reason given")
    except (ValueError, AttributeError, TypeError, KeyError, StopIteration, RecursionError):
        said = status.decode("utf-8", "replace")
    known = _NO_PROGRAM.search(said)
    if known:
        return None, f"the command could not start in the pod: {known['name']}: {known['why']}"
    return None, f"the command could not start in the pod: {said[:300]}"
