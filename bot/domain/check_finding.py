"""What a look at the installation found: one line each, with its cure. Values only; who looks is in usecases/checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a line counts; only what is wrong makes the installation unfit."""

    GOOD = "good"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "cannot tell"


class Area(StrEnum):
    """What a line is about, in the order in which an installer goes."""

    SETTINGS = "Settings"
    SLACK = "Slack"
    CHANNELS = "Channels"
    PEOPLE = "People"
    SITES = "Site databases"
    STORE = "The bot's own database"
    DIGESTS = "Digests"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do when it is not as it should be."""

    area: Area
    mark: Severity
    subject: str
    sentence: str
    cure: str = ""
