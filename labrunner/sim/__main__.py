"""``python -m labrunner.sim``: serve a simulated Kubernetes cluster, or start, ask after and stop one.

serve --dir DIR [--port N]   serve in the foreground; prints one line of JSON when ready
start --dir DIR              serve in the background; prints the kubeconfig's path
status --dir DIR             exit code 0 while it runs
stop --dir DIR
"""

from __future__ import annotations

import sys

if len(sys.argv) > 1 and sys.argv[1] == "serve":
    import gc

    gc.disable()  # importing makes no garbage; collecting meanwhile costs a fifth of the time to get ready

from labrunner.sim.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
