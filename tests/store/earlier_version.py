"""A store that an earlier version wrote, as SQL text: two weeks of scans, and an hour of people at Contoso.

Its bot was killed with things undone: a command it had taken in, messages that Slack did not take, a vote that was not
shown yet. Its ledger names the app-level token of the local workspace, which signs what the bot relies on.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

TEXT = Path(__file__).with_suffix(".sql")
HEAD = 79, "d83cf5d7059adb42eafee5932374190e1812bba6ea33e7910d2a1b539cfa4100"
"""Number and hash of its newest entry."""
STAGES = {
    "6bef123f614718ee": "converged",
    "0802c30a4fc00d3c": "rejected",
    "55b378088361af90": "withdrawn",
    "d7db40809b2d3d30": "pending",
    "ffd43e4f5b6e18e1": "undone",
    "62c961e3f204d89a": "converged",
    "bb0bf8f68890aab2": "applied",
    "03099814d4bcaed8": "pending",
}
"""Where each request stands, oldest first; the sixth is the undo of the fifth."""
ONE_VOTE, NO_CARD = "d7db40809b2d3d30", "03099814d4bcaed8"
"""A pending request with Grace's vote, and one whose card Slack has not taken."""


def write_earlier_store(file: Path) -> None:
    """Make the store of the earlier version at a place where there is none."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(TEXT.read_text(encoding="utf-8"))
