"""The kinds of values that settings have, each with its check; no check ever shows the value."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from ipaddress import IPv6Address
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr
from tzlocal.windows_tz import win_tz

from bot.domain.cron_periods import Cron
from bot.domain.suggestions import nearest
from bot.settings import odbc_strings
from bot.settings.odbc_strings import MOST_PORT

_DURATION = re.compile(r"(\d+)\s*(s|min|h|d)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3650)
_SQLITE = "sqlite:///"
_TOKEN = re.compile(r"[A-Za-z0-9-]+")
_PLACEHOLDER = re.compile(r"\.\.|…|[<>{}\[\]*]|your|change|replace|paste|placeholder|^x+$", re.IGNORECASE)
_TOKENS = {
    "xoxb-": "is a bot token, which belongs into PKGSTATUS_SLACK__BOT_TOKEN",
    "xapp-": "is an app-level token, which belongs into PKGSTATUS_SLACK__APP_TOKEN",
    "xoxp-": "is a user token",
    "xoxe": "is a token that rotates: switch token rotation off in the app's settings",
    "xwfp-": "is a workflow token",
}
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
"""Unicode's categories of control and format characters, line and paragraph separators."""
_OFFSET = re.compile(r"\(?(utc|gmt)?\s*[+-]\s*\d{1,2}(:?\d\d)?\b.*", re.IGNORECASE)
_THIS_MACHINES = {"localtime", "posixrules"}
"""Not IANA's, but in the same folder on many systems."""
_SLACK_HOSTS = ("slack.com", "slack-gov.com")


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
        duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):
        duration = timedelta.max
    if duration > _LONGEST:
        raise ValueError("is longer than ten years")
    return duration


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
    if control := re.search(r"[\x00-\x1f\x7f]", address):
        raise ValueError(
            f"has a control character in it ({control[0]!r}), as \\n, \\t or \\b become in JSON and TOML: "
            "write \\\\ for each \\, or in TOML put the whole value in 'single quotes'"
        )
    if not is_text(address):
        raise ValueError("is not UTF-8 text")
    if unseen := next((char for char in address if unicodedata.category(char) in _UNSEEN), ""):
        raise ValueError(
            f"has a character in it that nobody sees (U+{ord(unseen):04X}), copied along: type that part anew"
        )
    if address.lower().startswith("sqlite"):
        if not address.startswith(_SQLITE) or address.removeprefix(_SQLITE) in {"", ":memory:"}:
            raise ValueError("names no SQLite file as sqlite:///path, four slashes in all before an absolute path")
    elif mistake := odbc_strings.mistake(address):
        raise ValueError(mistake)
    return value


def is_text(value: str) -> bool:
    """Whether a value was readable as UTF-8: Python keeps bytes of the environment that are not as lone surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _writable(value: SecretStr) -> SecretStr:
    if odbc_strings.is_read_only(value.get_secret_value()):
        raise ValueError("says ApplicationIntent=ReadOnly, and the bot must write there: leave that out")
    return value


def _cron(value: str) -> str:
    Cron.parse(value)
    return value


def _zone(value: str) -> str:
    known = available_timezones() - _THIS_MACHINES
    if value in known:
        return value
    if _OFFSET.fullmatch(value):
        raise ValueError("is an offset, which knows no summer time: name a place, like Europe/Zurich")
    if meant := {name.casefold(): name for name in known}.get(value.casefold()):
        raise ValueError(f"is no IANA time zone; perhaps it is {meant}")
    if meant := _from_windows(value):
        raise ValueError(f"is Windows' name of a time zone; its IANA name is {meant}")
    meant = next(iter(nearest(value, sorted(known))), "")
    raise ValueError(f"is no IANA time zone{f'; perhaps it is {meant}' if meant else ', like Europe/Zurich'}")


def _from_windows(value: str) -> str:
    """Return the IANA name of a zone that Windows names so, in winter or in summer; empty where it does not."""

    def spelled(name: str) -> str:
        return re.sub(r"(daylight|summer)(?=time$)", "standard", re.sub(r"\s|_dstoff$", "", name.casefold()))

    known = {spelled(name): zone for name, zone in win_tz.items()}
    return known.get(spelled(value)) or {"coordinateduniversaltime": "Etc/UTC"}.get(spelled(value), "")


def _web_address(value: str) -> str:
    if re.search(r"[\s\\\x00-\x1f]", value) or not is_text(value):
        raise ValueError("has a character that no web address has")
    try:
        address = urlsplit(value)
        host, port = address.hostname or "", address.port
    except ValueError:
        raise ValueError(f"has no host, or a port that is no number from 1 to {MOST_PORT}") from None
    if address.scheme not in {"https", "http"} or not host or port == 0:
        raise ValueError("must begin with https:// and a host")
    if address.scheme == "http" and not odbc_strings.is_loopback(host):
        raise ValueError("must begin with https://, as tokens go there; http:// is for this machine only")
    if address.username is not None or address.query or address.fragment:
        raise ValueError("must be an address alone, without a login, ? or #")
    if any(host == name or host.endswith(f".{name}") for name in _SLACK_HOSTS) and address.path != "/api/":
        raise ValueError("must end with /api/ and nothing else: Slack's Web API is there")
    if not address.path.endswith("/"):
        raise ValueError("must end with a /, as in https://slack.com/api/")
    return value


def _listening(value: str) -> str:
    if value == "off":
        return value
    host, _, port = value.rpartition(":")
    if _is_ipv6(value) or _is_ipv6(host):
        raise ValueError("must be host:port, or off; an IPv6 address stands in brackets, like [::1]:9464")
    is_host = re.fullmatch(r"[\w.-]+", host) or (host[:1] + host[-1:] == "[]" and _is_ipv6(host[1:-1]))
    if not (is_host and re.fullmatch(r"\d{1,9}", port, re.ASCII)):
        raise ValueError("must be host:port, or off")
    if int(port) > MOST_PORT:
        raise ValueError(f"names a port above {MOST_PORT}, the highest there is")
    return value


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def token(prefix: str) -> AfterValidator:
    """Return the check that a token is of the kind that begins so."""

    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text.startswith(prefix):
            other = next((words for start, words in _TOKENS.items() if text.startswith(start)), "")
            before = ": leave out what stands before it" if prefix in text else ""
            raise ValueError(f"must begin with {prefix}{f'; this {other}' if other else before}")
        rest = text.removeprefix(prefix)
        if not rest or _PLACEHOLDER.search(rest):
            raise ValueError("holds an example and no token: copy the whole token")
        if re.search(r"\s", rest):
            raise ValueError("has a blank or a line break inside: copy the token again, on one line")
        if not _TOKEN.fullmatch(rest):
            raise ValueError("has a character that no token has: copy it again")
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
WebAddress = Annotated[str, AfterValidator(_web_address)]
_NAME = r"""(\w[\w$#@-]*|\[([^\]\x00-\x1f]|\]\])+\]|"([^"\x00-\x1f]|"")+")"""
TableName = Annotated[
    str,
    shaped(
        rf"({_NAME}\.){{1,2}}{_NAME}",
        "must be schema.table or database.schema.table; put a name with blanks or signs in [brackets]",
    ),
]
DigestName = Annotated[
    str, shaped(r"\w[\w .-]{0,39}", "must be 1 to 40 letters, digits, blanks, dots or dashes, like morning")
]
Pattern = Annotated[str, shaped(r"[^\x00-\x1f\x7f]+", "must be a pattern of at least one character, like BOOT*")]
Listening = Annotated[str, AfterValidator(_listening)]
