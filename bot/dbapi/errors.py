"""Which driver error means what: by native number and SQLSTATE, never by exception class.

pyodbc raises the same class for a deadlock and for an unknown option, and psqlodbc reports a wrong password as an
unreachable server, so the class says nothing. Numbers: Microsoft's list of engine errors; states: ODBC and PostgreSQL.
"""

from __future__ import annotations

import re
from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a database operation failed, whatever the engine."""

    UNREACHABLE = "unreachable"
    DAMAGED = "damaged"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    PERMISSION = "permission"
    SCHEMA = "schema"
    TIMEOUT = "timeout"
    LOCKED = "locked"
    DEADLOCK = "deadlock"
    CONFLICT = "conflict"
    FULL = "full"
    READ_ONLY = "read-only"
    DRIVER = "driver"
    OTHER = "other"


class DatabaseError(Exception):
    """A driver's error with its kind. `detail` is the driver's message for an administrator, without passwords."""

    def __init__(self, kind: ErrorKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


_NOT_OPEN = (
    *(921, 922, 924, 926, 927, 942, 945, 952, 976, 978, 979, 982, 983, 6005, 17142, 17809, 18401, 18451, 18461),
    *(40197, 40501, 40613, 40615),
)
"""The server or the database is moving, restoring, starting, stopping or full; a refused login may follow from it."""
_NUMBERS = {
    ErrorKind.LOGIN: (4060, 4062, 4063, 4064, 17806, 18450, 18452, 18456, 18470, 18486, 18487, 18488),
    ErrorKind.PERMISSION: (229, 230, 262, 297, 300, 916),
    ErrorKind.SCHEMA: (207, 208),
    ErrorKind.LOCKED: (1222,),
    ErrorKind.DEADLOCK: (1205, 3960),
    ErrorKind.CONFLICT: (2601, 2627),
    ErrorKind.FULL: (1101, 1105, 9002),
    ErrorKind.READ_ONLY: (3906, 3908),
    ErrorKind.TIMEOUT: (20003,),
    # The link or its session is gone, nobody answers, or the database is not open.
    ErrorKind.UNREACHABLE: (
        64,
        121,
        233,
        596,
        10053,
        10054,
        10060,
        10061,
        20002,
        20004,
        20006,
        20009,
        20017,
        20047,
        *_NOT_OPEN,
    ),
}
_STATES = {
    # IMC: Microsoft's driver tried to bring a broken link back, and could not.
    ErrorKind.UNREACHABLE: ("08", "IMC", "57P", "25P03"),
    ErrorKind.LOGIN: ("28000", "28P01", "3D000"),
    ErrorKind.PERMISSION: ("42501",),
    ErrorKind.SCHEMA: ("42S02", "42S22", "42P01", "42703", "3F000"),
    ErrorKind.TIMEOUT: ("HYT00", "HYT01", "57014", "HY008"),
    ErrorKind.LOCKED: ("55P03",),
    ErrorKind.DEADLOCK: ("40001", "40P01"),
    ErrorKind.CONFLICT: ("23505",),
    ErrorKind.FULL: ("53100",),
    ErrorKind.READ_ONLY: ("25006",),
    ErrorKind.DRIVER: ("01000", "IM002", "IM003", "IM004", "IM005", "IM014"),
}
_PHRASES = {
    # Windows shows the same words for a Kerberos name, so those of its TLS library are taken with that library's name,
    # and its numbers for a certificate hold in any language.
    ErrorKind.CERTIFICATE: (
        "certificate verify failed",
        "certificate verification failed",
        "certificate chain",
        "certificate is not trusted",
        "certificate has expired",
        "certificate is not valid",
        "self-signed certificate",
        "self signed certificate",
        "unable to get local issuer",
        "root certificate file",
        "does not match host name",
        "hostname mismatch",
        "certificate's cn name",
        "ssl provider: the target principal name",
        "ca md too weak",
        "ee key too small",
        "ca key too small",
        *("(-2146893019)", "(-2146893017)", "(-2146893016)", "(-2146762487)", "(-2146762481)", "(-2146762495)"),
    ),
    ErrorKind.LOGIN: (
        "authentication failed",
        "login failed",
        "sspi provider",
        "sspi context",
        "kerberos",
        "gssapi",
        "gss-api",
        "gss_init_sec_context",
        "contact any kdc",
        "cannot find kdc",
        "clock skew too great",
        "ticket expired",
        "untrusted domain",
        "aadsts",
        "no password supplied",
        "empty password",
        "pg_hba.conf",
        "valid client certificate",
        'fatal:  database "',
        'fatal:  role "',
        "fatal:  permission denied for database",
    ),
    ErrorKind.DAMAGED: ("file is not a database", "disk image is malformed", "malformed database schema"),
    ErrorKind.SCHEMA: ("no such table", "no such column"),
    ErrorKind.PERMISSION: ("permission denied",),
    ErrorKind.CONFLICT: ("unique constraint failed",),
    ErrorKind.FULL: ("database or disk is full",),
    ErrorKind.READ_ONLY: ("readonly database",),
    ErrorKind.TIMEOUT: ("interrupted", "statement timeout"),
    ErrorKind.LOCKED: ("database is locked",),
    ErrorKind.UNREACHABLE: (
        "unable to open",
        "disk i/o error",
        "closed database",
        "server closed the connection",
        "connection has been closed",
        "communication link failure",
        "unexpected eof",
        "dbprocess is dead",
        "could not connect",
        "connection to server",
        "terminating connection",
        "[freetds][sql server]unknown error",  # all that FreeTDS says of a link that was cut, or not even that
        "the driver did not supply an error",
    ),
}
_BY_NUMBER = {number: kind for kind, numbers in _NUMBERS.items() for number in numbers}
_BY_STATE = [(state, kind) for kind, states in _STATES.items() for state in states]
_BY_PHRASE = [(phrase, kind) for kind, phrases in _PHRASES.items() for phrase in phrases]

_NATIVE_NUMBER = re.compile(r"\((\d+)\)(?= \(SQL|; \[|$)")
"""Only where ODBC puts it: a message may also quote a key, and `Key (sequence)=(1205)` is no deadlock."""
_SECRET = re.compile(r"((?:pwd|password|accesstoken)\s*=\s*)(\{(?:[^}]|\}\})*\}|[^;]*)", re.IGNORECASE)


def from_driver(error: Exception, *, connecting: bool = False) -> DatabaseError:
    """Return a DatabaseError for a driver's exception; while connecting, a timeout means that nobody answered."""
    arguments = [str(argument) for argument in error.args]
    detail = _SECRET.sub(r"\1***", " ".join(arguments) or type(error).__name__)
    kind = _kind_of(arguments[0] if len(arguments) > 1 else "", detail)
    if connecting and kind is ErrorKind.TIMEOUT:
        kind = ErrorKind.UNREACHABLE
    return DatabaseError(kind, detail)


def _kind_of(state: str, detail: str) -> ErrorKind:
    numbers = [int(number) for number in _NATIVE_NUMBER.findall(detail)]
    by_number = [_BY_NUMBER[number] for number in reversed(numbers) if number in _BY_NUMBER]
    lowered = detail.lower()
    by_phrase = next((kind for phrase, kind in _BY_PHRASE if phrase in lowered), None)
    if ErrorKind.LOGIN in by_number:  # it closes the link too, and FreeTDS tells both
        return ErrorKind.UNREACHABLE if any(number in _NOT_OPEN for number in numbers) else ErrorKind.LOGIN
    if by_number:
        return by_number[0]
    by_state = next((kind for start, kind in _BY_STATE if state.startswith(start)), None)
    # Drivers call both an unreachable server; other states may come with any text of a row.
    if by_state in {None, ErrorKind.UNREACHABLE} and by_phrase in {ErrorKind.CERTIFICATE, ErrorKind.LOGIN}:
        return by_phrase
    return by_state or by_phrase or ErrorKind.OTHER
