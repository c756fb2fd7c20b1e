"""Why something was not done for a person: a value that every caller must answer, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Every reason has its sentence in views/replies.py."""

    OTHER_WORKSPACE = "other workspace"
    OTHER_APP = "other app"
    ORG_WIDE = "installed for an organisation"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    GUEST = "guest"
    NOT_A_VIEWER = "not a viewer"
    CANNOT_LOOK_UP = "cannot look up"
    SNAPSHOT_GONE = "snapshot gone"
    UNKNOWN_BUTTON = "unknown button"
    NOT_A_REQUESTER = "not a requester"
    NOT_AN_APPROVER = "not an approver"
    NOT_REQUESTER = "not the requester"
    OWN_REQUEST = "own request"
    VOTED_ALREADY = "voted already"
    OTHER_PLAN = "other plan"
    DECIDED_ALREADY = "decided already"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    STALE_PLAN = "stale plan"
    FROZEN = "frozen"
    AUDIT_BEHIND = "audit behind"
    OTHER_POLICY = "another bot has other rules"
    FOREIGN_CARD = "foreign card"
    CARD_UNRECORDED = "card not recorded yet"
    CARD_CHANGED = "the card had just changed"
    CARD_ALTERED = "the card did not read as the bot draws it"
    CARD_NOT_SENT = "Slack did not say what the card showed"
    ROWS_WITHHELD = "the press came without the rows of the card"
    NOT_OUR_RECORD = "the record of the request is not the bot's own"
    UNKNOWN_REQUEST = "unknown request"
    WRONG_STAGE = "wrong stage"
    CHANNEL_SHARED = "approvals channel shared"
    CHANNEL_ARCHIVED = "approvals channel archived"
    CHANNEL_WITHOUT_BOT = "approvals channel without the bot"
    TRIGGER_LATE = "trigger late"
    NOT_OPENED = "form not opened"
    LIST_UNREADABLE = "list cannot be read"
    NO_BACKUP_TABLE = "no backup table"
    NO_WRITE_RIGHT = "no right to write"
    ROWS_CHANGED = "rows changed"
    NOTHING_TO_RESET = "nothing to reset"
    SOURCE_BEHIND = "source behind"
    NO_WRITER = "no writer"
    WRONG_DATABASE = "wrong database"
    JOBS_UNREADABLE = "jobs cannot be read"
    JOB_STARTED = "job started"
    WAITED = "waited too long"
    TOO_FEW_APPROVERS = "too few approvers"
    BUSY = "busy"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was done, and this is why."""

    reason: Reason
    detail: str = ""
    """What people need to know beyond the sentence of the reason."""
    link: str = ""
    """Where to go instead."""
