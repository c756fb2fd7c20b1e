"""What a message may say: text, blocks and metadata as every way of sending a message checks them.

It turns arguments into accepted content or raises Slack's failure; it posts nothing.
"""

from typing import Any

from bot.demo.workspace.arguments import Arguments
from bot.demo.workspace.blocks.placing import with_ids
from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.demo.workspace.failure import Failure, Json, with_messages
from bot.demo.workspace.messages import UNSHOWABLE

MAX_TEXT = 40_000
MAX_UPDATE_TEXT = 4_000
MAX_MARKDOWN_TEXT = 12_000


def blocks_of(arguments: Arguments) -> list[Json]:
    """Return the accepted blocks of a message, none if none were sent."""
    blocks = arguments.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        raise Failure("invalid_blocks_format")
    reasons = message_reasons(blocks)
    if reasons:
        raise with_messages("invalid_blocks", reasons, errors=reasons)
    return with_ids(blocks)


def text_of(arguments: Arguments, limit: int | None) -> str:
    """Return the text of a message within its limit; without one it is cut off where Slack cuts it off."""
    text, markdown = arguments.text("text"), arguments.text("markdown_text")
    if markdown and (text or arguments.has("blocks")):
        raise Failure("markdown_text_conflict")
    if (limit is not None and len(text) > limit) or len(markdown) > MAX_MARKDOWN_TEXT:
        raise Failure("msg_too_long")
    return (text or markdown)[:MAX_TEXT]


def content_of(arguments: Arguments, limit: int | None = None) -> tuple[str, list[Json]]:
    """Return text and blocks of a message, which needs at least one of them."""
    text, blocks = text_of(arguments, limit), blocks_of(arguments)
    if not text.strip() and not blocks:
        raise Failure("no_text")
    return text or UNSHOWABLE, blocks


def metadata_of(arguments: Arguments) -> Json | None:
    """Return the metadata of a message in its documented shape."""
    metadata: Any = arguments.structure("metadata", "invalid_metadata_format")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Failure("invalid_metadata_format")
    if not isinstance(metadata["event_type"], str) or not isinstance(metadata["event_payload"], dict):
        raise Failure("invalid_metadata_schema")
    return metadata
