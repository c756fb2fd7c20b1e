"""Drafts for tests that do not care what they say."""

from collections.abc import Mapping

from bot.domain.ledger_entry import JSON, Draft


def draft(
    stream: str = "commands",
    version: int | None = None,
    kind: str = "looked up",
    facts: Mapping[str, JSON] | None = None,
) -> Draft:
    return Draft(stream, version, kind, "U000000ADA", "T0CONTOSO", facts or {})
