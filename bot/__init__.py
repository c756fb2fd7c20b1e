"""Slack bot for Configuration Manager admins: versions per distribution point, drift digests, two-person resets."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older one gets a sentence, not a syntax error
    sys.stderr.write("pkgstatus-bot needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ".\n")
    sys.exit(2)  # "not done", as bot/exit_codes.py has it: a 1 would say that a check or a ledger was found wrong
