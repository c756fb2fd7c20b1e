"""Which driver error means what: by native number and SQLSTATE, never by exception class.

pyodbc raises the same class for a deadlock and for an unknown option, and psqlodbc reports a wrong password as an
unreachable server, so the class says nothing. Numbers: Microsoft's list of engine errors; states: ODBC and PostgreSQL.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Fault(StrEnum):
    """What a database can do to us; people get a sentence for each."""

    UNREACHABLE = "unreachable"
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
    """A driver's error, named. `detail` is for an administrator's log and never holds a password."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail


_NUMBERS = {
    Fault.LOGIN: (4060, 4064, 17806, 18452, 18456, 18470, 18486, 18487, 18488),
    Fault.PERMISSION: (229, 230, 262, 297, 300, 916),
    Fault.SCHEMA: (207, 208),
    Fault.LOCKED: (1222,),
    Fault.DEADLOCK: (1205, 3960),
    Fault.CONFLICT: (2601, 2627),
    Fault.FULL: (1101, 1105, 9002),
    Fault.READ_ONLY: (3906, 3908),
    # The link or its session is gone, nobody answers, or the database is moving between servers, restoring, stopping.
    Fault.UNREACHABLE: (
        *(596, 10053, 10054, 10060, 10061, 20004, 20006, 20009, 20047),
        *(921, 922, 924, 926, 927, 942, 945, 952, 976, 978, 979, 982, 983, 6005, 17142, 18401, 18451),
    ),
}
_STATES = {
    Fault.UNREACHABLE: ("08001", "08003", "08004", "08006", "08007", "08S01", "57P01", "57P02", "57P03"),
    Fault.LOGIN: ("28000", "28P01", "3D000"),
    Fault.PERMISSION: ("42501",),
    Fault.SCHEMA: ("42S02", "42S22", "42P01", "42703", "3F000"),
    Fault.TIMEOUT: ("HYT00", "HYT01", "57014", "HY008"),
    Fault.LOCKED: ("55P03",),
    Fault.DEADLOCK: ("40001", "40P01"),
    Fault.CONFLICT: ("23505",),
    Fault.FULL: ("53100",),
    Fault.READ_ONLY: ("25006",),
    Fault.DRIVER: ("01000", "IM002", "IM003", "IM004"),
}
_PHRASES = {
    Fault.LOGIN: (
        "authentication failed",
        "login failed",
        "sspi provider",
        "no password supplied",
        "pg_hba.conf",
        'fatal:  database "',
        'fatal:  role "',
    ),
    Fault.SCHEMA: ("no such table", "no such column"),
    Fault.PERMISSION: ("permission denied",),
    Fault.CONFLICT: ("unique constraint failed",),
    Fault.FULL: ("database or disk is full",),
    Fault.READ_ONLY: ("readonly database",),
    Fault.TIMEOUT: ("interrupted", "statement timeout"),
    Fault.LOCKED: ("database is locked",),
    Fault.UNREACHABLE: (
        "unable to open",
        "not a database",
        "disk i/o error",
        "malformed",
        "closed database",
        "server closed the connection",
        "could not connect",
        "connection to server",
        "terminating connection",
    ),
}
_BY_NUMBER = {number: fault for fault, numbers in _NUMBERS.items() for number in numbers}
_BY_STATE = {state: fault for fault, states in _STATES.items() for state in states}
_BY_PHRASE = [(phrase, fault) for fault, phrases in _PHRASES.items() for phrase in phrases]

_NATIVE_NUMBER = re.compile(r"\((\d+)\)(?= \(SQL|; \[|$)")
"""Only where ODBC puts it: a message may also quote a key, and `Key (sequence)=(1205)` is no deadlock."""
_SECRET = re.compile(r"((?:pwd|password|accesstoken)\s*=\s*)(\{(?:[^}]|\}\})*\}|[^;]*)", re.IGNORECASE)


def name(error: Exception, *, connecting: bool = False) -> DatabaseError:
    """Turn a driver's exception into ours; while connecting, a timeout means that nobody answered."""
    arguments = [str(argument) for argument in error.args]
    detail = _SECRET.sub(r"\1***", " ".join(arguments) or type(error).__name__)
    fault = _fault(arguments[0] if len(arguments) > 1 else "", detail)
    if connecting and fault is Fault.TIMEOUT:
        fault = Fault.UNREACHABLE
    return DatabaseError(fault, detail)


def _fault(state: str, detail: str) -> Fault:
    numbers = [int(number) for number in _NATIVE_NUMBER.findall(detail)]
    by_number = next((_BY_NUMBER[number] for number in reversed(numbers) if number in _BY_NUMBER), None)
    lowered = detail.lower()
    by_phrase = next((fault for phrase, fault in _BY_PHRASE if phrase in lowered), None)
    if by_number is None and by_phrase is Fault.LOGIN:
        return Fault.LOGIN
    return by_number or _BY_STATE.get(state) or by_phrase or Fault.OTHER
