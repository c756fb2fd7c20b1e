"""The exit codes of the program's commands. In any one command, a code means one thing."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    WRONG = 1
    NOT_DONE = 2
    REFUSED_BY_SLACK = 3
    NO_STORE = 4
    REFUSED_BY_POLICY = 5
    FAULT = 70
    INTERRUPTED = 130
    UNREAD = 141


MEANINGS = {
    Exit.DONE: "done; what was looked at is in order",
    Exit.WRONG: "looked, and something is wrong: check, ledger verify, demo",
    Exit.NOT_DONE: "not done: the words typed, a setting, or what had to be read or written; a sentence says which",
    Exit.REFUSED_BY_SLACK: "run: Slack refuses the tokens",
    Exit.NO_STORE: "run: the bot's own database cannot be used",
    Exit.REFUSED_BY_POLICY: "run: the two-person rule cannot be kept with these settings",
    Exit.FAULT: "a fault of the program, with its traceback",
    Exit.INTERRUPTED: "interrupted by Ctrl-C before it was done",
    Exit.UNREAD: "nobody read the output to its end",
}
"""Numbers from 70 on follow sysexits.h and the shells: 128 and the number of the signal."""
TABLE = "\b\nExit codes:\n" + "\n".join(f"  {code.value:<4} {meaning}" for code, meaning in MEANINGS.items())
"""For --help."""
