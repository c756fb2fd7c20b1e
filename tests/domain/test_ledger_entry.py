"""One entry: its canonical form, its hash, and what may stand in its facts."""

import hashlib
import json
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ledger_entry import GENESIS, JSON, Draft, Entry, canonical, facts_text, moment_read, moment_text, seal

AT = datetime(2026, 3, 9, 7, 30, 0, 42, tzinfo=UTC)
EVERY_PLANE = "".join(chr(plane * 0x10000 + 0x1F00) for plane in range(17))

storable_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
any_text = st.text(st.characters(exclude_categories=[])) | st.text(st.sampled_from('\x00\ud800\udfff"\\\n\u2028a'))


def facts_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, JSON]]:
    leaves: st.SearchStrategy[JSON] = st.none() | st.booleans() | st.integers() | text
    values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=20)
    return st.dictionaries(text, values, max_size=5)


def entry_of(facts: Mapping[str, JSON], stream: str = "request R1") -> Entry:
    draft = Draft(stream, 1, "requested", "U000000ADA", "T0CONTOSO", facts)
    return seal(draft, sequence=1, moment=moment_text(AT), version=1, previous_hash=GENESIS.hash)


def test_the_canonical_form_is_the_line_that_the_documentation_shows() -> None:
    entry = entry_of({"rows": [1, True, None], "a": 'Grüße "x" \U0001f600\n'})

    assert canonical(entry) == (
        '{"sequence":1,"at":"2026-03-09T07:30:00.000042Z","stream":"request R1","version":1,"kind":"requested",'
        '"actor_user":"U000000ADA","actor_team":"T0CONTOSO",'
        '"facts":{"a":"Grüße \\"x\\" \U0001f600\\n","rows":[1,true,null]},'
        f'"previous_hash":"{"0" * 64}"}}'
    )
    assert entry.hash == hashlib.sha256(canonical(entry).encode()).hexdigest()
    assert entry.hash.startswith(entry.short_hash)


def test_an_auditor_can_check_an_export_line_without_any_json() -> None:
    line = entry_of({"reason": EVERY_PLANE, "worst": 'a"b\\c\x1f'}).line

    cut = r's/,"hash":"\([0-9a-f]*\)"}$/}/'
    script = f"printf %s \"$1\" | sed '{cut}' | tr -d '\\n' | sha256sum"
    found = subprocess.run(["/bin/sh", "-c", script, "-", line], capture_output=True, text=True, check=True)

    assert line.endswith(f',"hash":"{found.stdout.split()[0]}"}}')


def test_an_auditor_can_check_an_export_line_with_any_json() -> None:
    fields = json.loads(entry_of({"z": 1, "a": {"y": [EVERY_PLANE], "b": "\x7f\u2028"}}).line)
    claimed = fields.pop("hash")

    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))

    assert hashlib.sha256(text.encode()).hexdigest() == claimed


@given(facts_of(storable_text))
def test_facts_come_back_as_they_went_in_and_their_text_is_canonical(facts: dict[str, JSON]) -> None:
    entry = entry_of(facts)

    assert entry.facts == facts
    assert entry.facts_text == json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert facts_text(entry.facts) == entry.facts_text
    assert facts_text(dict(reversed(facts.items()))) == entry.facts_text


@given(facts_of(any_text), any_text)
def test_whatever_was_typed_every_database_can_hold_it(facts: dict[str, JSON], stream: str) -> None:
    entry = entry_of(facts, stream)

    stored = entry.facts_text + entry.stream
    assert stored.encode().decode() == stored
    assert "\x00" not in stored
    assert "\\u0000" not in facts_text({"a": "\x00"})
    assert facts_text(entry.facts) == entry.facts_text
    assert entry.is_sealed()


@pytest.mark.parametrize("kind", [list, tuple, deque])
def test_whatever_kind_of_list_it_stands_in_every_database_can_hold_it(
    kind: Callable[[Iterable[str]], Sequence[str]],
) -> None:
    assert facts_text({"a": kind(["\x00", "\ud800"])}) == '{"a":["\ufffd","\ufffd"]}'


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))])))
def test_moments_keep_their_microseconds_and_sort_as_text(at: datetime) -> None:
    assert moment_read(moment_text(at)) == at
    assert (moment_text(at) < moment_text(AT)) == (at < AT)


@pytest.mark.parametrize("value", [1.5, float("nan"), {1, 2}, b"x", AT, {1: "a"}, [{"a": 0.0}]])
def test_a_value_that_has_no_one_way_to_be_written_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"a fact cannot be|must be a string"):
        facts_text({"a": value})  # type: ignore[dict-item]  # the point of the test
