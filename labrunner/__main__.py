"""`python -m labrunner`: the same as the console script, for machines whose PATH lacks it."""

import sys

from labrunner.cli import main

if __name__ == "__main__":
    sys.exit(main())
