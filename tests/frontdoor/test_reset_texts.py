"""What texts from databases and keyboards cannot do: SQL, Slack's markup, characters that turn the reading around."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import (
    PLAN,
    REQUEST,
    apply,
    backups,
    card_of,
    fresh_id,
    ids,
    in_thread,
    options,
    submit,
    wait_for_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness import Harness

HOSTILE = "'; DROP TABLE PkgStatus;--<!channel>*bold*_it_`code`\u202egnp.exe\u2066&<@U000000ADA>$(calc)\"|x"
QUIET = HOSTILE.replace('"', "")
DRESSED = rf'["Display=\\{QUIET}\"]MSWNET:["SMS_SITE=P02"]\\AMS-DP01.contoso.com' + "\\"
STRANGE = rf'["Display=\\{QUIET}\"]MSWNET:["SMS_SITE=P02"]\\{QUIET}' + "\\"


def spoil(harness: Harness) -> None:
    """Give a package and two DPs names that try to be something else; one DP can still be told by its server."""
    with closing(sqlite3.connect(harness.site, isolation_level=None)) as connection:
        connection.execute("UPDATE SMSPackages SET Name = ? WHERE PkgID = 'PS100112'", (HOSTILE,))
        for table, column in (("PkgStatus", "PkgServer"), ("DistributionPoints", "NALPath")):
            for name, old in ((DRESSED, "AMS-DP01"), (STRANGE, "PAR-DP01")):
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} LIKE '%{old}%'", (name,))


def test_texts_that_try_to_be_something_else_stay_texts_on_every_message_and_in_the_database(
    fresh_harness: Harness,
) -> None:
    harness = fresh_harness
    spoil(harness)
    harness.start_bot()
    with closing(sqlite3.connect(harness.site)) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM PkgStatus").fetchone()
    known = set(ids(harness))
    table = harness.ask("ada", "PS100112 site:P02")
    harness.click("ada", table, REQUEST)
    form = wait_for_form(harness, "ada")
    offered = {option["text"]["text"]: option["value"] for option in options(form)}
    assert not [text for text in offered if "DROP" in text], "a server that cannot be told is never reset"
    (wanted,) = [value for text, value in offered.items() if "AMS-DP01" in text]
    assert submit(harness, "ada", HOSTILE, rows=[wanted], ticket=HOSTILE)["errors"] == {}
    card = card_of(harness, fresh_id(harness, known))
    harness.click("grace", card, PLAN)
    plan = wait_for_form(harness, "grace")
    card = apply(harness, card)
    thread = in_thread(harness, card, "Next step")

    seen = [form, plan, card, thread, *harness.messages("@ada", "ada"), *harness.messages("#sccm-audit", "grace")]
    for message in seen:
        for text in mrkdwn(message):
            assert [part for part in ACTING if part in text] == []
    assert "$(calc)" not in visible_text(thread), "nothing that a shell would run is offered for copying"
    with closing(sqlite3.connect(harness.site)) as connection:
        found = connection.execute("SELECT PkgServer FROM PkgStatus WHERE SourceVersion = 0 AND ID = 'PS100112'")
        assert found.fetchall() == [(DRESSED,)]
        assert connection.execute("SELECT COUNT(*) FROM PkgStatus").fetchone() == (count,)
    assert len(backups(harness.site)) == 1


ACTING = ("<!channel>", "<@U000000ADA>$", "*bold*", "`code`", "\u202e", "\u2066")


def mrkdwn(part: object) -> Iterator[str]:
    """Yield every text of a message or view that Slack would format."""
    if isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            yield str(part["text"])
        for value in part.values():
            yield from mrkdwn(value)
    elif isinstance(part, list):
        for item in part:
            yield from mrkdwn(item)
