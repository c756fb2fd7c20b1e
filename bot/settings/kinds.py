"""The kinds of values that settings have, each with its check; no check ever shows the value."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

from bot.domain.nearness import nearest
from bot.domain.periods import Cron
from bot.settings import odbc_strings

_DURATION = re.compile(r"(\d+)\s*(s|min|h|d)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


class Part(BaseModel):
    """A level of the settings; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("is not a duration like 30s, 15min, 4h or 1d")
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError("is longer than anything lasts") from None


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


def upper_keys(value: Any) -> Any:
    """One site may come from several sources, which write its code in their own case; later parts win."""
    if not isinstance(value, dict):
        return value
    merged: dict[str, Any] = {}
    for key, item in value.items():
        known = merged.get(str(key).upper())
        merged[str(key).upper()] = {**known, **item} if isinstance(known, dict) and isinstance(item, dict) else item
    return merged


def _database(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    if not (address.startswith("sqlite:///") or "=" in address):
        raise ValueError("is neither sqlite:///path nor an ODBC connection string")
    if not address.startswith("sqlite:///") and (mistake := odbc_strings.mistake(address)):
        raise ValueError(mistake)
    return value


def _writable(value: SecretStr) -> SecretStr:
    if odbc_strings.is_read_only(value.get_secret_value()):
        raise ValueError("says ApplicationIntent=ReadOnly, and the bot must write there: leave that out")
    return value


def _cron(value: str) -> str:
    Cron.parse(value)
    return value


def _zone(value: str) -> str:
    known = available_timezones()
    if value not in known:
        near = nearest(value.casefold(), {name.casefold() for name in known})
        meant = next((name for name in known if name.casefold() in near), "")
        raise ValueError(f"is no IANA time zone{f'; perhaps it is {meant}' if meant else ', like Europe/Zurich'}")
    return value


def token(prefix: str) -> AfterValidator:
    """Return the check that a token is of the kind that begins so."""

    def check(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(prefix):
            raise ValueError(f"must begin with {prefix}")
        return value

    return AfterValidator(check)


def shaped(pattern: str, words: str) -> AfterValidator:
    """Return the check that a text has a shape, said in words: nobody should have to read a pattern."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(words)
        return value

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_positive)]
CronLine = Annotated[str, AfterValidator(_cron)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Address = Annotated[SecretStr, AfterValidator(_database)]
WritableAddress = Annotated[Address, AfterValidator(_writable)]
ChannelId = Annotated[str, shaped(r"[CGD][A-Z0-9]+", "must be a channel's ID, which begins with C, not its name")]
UserId = Annotated[str, shaped(r"[UW][A-Z0-9]+", "must be a user's ID, which begins with U or W, not a name")]
GroupId = Annotated[str, shaped(r"S[A-Z0-9]+", "must be a user group's ID, which begins with S, not its name")]
SiteKey = Annotated[str, shaped(r"[A-Z0-9]{3}", "must be a site code of 3 letters or digits")]
WebAddress = Annotated[str, shaped(r"https?://.+/", "must begin with https:// and end with a /")]
TableName = Annotated[str, shaped(r"(\w+\.){1,2}\w+", "must be schema.table or database.schema.table, in plain names")]
DigestName = Annotated[
    str, shaped(r"\w[\w .-]{0,39}", "must be 1 to 40 letters, digits, blanks, dots or dashes, like morning")
]
Listening = Annotated[str, shaped(r"off|[\w.-]+:\d{1,5}", "must be host:port, or off")]
