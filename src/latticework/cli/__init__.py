"""The command line: ``latticework extract | generate | infill | check | explain``.

Results go to stdout and nothing else does. Exit status: 0 done, 1 the constraint was not met or the input was refused,
2 wrong usage. torch is imported by the commands that run a model, not by ``--help``.
"""

from __future__ import annotations

import sys

from latticework.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Entry point of the ``latticework`` script."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
