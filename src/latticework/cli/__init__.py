"""The command line: ``latticework extract | generate | infill | check | explain``.

Results go to stdout and nothing else does. Exit status: 0 done, 1 the constraint was not met or the input was refused,
2 wrong usage. torch is imported by the commands that run a model, not by ``--help``.
"""

from __future__ import annotations

import os
import sys

from latticework.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Entry point of the ``latticework`` script."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:  # of standard output: what is read and other files have their own messages
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python fails again as it ends
        print(f"error: cannot write: {error.strerror}", file=sys.stderr)
        sys.exit(1)
