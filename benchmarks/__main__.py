"""Every benchmark, one after the other: `python -m benchmarks`. Each prints its figures as ratios to a limit or a peer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ORDER = ("first_frame", "step_view", "sim_server", "sim_snapshots", "sim_load", "verdict_latency", "terminal")


def main() -> int:
    """0 when every benchmark keeps to its limits."""
    failed = []
    for name in ORDER:
        path = Path(__file__).with_name(f"{name}.py")
        print(f"== {name} ==", flush=True)
        if subprocess.run([sys.executable, str(path)], check=False).returncode != 0:
            failed.append(name)
    print(f"over their limits or failed: {', '.join(failed)}" if failed else "all within their limits")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
