"""Committed drawings: what a message must look like, and how the files are written anew.

Set PKGSTATUS_TEST_RECORD=1 to write them; then read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.views.block_kit import Message

SNAPSHOTS = Path(__file__).parent / "snapshots"


def drawn(message: Message) -> dict[str, Any]:
    """Return what is compared."""
    return {"text": message.text, "blocks": list(message.blocks)}


def committed(name: str, message: Message) -> Any:
    """Return the committed drawing of this name, written anew from `message` when that is asked for."""
    file = SNAPSHOTS / f"{name}.json"
    if os.environ.get("PKGSTATUS_TEST_RECORD"):
        file.write_text(json.dumps(drawn(message), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def words(message: Message) -> str:
    """Return everything that a message says."""
    return json.dumps(message.blocks, ensure_ascii=False)
