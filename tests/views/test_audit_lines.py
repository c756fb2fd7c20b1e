"""Lines of the audit channel: taken by Slack, pinging nobody, and provable, whatever an entry holds."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.workspace.blocks.surfaces import message_reasons
from bot.domain.ledger_entry import GENESIS, Draft, Entry, moment_text, seal
from bot.slack.responder import payload_of
from bot.views import audit_lines
from bot.views.block_kit import MESSAGE_BLOCKS, MESSAGE_TEXT, Message, escape
from tests.builders import NOW
from tests.frontdoor.message_content import visible_text
from tests.views.strategies import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain.ledger_entry import JSON

ADA = "U000000ADA"
CONTOSO = "https://contoso.slack.com/"
MENTION = re.compile(r"<[@!#]")
OUTCOMES = ("answered", "done", "refused", "failed")
LONG = "Ä" * 100_000


def entry(facts: JSON | None = None, kind: str = "looked up", user: str = ADA, sequence: int = 1) -> Entry:
    """Return a sealed entry, by default one that Ada's lookup made."""
    known: Any = {"outcome": "answered", "object": "PS100112", "detail": "12 behind"} if facts is None else facts
    draft = Draft("commands", None, kind, user, "T0CONTOSO", known)
    return seal(draft, sequence, moment_text(NOW + timedelta(seconds=sequence % 60)), 1, GENESIS.hash)


NAMES = st.sampled_from(["outcome", "reason", "object", "detail", "link", "ref", "settings"]) | FOREIGN
PLAIN = st.none() | st.booleans() | st.integers() | FOREIGN | st.sampled_from(OUTCOMES)
VALUES = PLAIN | st.lists(PLAIN, max_size=4) | st.dictionaries(FOREIGN, PLAIN, max_size=4)
FACTS = st.dictionaries(NAMES, VALUES, max_size=8)
EXTREMES = [
    entry({"object": "Ä" * 900, "detail": "Ä" * 900, "plan": ["Ä" * 900]}),
    entry({"outcome": "refused", "object": "&" * 400, "reason": "<" * 400}, kind="&" * 400),
    entry({"outcome": "done", "detail": "<" * 400, "link": f"https://contoso.slack.com/{'p' * 200}"}),
    entry({f"fact {number}": "W" * 60 for number in range(60)}),
    entry({"plan": ["<" * 1900]}),
]
ENTRIES = st.sampled_from(EXTREMES) | st.builds(
    entry, FACTS, kind=FOREIGN, user=st.sampled_from(["", ADA]), sequence=st.integers(1, 2**62)
)


@st.composite
def many(draw: st.DrawFn) -> list[Entry]:
    """Return a backlog: a few strange entries, some of them again and again."""
    few = draw(st.lists(ENTRIES, min_size=1, max_size=5))
    return few * draw(st.sampled_from([1, 1, 2, 30]))


def messages(entries: Sequence[Entry]) -> list[tuple[Sequence[Entry], Message]]:
    """Return the messages that tell these entries, each with those it tells."""
    told = []
    while entries:
        count = audit_lines.entries_that_fit(entries)
        assert 1 <= count <= len(entries)
        told.append((entries[:count], audit_lines.draw(entries[:count])))
        entries = entries[count:]
    return told


def mrkdwn(message: Message) -> str:
    return "\n".join(block["text"]["text"] for block in message.blocks)


def buttons(message: Message) -> list[str]:
    return [block["accessory"]["value"] for block in message.blocks if "accessory" in block]


@given(many())
def test_slack_takes_every_message_of_any_backlog(entries: list[Entry]) -> None:
    for _, message in messages(entries):
        assert message_reasons(list(message.blocks)) == []
        assert len(message.blocks) <= MESSAGE_BLOCKS
        assert message.text.strip()


@given(many())
def test_what_is_sent_is_what_an_export_is_compared_with(entries: list[Entry]) -> None:
    for _, message in messages(entries):
        assert payload_of(message)["text"] == message.text
        assert len(message.text) <= MESSAGE_TEXT


@given(many())
def test_each_entry_can_be_recognised_by_number_and_hash_in_text_and_blocks(entries: list[Entry]) -> None:
    for told, message in messages(entries):
        lines = message.text.split("\n")
        assert len(lines) == len(told)
        for each, line in zip(told, lines, strict=True):
            assert line.startswith(f"#{each.sequence} ")
            assert line.endswith(f"[{each.short_hash}]")
        shown = mrkdwn(message).split("\n")
        assert [f"`#{each.sequence}`" in line for each, line in zip(told, shown, strict=True)] == [True] * len(told)
        assert [line.endswith(f"`{each.short_hash}`") for each, line in zip(told, shown, strict=True)]


@given(many())
def test_nobody_is_mentioned_because_slack_notifies_whom_an_app_mentions(entries: list[Entry]) -> None:
    for _, message in messages(entries):
        assert not MENTION.search(message.text)
        assert not MENTION.search(mrkdwn(message))


@given(many())
def test_the_same_entries_always_give_the_same_message(entries: list[Entry]) -> None:
    assert audit_lines.draw(entries) == audit_lines.draw(list(entries))


@given(ENTRIES)
def test_an_entry_with_long_facts_has_a_button_to_them(each: Entry) -> None:
    is_long = len(each.facts_text) > 400

    assert buttons(audit_lines.draw([each])) in ([[str(each.sequence)]] if is_long else [[str(each.sequence)], []])


@given(ENTRIES)
def test_everything_an_entry_holds_can_be_read_in_a_message_or_in_a_file(each: Entry) -> None:
    text = audit_lines.facts(each)
    assert json.loads(text) == each.facts
    if len(text) > audit_lines.FACTS_IN_MESSAGE:
        return

    message = audit_lines.facts_message(each)

    assert message_reasons(list(message.blocks)) == []
    shown = visible_text({"blocks": list(message.blocks)})
    assert each.hash in shown
    assert text in shown or text in html.unescape(shown.replace("ˋ", "`"))


@given(ENTRIES, FOREIGN)
def test_a_gap_notice_carries_the_proof_and_is_taken_by_slack(each: Entry, error: str) -> None:
    message = audit_lines.missing_line(each, error)

    assert message_reasons(list(message.blocks)) == []
    assert f"#{each.sequence} {each.short_hash}" in message.text
    assert not MENTION.search(message.text)


def test_a_line_says_when_who_what_and_how_it_ended() -> None:
    known = entry({"outcome": "answered", "object": "PS100112 behind", "detail": "8 of 40 rows"}, sequence=42)

    message = audit_lines.draw([known], url=CONTOSO)

    assert message.text == (
        f"#42 2026-03-09T07:30:42Z U000000ADA looked up PS100112 behind → 8 of 40 rows [{known.short_hash}]"
    )
    assert mrkdwn(message) == (
        "▫️ `#42` 09 Mar 07:30:42Z <https://contoso.slack.com/team/U000000ADA|@U000000ADA> looked up PS100112 "
        f"behind → 8 of 40 rows · `{known.short_hash}`"
    )


@given(FOREIGN)
def test_who_acted_is_a_link_to_their_profile_with_the_name_of_today(name: str) -> None:
    shown = mrkdwn(audit_lines.draw([entry()], lambda _: name, url=CONTOSO))

    assert f" <https://contoso.slack.com/team/U000000ADA|@{escape(name, audit_lines.NAME_CHARACTERS)}> looked" in shown
    assert audit_lines.draw([entry()], lambda _: name).text == audit_lines.draw([entry()]).text


@pytest.mark.parametrize("user", ["<!channel>", "U1&team=T0EVIL", "U1|Ada>", "u 1"])
def test_an_id_that_is_none_becomes_no_link(user: str) -> None:
    message = audit_lines.draw([entry(user=user)])

    assert "/team/" not in mrkdwn(message)
    assert not MENTION.search(message.text + mrkdwn(message))


def test_what_the_bot_did_itself_mentions_nobody() -> None:
    own = entry({"outcome": "noted", "detail": "version 0.1.0", "settings": "abc"}, kind="started", user="")

    assert " bot started → version 0.1.0 [" in audit_lines.draw([own]).text
    assert " pkgstatus started → version 0.1.0 · " in mrkdwn(audit_lines.draw([own]))


@pytest.mark.parametrize(
    ("facts", "limit"), [({"object": "x"}, 80), ({"detail": "x"}, 160), ({"outcome": "refused", "reason": "x"}, 120)]
)
def test_what_a_line_had_to_cut_is_behind_a_button(facts: dict[str, str], limit: int) -> None:
    whole, longer = (
        entry({name: text.replace("x", "x" * length) for name, text in facts.items()}) for length in (limit, limit + 1)
    )

    assert buttons(audit_lines.draw([whole])) == []
    assert buttons(audit_lines.draw([longer])) == ["1"]


def test_facts_of_100_kb_make_a_line_like_any_other_and_a_button() -> None:
    long = entry({"outcome": "done", "object": LONG, "detail": LONG, "plan": [LONG]})

    message = audit_lines.draw([long])

    assert message_reasons(list(message.blocks)) == []
    assert len(message.text) < 500
    assert buttons(message) == ["1"]


@pytest.mark.parametrize("moment", ["", "<!here>", "2026-03-<!channel>", "2026-03-09T<!here>Z", "2026-99-09T07:30:42Z"])
def test_a_moment_that_was_tampered_with_pings_nobody(moment: str) -> None:
    message = audit_lines.draw([entry()._replace(moment=moment)])

    assert not MENTION.search(message.text + mrkdwn(message))


@pytest.mark.parametrize("facts_text", ["{", "", "[1]", "7", "null", '{"outcome": [1]}'])
def test_an_entry_that_was_tampered_with_still_has_its_line_and_shows_what_is_there(facts_text: str) -> None:
    tampered = entry()._replace(facts_text=facts_text)

    assert audit_lines.entries_that_fit([tampered]) == 1
    assert audit_lines.draw([tampered]).text.endswith(f"[{tampered.short_hash}]")
    assert "".join(facts_text.split()).strip("{}[]") in "".join(audit_lines.facts(tampered).split())


def test_refusals_and_failures_look_different_from_deeds() -> None:
    marks = {
        outcome: mrkdwn(audit_lines.draw([entry({"outcome": outcome, "object": "PS100112", "reason": "guest"})]))[0]
        for outcome in (*OUTCOMES, "noted")
    }

    assert len(set(marks.values())) == len(marks)


@pytest.mark.parametrize(
    ("kind", "is_good"),
    [
        *((kind, True) for kind in ("requested", "approved", "quorum reached", "applying", "applied", "converged")),
        *((kind, False) for kind in ("rejected", "failed", "stale", "stalled", "in doubt", "expired", "withdrawn")),
        *((kind, False) for kind in ("undone", "reminded", "card drawn too late")),
    ],
)
def test_only_what_went_well_carries_the_tick(kind: str, is_good: bool) -> None:  # noqa: FBT001 - a test's parameter
    shown = mrkdwn(audit_lines.draw([entry({"outcome": "done", "object": "reset PS100112"}, kind=kind)]))

    assert shown.startswith("✅") is is_good
    assert shown[0] in "✅⛔⚠▫"


def test_a_profile_has_a_web_address_even_when_slack_does_not_tell_the_workspace_s() -> None:
    assert "<https://app.slack.com/team/U000000ADA|@" in mrkdwn(audit_lines.draw([entry()]))


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_a_refusal_says_its_reason_in_text_and_blocks(outcome: str) -> None:
    message = audit_lines.draw(
        [entry({"outcome": outcome, "object": "PS100112", "reason": "guest", "detail": "hidden"})]
    )

    assert f" looked up PS100112 → {outcome}: guest [" in message.text
    assert f" looked up PS100112 → {outcome}: guest · " in mrkdwn(message)


def test_a_card_is_linked_in_the_blocks_and_only_a_true_address_becomes_a_link() -> None:
    card = "https://contoso.slack.com/archives/C0APPROVALS/p1"

    assert f" · <{card}|card> · " in mrkdwn(audit_lines.draw([entry({"outcome": "done", "link": card})]))
    for strange in ("javascript:alert(1)", "https://x|y> <!channel", 7, None):
        message = audit_lines.draw([entry({"outcome": "done", "link": strange})])
        assert "<!" not in mrkdwn(message)
        assert "javascript" not in mrkdwn(message)


def test_lines_that_are_short_share_a_block_and_a_long_one_stands_alone() -> None:
    short, long = entry(sequence=1), entry({"outcome": "done", "plan": ["x" * 500]}, sequence=2)

    message = audit_lines.draw([short, short, long, short])

    assert [block["text"]["text"].count("\n") + 1 for block in message.blocks] == [2, 1, 1]
    assert buttons(message) == ["2"]


def test_a_message_takes_as_many_lines_as_fit_and_no_more() -> None:
    entries = [entry(sequence=number) for number in range(1, 200)]

    assert [len(told) for told, _ in messages(entries)][:2] == [audit_lines.entries_that_fit(entries)] * 2
    assert audit_lines.entries_that_fit(entries) == audit_lines.LINES_PER_MESSAGE


def test_lines_of_300_characters_still_travel_two_dozen_together_with_their_proof_in_the_text() -> None:
    facts: JSON = {"outcome": "answered", "object": "x" * 78, "detail": "y" * 160}
    entries = [entry(facts, sequence=number) for number in range(4_000, 4_040)]

    ((told, message), *_) = messages(entries)

    assert len(told) >= 24
    assert len(message.text) <= MESSAGE_TEXT
    assert len(mrkdwn(message)) <= audit_lines.BLOCK_CHARACTERS
    assert all("y" * 160 in line for line in mrkdwn(message).split("\n"))
