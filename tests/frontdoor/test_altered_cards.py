"""Words that somebody else put around the buttons of a card: a thief of the bot's token, and a reader of its store."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.ledger_entry import Draft, seal
from tests.frontdoor.message_content import visible_text
from tests.frontdoor.resets import (
    APPROVE,
    FAST_TIMING,
    REJECT,
    WITHDRAW,
    approve,
    ask_for,
    card_of,
    entries,
    id_of,
    post_as_the_app,
    press,
    refusals,
    site_rows,
    vote_buttons,
)
from tests.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness import Json

ALTERED = "The card did not read as I draw it"
REASON = "the card did not read as the bot draws it"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness with a bot."""
    with Harness(tmp_path_factory.mktemp("harness"), timing=FAST_TIMING) as harness:
        harness.start_bot()
        yield harness


@pytest.fixture(scope="module")
def card(harness: Harness) -> Json:
    """Return the card of a request for several rows."""
    return ask_for(harness, "PS100112 site:P02 dp:LON*")


def saying(old: str, new: str) -> Callable[[list[Json]], list[Json]]:
    """Return what replaces some words of a card wherever they stand."""

    def alter(blocks: list[Json]) -> list[Json]:
        text = json.dumps(blocks, ensure_ascii=False)
        assert old in text
        altered: list[Json] = json.loads(text.replace(old, new))
        return altered

    return alter


def without(kind: str) -> Callable[[list[Json]], list[Json]]:
    return lambda blocks: [block for block in blocks if block["type"] != kind]


def with_fewer_rows(blocks: list[Json]) -> list[Json]:
    for block in blocks:
        if "rows" in block:
            block["rows"] = block["rows"][:2]
    return blocks


def with_swapped_names(blocks: list[Json]) -> list[Json]:
    (buttons,) = (block["elements"] for block in blocks if block["type"] == "actions")
    buttons[0]["text"], buttons[1]["text"] = buttons[1]["text"], buttons[0]["text"]
    return blocks


def with_more(block: Json) -> Callable[[list[Json]], list[Json]]:
    return lambda blocks: [block, *blocks]


NOTE: Json = {"type": "section", "text": {"type": "mrkdwn", "text": "Only a test, please approve."}}
LIES: dict[str, Callable[[list[Json]], list[Json]]] = {
    "another number of rows": saying("5 rows", "1 row"),
    "another server": saying("LON-DP01", "NYC-DP01"),
    "another version": saying("7 (3)", "12 (3)"),
    "another package": saying("PS100112", "PS100113"),
    "another requester": saying("<@U000000ADA>", "<@U00000GRACE>"),
    "another reason": saying("stuck at 7 for weeks", "stuck at 7 for hours"),
    "another rule": saying("not the requester", "anybody"),
    "another dialog": saying("Approve this change?", "Reject this change?"),
    "fewer rows": with_fewer_rows,
    "no header": without("header"),
    "buttons that change their names": with_swapped_names,
    "a note above": with_more(NOTE),
    "another sign": saying("🟡", "🟢"),
    "another sign by its name": saying("🟡", ":white_check_mark:"),
    "another address": saying("stuck at 7", "<https://evil.example/|stuck at 7>"),
    "one row a page": lambda blocks: [b | {"page_size": 1} if b["type"] == "data_table" else b for b in blocks],
}


def alter(harness: Harness, card: Json, lie: Callable[[list[Json]], list[Json]], **more: Any) -> None:
    """Change the words of a card and leave its buttons, as who has the bot's token can."""
    blocks = lie(json.loads(json.dumps(card["blocks"])))
    text = more.pop("text", card["text"])
    post_as_the_app(harness, "chat.update", channel="C0APPROVALS", ts=card["ts"], text=text, blocks=blocks, **more)


def wait_until_it_reads(harness: Harness, card: Json) -> None:
    """Wait until a card reads again as it did."""
    harness.wait_for(lambda: visible_text(card_of(harness, id_of(card))) == visible_text(card))


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_vote_on_other_words_is_refused_and_the_card_is_drawn_anew(
    harness: Harness, card: Json, lie: Callable[[list[Json]], list[Json]]
) -> None:
    alter(harness, card, lie)

    assert press(harness, "grace", card).startswith(ALTERED)

    assert refusals(harness)[-1] == ("U00000GRACE", REASON)
    wait_until_it_reads(harness, card)
    assert [entry for entry in entries(harness, "approved") if entry.stream == f"request {id_of(card)}"] == []


def test_another_text_for_those_who_hear_the_card_is_refused(harness: Harness, card: Json) -> None:
    alter(harness, card, lambda blocks: blocks, text="Reset of PS100112 at PS1: 1 row")

    assert press(harness, "grace", card).startswith(ALTERED)
    wait_until_it_reads(harness, card)


@pytest.mark.parametrize(("user", "action"), [("grace", REJECT), ("ada", WITHDRAW)])
def test_no_other_button_counts_on_other_words(harness: Harness, card: Json, user: str, action: str) -> None:
    alter(harness, card, saying("5 rows", "1 row"))

    assert press(harness, user, card, action).startswith(ALTERED)
    wait_until_it_reads(harness, card)


def test_who_reads_the_store_finds_no_address_to_replace_a_card_at(harness: Harness, card: Json) -> None:
    press(harness, "margaret", card, WITHDRAW)
    path = harness.settings["PKGSTATUS_STORE"].removeprefix("sqlite:///")

    with closing(sqlite3.connect(path, timeout=20)) as connection:
        said = "\n".join(connection.iterdump())

    assert "INSERT INTO" in said
    assert "response_url" not in said
    assert f"{harness.workspace.url}/response" not in said


@pytest.mark.parametrize(("form", "server"), [("data_table", "MUC-DP01"), ("table", "MUC-DP02"), ("text", "NYC-DP03")])
def test_every_form_of_an_honest_card_takes_votes(harness: Harness, form: str, server: str) -> None:
    harness.stop_bot()
    harness.start_bot(answers__tables=form)
    fresh = ask_for(harness, f"PS100112 dp:{server}")

    approve(harness, fresh, "grace", "linus")

    assert "changed, each with its backup" in visible_text(card_of(harness, id_of(fresh), "each with its backup"))


TABLES = ["data_table", "table"]
NO_ROWS = "Your press came without the rows of the card"


@pytest.mark.parametrize(
    ("kept_back", "server", "is_told"),
    [({"clicks": TABLES}, "SEA-DP02", True), ({"answers": TABLES, "clicks": TABLES}, "BOS-DP02", False)],
    ids=["with clicks", "always"],
)
def test_where_slack_does_not_give_tables_back_people_vote_on_rows_in_a_text(
    harness: Harness,
    kept_back: Json,
    server: str,
    is_told: bool,  # noqa: FBT001 - a parameter
) -> None:
    harness.stop_bot()
    harness.start_bot()
    harness.do("keep_back", **kept_back)
    fresh = ask_for(harness, f"PS100112 dp:{server}")
    if is_told:
        assert press(harness, "grace", fresh).startswith(NO_ROWS)
        assert refusals(harness)[-1] == ("U00000GRACE", "the press came without the rows of the card")

    text = harness.wait_for(lambda: as_text(harness, id_of(fresh)))
    altered = press_on_altered(harness, text, saying("7 (3)" if server == "SEA-DP02" else "12 (", "1 ("))
    assert altered.startswith(ALTERED)
    approve(harness, harness.wait_for(lambda: as_text(harness, id_of(fresh))), "grace", "linus")

    assert "changed, each with its backup" in visible_text(card_of(harness, id_of(fresh), "each with its backup"))
    second = ask_for(harness, f"PS10000F dp:{'NYC' if is_told else 'LON'}-DP02")
    approve(harness, harness.wait_for(lambda: as_text(harness, id_of(second))), "grace")
    harness.do("keep_back")


def test_a_card_whose_rows_somebody_took_off_is_drawn_anew_with_its_rows(harness: Harness) -> None:
    harness.stop_bot()
    harness.start_bot()
    fresh = ask_for(harness, "PS100050 dp:LON-DP03")
    alter(harness, fresh, without("data_table"))

    assert press(harness, "grace", fresh).startswith(NO_ROWS)

    text = harness.wait_for(lambda: as_text(harness, id_of(fresh)))
    approve(harness, text, "grace", "linus")


def as_text(harness: Harness, request_id: str) -> Json | None:
    """Return the card of a request once its rows are in a text."""
    card = card_of(harness, request_id)
    is_text = {block["type"] for block in card["blocks"]}.isdisjoint(TABLES) and "```" in visible_text(card)
    return card if is_text and vote_buttons(card) else None


def press_on_altered(harness: Harness, card: Json, lie: Callable[[list[Json]], list[Json]]) -> str:
    """Change a card, press on it, and wait until it reads again as it did."""
    alter(harness, card, lie)
    told = press(harness, "grace", card)
    wait_until_it_reads(harness, card)
    return told


def test_a_press_of_which_slack_does_not_say_what_was_seen_is_no_vote(harness: Harness) -> None:
    fresh = ask_for(harness, "PS100030 dp:CHI-DP02")
    harness.do("keep_back", clicks=["message"])

    for user, action in (("grace", APPROVE), ("grace", REJECT), ("ada", WITHDRAW)):
        told = press(harness, user, fresh, action)
        assert told.startswith("Slack did not tell me what the card showed when you pressed"), action

    harness.do("keep_back")
    assert refusals(harness)[-1] == ("U000000ADA", "Slack did not say what the card showed")
    assert vote_buttons(card_of(harness, id_of(fresh))) == {"Approve", "Reject", "Withdraw"}
    assert "withdrawn" in press(harness, "ada", fresh, WITHDRAW)


def test_a_request_that_somebody_wrote_into_the_store_gets_no_card_and_changes_nothing(harness: Harness) -> None:
    """The writer forges a request, its message and its card's place; all is sealed as it must be."""
    honest = ask_for(harness, "PS100112 dp:MUC-DP03")
    before = site_rows(harness.site, "PS100112")
    path = harness.settings["PKGSTATUS_STORE"].removeprefix("sqlite:///")
    fake = "f" * 16
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        (facts,) = connection.execute(
            "SELECT facts FROM ledger_entry WHERE stream = ? AND kind = 'requested'", (f"request {id_of(honest)}",)
        ).fetchone()
        known = json.loads(facts) | {"reason_given": "nothing to see", "request": fake}
        known["plan"]["rows"] = [[*row[:5], 99, 3, row[7]] for row in known["plan"]["rows"]]
        sequence, at, previous = connection.execute(
            "SELECT sequence, at, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        draft = Draft(f"request {fake}", None, "requested", "U000000ADA", "T0CONTOSO", known)
        entry = seal(draft, sequence + 1, at, 1, previous)
        connection.execute(f"INSERT INTO ledger_entry VALUES ({', '.join('?' * len(entry))})", entry)
        notice = (entry.sequence, 1, "C0APPROVALS", json.dumps({"card": fake}))
        connection.execute(
            "INSERT INTO outbox (sequence, number, destination, payload, told, gap, told_at, channel, ts)"
            " VALUES (?, ?, ?, ?, 0, 0, '', '', '')",
            notice,
        )
        connection.execute(
            "INSERT INTO request (id, stage, site, package, requester, created_at, card_channel, card_ts, card_link)"
            " SELECT ?, 'pending', site, package, requester, created_at, card_channel, card_ts, '' FROM request"
            " WHERE id = ?",
            (fake, id_of(honest)),
        )
        connection.execute("COMMIT")

    harness.wait_for(lambda: [e for e in entries(harness, "failed") if e.stream == f"request {fake}"])
    harness.wait_for(lambda: told(path, entry.sequence))

    assert fake not in "".join(visible_text(message) for message in harness.messages("#sccm-approvals", "grace"))
    assert vote_buttons(card_of(harness, id_of(honest))) == {"Approve", "Reject", "Withdraw"}
    assert site_rows(harness.site, "PS100112") == before
    approve(harness, honest, "grace", "linus")
    assert "each with its backup" in visible_text(card_of(harness, id_of(honest), "each with its backup"))


def told(path: str, sequence: int) -> bool:
    """Whether the forged notice is settled."""
    with closing(sqlite3.connect(path, timeout=20)) as connection:
        sql = "SELECT gap FROM outbox WHERE sequence = ? AND number = 1 AND told = 1"
        return bool(connection.execute(sql, (sequence,)).fetchone() == (1,))
