"""The exit codes of every command, documented in docs/learner-guide.md."""

OK = 0
FAILED = 1
"""A check did not pass, lint found errors, a module did not qualify."""
USAGE = 2
"""The command line itself is wrong (argparse's own code)."""
TROUBLE = 3
"""It could not be found out: no kubectl, cluster unreachable, progress unwritable."""
BUSY = 4
"""Another labrunner has this lab open."""
