"""The command line of the simulated cluster."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labrunner.sim import process
from labrunner.sim.errors import ApiError

if TYPE_CHECKING:
    from labrunner.sim.api.server import Server


def main(argv: list[str]) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m labrunner.sim", description="A simulated Kubernetes cluster."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("serve", "start", "status", "stop"):
        command = commands.add_parser(name)
        command.add_argument("--dir", type=Path, required=True, help="the cluster's directory")
        if name in ("serve", "start"):
            command.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any)")
        if name == "serve":
            command.add_argument("--plain", action="store_true", help="HTTP without TLS, for measurements")
            command.add_argument("--no-controllers", action="store_true", help="the API alone")
    options = parser.parse_args(argv)
    directory = options.dir.absolute()
    if options.command == "serve":
        return _serve(directory, options.port, plain=options.plain, controllers=not options.no_controllers)
    if options.command == "start":
        return _start(directory, options.port)
    if options.command == "status":
        return _status(directory)
    stopped = process.stop(directory)
    print("stopped" if stopped else "not running")
    return 0


def _start(directory: Path, port: int) -> int:
    try:
        running = process.start(directory, port=port)
    except process.StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(running.kubeconfig)
    return 0


def _status(directory: Path) -> int:
    found = process.status(directory)
    print(
        found.state if found.running is None else f"running, pid {found.running.pid}, {found.running.server}"
    )
    return 0 if found.running is not None else 3


def _serve(directory: Path, port: int, *, plain: bool, controllers: bool) -> int:
    from labrunner.sim.api.server import Options, PortTakenError, Server

    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        lock = process.Lock(directory)
    except process.StartError as error:
        return _fail(str(error))
    try:
        server = Server(Options(directory, port, plain, controllers))
        return asyncio.run(_until_told_to_stop(server, lock))
    except PortTakenError as error:
        return _fail(str(error))
    except ApiError as error:
        return _fail(error.message)
    except OSError as error:
        return _fail(f"cannot serve from {directory}: {error.strerror or error}")
    finally:
        lock.release()


async def _until_told_to_stop(server: Server, lock: process.Lock) -> int:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, told.set)
    await server.start()
    running = process.Running(os.getpid(), server.url, server.kubeconfig)
    lock.announce(running)
    ready = {
        "ready": True,
        "kubeconfig": str(running.kubeconfig),
        "server": running.server,
        "pid": running.pid,
    }
    print(json.dumps(ready), flush=True)
    if server.options.controllers:
        server.start_controllers()
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)
    await told.wait()
    await server.stop()
    return 0


def _fail(message: str) -> int:
    print(json.dumps({"ready": False, "error": message}), flush=True)
    print(f"error: {message}", file=sys.stderr)
    return 1
