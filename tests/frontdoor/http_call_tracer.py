"""The bot, which prints on which kind of thread it calls anybody by HTTP.

Run as `python -m tests.frontdoor.http_call_tracer`. The interpreter itself tells, whichever library calls
(`http.client.connect`, docs.python.org/3/library/audit_events.html).
"""

from __future__ import annotations

import os
import sys
import threading

from bot.__main__ import main

PROGRAM = ("-m", "tests.frontdoor.http_call_tracer")
ACKNOWLEDGING = ("ack", "ThreadPoolExecutor")
"""How the names begin of Bolt's threads that run listeners, and of the SDK's that wait for them."""
ELSEWHERE, THERE = "HTTP on a thread of its own", "HTTP on an acknowledging thread"


def _heard(event: str, _arguments: tuple[object, ...]) -> None:
    if event == "http.client.connect":
        is_there = threading.current_thread().name.startswith(ACKNOWLEDGING)
        os.write(sys.stdout.fileno(), f"{THERE if is_there else ELSEWHERE}\n".encode())


if __name__ == "__main__":
    sys.addaudithook(_heard)
    main(["run"])
