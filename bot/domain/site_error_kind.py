"""Why a database gave no answer, in the words that people and logs share."""

from __future__ import annotations

from enum import StrEnum


class SiteErrorKind(StrEnum):
    """Why a site's database gave no answer."""

    UNREACHABLE = "unreachable"
    DAMAGED = "damaged"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    PERMISSION = "permission"
    SCHEMA = "schema"
    TIMEOUT = "timeout"
    LOCKED = "locked"
    DEADLOCK = "deadlock"
    READ_ONLY = "read-only"
    WRONG_DATABASE = "wrong database"
    DRIVER = "driver"
    OTHER = "other"
