"""What bots sent to local workspaces, kept for Slack's own types to judge: see tests/slack_types.

Where PKGSTATUS_TEST_PAYLOADS names a folder, each process of the tests appends to a file of its own there, one JSON
document a line, each once: `{"from": "tests/...", "blocks": [...]}`, or the same with a `view`.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = dict[str, Any]

FOLDER = os.environ.get("PKGSTATUS_TEST_PAYLOADS", "")
JUDGED = ("blocks", "view")
_KEPT: set[int] = set()


def accepted(log: Iterable[Json]) -> Iterator[Json]:
    """Yield, of a workspace's log, what Web API calls, posts to response URLs and acknowledgements brought."""
    for entry in log:
        # The payload of any other entry is the workspace's own.
        brought = entry.get("payload") if entry.get("kind") == "ack" else entry.get("args")
        if entry["ok"] and isinstance(brought, dict):
            yield from ({name: _structure(brought[name])} for name in JUDGED if brought.get(name))


def _structure(argument: Any) -> Any:
    """Return an argument as it is meant: calls that are sent as forms bring structures as JSON."""
    with suppress(TypeError, ValueError):
        return json.loads(argument)
    return argument


def keep(log: Iterable[Json], folder: str = FOLDER) -> None:
    """Append what was accepted, and was not kept before, to this process's file."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    lines = []
    for document in accepted(log):
        key = hash(json.dumps(document, sort_keys=True))
        if key not in _KEPT:
            _KEPT.add(key)
            lines.append(json.dumps({"from": test} | document) + "\n")
    with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(lines)
