"""Measure everything and print one table: `python -m tests.bench`, or only some parts by name.

Ends with 1 when a bound is missed. Numbers depend on the machine, so this is no test; ratios are taken side by side.
"""

from __future__ import annotations

import importlib
import sys

from tests.bench.figure import Figure, table

PARTS = ("acknowledging", "version_table", "starting", "ledger", "backlog", "history", "scanning", "soak")


def main(parts: list[str]) -> int:
    """Measure the named parts, or all."""
    figures: list[Figure] = []
    for part in parts or PARTS:
        print(f"measuring {part} ...", file=sys.stderr)  # noqa: T201 - a program for people
        figures += importlib.import_module(f"tests.bench.{part}").figures()
    print(table(figures))  # noqa: T201
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
