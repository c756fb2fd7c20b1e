"""The form that asks for a reset: which rows, why, and exactly what will happen; built here and read back here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain.command import BadFilter, Filter, lacking, read_filter
from bot.domain.form_snapshot import Fingerprint, FormRow, FormSnapshot
from bot.domain.package import SiteCode, status_name
from bot.domain.plan import RESET_STATUS, RESET_VERSION, statement
from bot.domain.quantity import quantity
from bot.views.block_kit import Block, code, context, escape, plain, section, truncate
from bot.views.replies import MISSING_FILTER_PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.drift_classes import Verdict
    from bot.domain.plan import Plan

CALLBACK = "request_reset"
REJECT_CALLBACK = "reject_request"
ROWS, FILTER, REASON, TICKET, FIELD = "rows", "filter", "reason", "ticket", "field"
SELECT_OPTIONS = 100
REASON_MIN = 10
REASON_MAX = 1000
_OPTION_TEXT = 75
_VALUE = 2000
_SEPARATOR = "\n"
_FINGERPRINT_PREFIX = "="
"""Begins the line of what a form keeps that is the fingerprint of its rows."""
_MOST_STATEMENTS = 5


@dataclass(frozen=True, slots=True)
class FormInput:
    """What somebody entered; `chosen` are handles of rows, None when they gave a filter."""

    chosen: tuple[str, ...] | None
    filter_text: str
    reason: str
    ticket: str
    rows: tuple[FormRow, ...] = ()
    """The chosen rows as the form showed them."""


def reopen_value(site: str, query: str, filled: FormInput) -> str:
    """Return the value of a button that opens the form again with the reason and ticket that were entered."""
    return "\n".join([f"{site} {query}", filled.ticket, filled.reason])[:_VALUE]


def parse_reopen_value(value: str) -> tuple[SiteCode, str, str, str]:
    """Read the value of any button that opens the form: site, question, and the ticket and reason to begin with."""
    asked, ticket, reason = [*value.split("\n", 2), "", ""][:3]
    site, _, query = asked.partition(" ")
    return SiteCode(site), query, ticket, reason


def loading_modal(title: str) -> Block:
    """Return the form's place holder: a trigger lasts three seconds, reading a site can take longer."""
    return _modal(title, [section("Reading the rows …")])


def message_modal(title: str, text: str) -> Block:
    """Return a form that only says why there is none."""
    return _modal(title, [section(text)])


def draw(
    plan: Plan,
    rows: Sequence[Verdict],
    metadata: str,
    most: int,
    before: Plan | None = None,
    *,
    ticket: str = "",
    reason: str = "",
) -> Block:
    """Draw the form for these rows; `plan` is what asking for all would freeze.

    All of them are chosen at first, or those of the plan that came to nothing `before`. `ticket` and `reason` are what
    the same person entered before.
    """
    blocks = [
        section(
            f"*{plan.package_id} {escape(plan.package_name, 100)}* at site *{escape(plan.site)}*, source version "
            f"*{plan.source_version}*.\nEach chosen row is set to version *{RESET_VERSION}*, status *{RESET_STATUS}* "
            f"({status_name(RESET_STATUS)}), so that Distribution Manager sends the package again after a "
            "Redistribute. Two people must approve; a backup is made in the same transaction."
        ),
        _rows_block(rows, most, before),
        _text_block(REASON, "Why is a reset needed?", REASON_MIN, multiline=True, entered=reason),
        _text_block(TICKET, "Ticket", 0, multiline=False, entered=ticket),
        section(
            "*Exactly this is run* for each chosen row; "
            f"{min(_MOST_STATEMENTS, len(plan.rows))} of {len(plan.rows)} shown"
        ),
        *code([statement(row, plan.package_id) for row in plan.rows[:_MOST_STATEMENTS]]),
        *(context(f"⚠️ {warning}") for warning in plan.warnings),
    ]
    return _modal("Request reset", blocks, CALLBACK, "Request", metadata)


def reject_modal(metadata: str) -> Block:
    """Draw the form that asks why a request is rejected."""
    blocks = [_text_block(REASON, "Why do you reject it?", REASON_MIN, multiline=True)]
    return _modal("Reject request", blocks, REJECT_CALLBACK, "Reject", metadata)


def parse_input(values: Mapping[str, Any]) -> FormInput:
    """Read a submitted form's state back."""
    selected = values.get(ROWS, {}).get(FIELD, {}).get("selected_options")
    rows = tuple(_parse_row(str(option["value"]), _name(option)) for option in selected or ())
    chosen = None if selected is None else tuple(row.handle for row in rows)
    return FormInput(
        chosen, _input_value(values, FILTER), _input_value(values, REASON), _input_value(values, TICKET), rows
    )


def form_metadata(site: str, query: str, rows: Sequence[Verdict], plan: Plan) -> str:
    """Return what a form keeps of itself: site, question, and what it says besides the rows that can be chosen.

    More rows than Slack lets one choose from are not shown one by one: of these it says how many, the first few, and
    the fingerprint of all.
    """
    said = [str(plan.source_version)]
    if len(rows) > SELECT_OPTIONS:
        said += [str(len(rows)), *(_encode_row(verdict) for verdict in rows[:_MOST_STATEMENTS])]
        said.append(_FINGERPRINT_PREFIX + Fingerprint.of(verdict.row for verdict in rows).text)
    return f"{site} {query}{_SEPARATOR}{_SEPARATOR.join(said)}"


def parse_metadata(metadata: str, filled: FormInput) -> tuple[str, str, FormSnapshot]:
    """Read site and question back, and all that the form said."""
    asked, *said = metadata.split(_SEPARATOR)
    site, _, query = asked.partition(" ")
    version, count = (int(text) if text.isdecimal() else None for text in [*said, "", ""][:2])
    rows = (_parse_row(text) for text in said[2:] if not text.startswith(_FINGERPRINT_PREFIX))
    marks = (
        Fingerprint.read(text.removeprefix(_FINGERPRINT_PREFIX))
        for text in said[2:]
        if text.startswith(_FINGERPRINT_PREFIX)
    )
    return site, query, FormSnapshot(version, (*filled.rows, *rows), count, next(marks, None))


def validation_errors(filled: FormInput) -> dict[str, str]:
    """Say what is plainly wrong with a form, by field; the rows themselves are checked against the database later."""
    wrong = {}
    if len(filled.reason) < REASON_MIN:
        wrong[REASON] = f"Please say in at least {REASON_MIN} characters why."
    if filled.chosen is not None and not filled.chosen:
        wrong[ROWS] = "Choose at least one row."
    wanted = Filter() if filled.chosen is not None else read_filter(filled.filter_text)
    if isinstance(wanted, BadFilter):
        meant = f" Did you mean {wanted.meant[0]}?" if wanted.meant else ""
        lacks = MISSING_FILTER_PARTS.get(lacking(wanted.text))
        problem = f"“{wanted.text}” needs {lacks}." if lacks else f"I do not know “{truncate(wanted.text, 60)}”."
        wrong[FILTER] = f"{problem} Use behind, failed, site:P02 or dp:NYC*.{meant}"
    return wrong


def _input_value(values: Mapping[str, Any], block_id: str) -> str:
    return (values.get(block_id, {}).get(FIELD, {}).get("value") or "").strip()


def _rows_block(rows: Sequence[Verdict], most: int, before: Plan | None) -> Block:
    if len(rows) > SELECT_OPTIONS:
        hint = f"{quantity(len(rows), 'row')} can be reset, {most} at once. Choose like site:P02 dp:NYC* failed"
        return _text_block(FILTER, "Which rows?", 1, multiline=False, hint=hint)
    options = [_option(verdict) for verdict in rows]
    wanted = {row.key for row in before.rows} if before else set()
    chosen = [option for option, verdict in zip(options, rows, strict=True) if _key(verdict) in wanted] or options
    element = {
        "type": "multi_static_select",
        "action_id": FIELD,
        "options": options,
        "initial_options": chosen[:most],
        "placeholder": {"type": "plain_text", "text": "Rows to reset"},
    }
    label = f"Rows ({len(rows)} can be reset, at most {most} at once)"
    return {"type": "input", "block_id": ROWS, "label": {"type": "plain_text", "text": label}, "element": element}


def _key(verdict: Verdict) -> tuple[int | None, str, str]:
    return (verdict.row.type_number, verdict.row.site_code, verdict.row.server_path)


def _option(verdict: Verdict) -> Block:
    row = verdict.row
    kind = "site" if row.is_site else "DP"
    text = f"{row.server} ({kind} {row.site_code}, {row.held_version}, {verdict.drift_class})"
    return {
        "text": {"type": "plain_text", "text": plain(text, _OPTION_TEXT), "emoji": False},
        "value": _encode_row(verdict),
    }


def _encode_row(verdict: Verdict) -> str:
    """Write a row as the form shows it: keys that are looked up, numbers that are compared."""
    row = verdict.row
    return f"{row.handle} {row.held_version} {row.status_number}"


def _parse_row(text: str, name: str = "") -> FormRow:
    handle, *numbers = text.split(" ")
    version, status = (int(number) if number.isdecimal() else None for number in [*numbers, "", ""][:2])
    return FormRow(handle, name, version, status)


def _name(option: Mapping[str, Any]) -> str:
    return str(option.get("text", {}).get("text", "")).partition(" (")[0]


def _text_block(block_id: str, label: str, least: int, *, multiline: bool, hint: str = "", entered: str = "") -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": FIELD,
        "multiline": multiline,
        "max_length": REASON_MAX if multiline else 200,
    }
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label},
        "optional": least == 0,
        "element": element | ({"min_length": least} if least else {}) | ({"initial_value": entered} if entered else {}),
    }
    return block | {"hint": {"type": "plain_text", "text": hint}} if hint else block


def _modal(title: str, blocks: list[Block], callback: str = "", submit: str = "", metadata: str = "") -> Block:
    view: Block = {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Cancel" if submit else "Close"},
        "blocks": blocks,
    }
    if submit:
        view |= {
            "submit": {"type": "plain_text", "text": submit},
            "callback_id": callback,
            "private_metadata": metadata,
        }
    return view
