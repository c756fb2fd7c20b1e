"""A process of its own that appends to a store: `python -m tests.store.appender ADDRESS NAME COUNT [dies]`.

With `dies` it is gone in the middle of its last append, after everything was written and before it was committed.
"""

import os
import sys
from contextlib import closing
from datetime import UTC, datetime

from bot.store import open_store
from tests.store.drafts import draft


def main(address: str, name: str, count: int, dies: bool) -> None:  # noqa: FBT001 - from the command line
    opened = open_store(address, audit_channel="C0SCCMAUDIT", holder=name, clock=lambda: datetime.now(UTC))
    with closing(opened) as store:
        for number in range(count):
            store.ledger.append(draft("shared", facts={"by": name, "number": number}))
        if dies:
            store.ledger.append(draft("shared"), also=[lambda _connection, _entry: os._exit(9)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), dies="dies" in sys.argv)
