"""Sends answers: through the `response_url` of a command or click, else by direct message.

A table that Slack refuses is sent in the next simpler form, and the refused form is not tried for an hour.
A response_url lasts 30 minutes and five posts (docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import json
import threading
import time
from enum import StrEnum
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from slack_sdk.webhook import WebhookClient
from structlog.contextvars import bound_contextvars

from bot.slack.web_client import retry_after, text_field
from bot.views.block_kit import MESSAGE_TEXT, Message, truncate

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

    from bot.slack.inbound import InboundRequest
    from bot.views.tables import Form

log = structlog.stdlib.get_logger(__name__)

_BLOCK_ERRORS = ("invalid_blocks", "invalid_attachments", "only_one_table_allowed", "msg_blocks_too_long")
_REFUSED_FOR_SECONDS = 3600
_WEBHOOK_TIMEOUT_SECONDS = 20
_OK = 200
_RATE_LIMITED = 429
_MAX_PAUSE_SECONDS = 10
"""A worker waits no longer for a response_url: beyond that the answer goes by direct message."""

FormT = TypeVar("FormT", bound=StrEnum)


class AcceptedForms(Generic[FormT]):
    """The forms of a table or chart, best first, and which of them Slack refused within the last hour."""

    def __init__(self, forms: tuple[FormT, ...]) -> None:
        self._forms = forms
        self._refused_at: dict[FormT, float] = {}
        self._guard = threading.Lock()

    def candidates(self) -> list[FormT]:
        """Return the forms to try, best first; the last form, plain text, is always among them."""
        with self._guard:
            recent = time.monotonic() - _REFUSED_FOR_SECONDS
            *better, last = self._forms
            return [*(form for form in better if self._refused_at.get(form, recent - 1) < recent), last]

    def downgrade(self) -> bool:
        """Mark the best candidate as refused; False when it is the last form."""
        best, *others = self.candidates()
        if not others:
            return False
        self.mark_refused(best)
        return True

    def mark_refused(self, form: FormT) -> None:
        """Mark a form as refused for an hour."""
        with self._guard:
            self._refused_at[form] = time.monotonic()
        log.warning("Slack refused a form; using the next one for an hour", form=form.value)


class Responder:
    """Answers a request; `enqueue(user_id, payload)` has a direct message delivered even if Slack is away now."""

    def __init__(
        self, client: WebClient, forms: AcceptedForms[Form], enqueue: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._client = client
        self._forms = forms
        self._enqueue = enqueue

    def reply(self, to: InboundRequest, message: Message) -> None:
        """Answer with a message that only the sender of the request sees. Raises StoreError."""
        visibility = {"response_type": "ephemeral", "replace_original": False}
        if not self._post_or_enqueue(to, message, visibility):
            self._post_or_enqueue(to, Message(message.text), visibility)

    def send_table(
        self, to: InboundRequest, draw: Callable[[Form], Message], *, public: bool, replace: bool = False
    ) -> None:
        """Answer with a table in the best form that Slack takes. Raises StoreError."""
        self.send_with_forms(self._forms, to, draw, public=public, replace=replace)

    def send_with_forms(
        self,
        forms: AcceptedForms[FormT],
        to: InboundRequest,
        draw: Callable[[FormT], Message],
        *,
        public: bool,
        replace: bool = False,
    ) -> None:
        """Answer with the best of these forms that Slack takes; `replace` replaces the message of a click.

        Raises StoreError.
        """
        visibility = {"response_type": "in_channel" if public else "ephemeral", "replace_original": replace}
        for form in forms.candidates():
            message = draw(form)
            if self._post_or_enqueue(to, message, visibility):
                return
            forms.mark_refused(form)
        self._post_or_enqueue(to, Message(message.text), visibility)

    def direct(self, user_id: str, message: Message) -> str:
        """Send a direct message and return the id of its conversation. Raises SlackApiError."""
        sent = self._client.chat_postMessage(channel=user_id, **payload_of(message))
        return text_field(sent, "channel")

    def send_file(self, user_id: str, note: Message, name: str, content: bytes) -> None:
        """Send a file by direct message, announced by a note. Raises SlackApiError."""
        conversation = self.direct(user_id, note)
        self._client.files_upload_v2(channel=conversation, filename=name, title=name, content=content)

    def _post_or_enqueue(self, to: InboundRequest, message: Message, visibility: dict[str, Any]) -> bool:
        """Post an answer, or enqueue it as a direct message; False only when Slack refused its blocks."""
        error = self._post(to.response_url, payload_of(message) | visibility) if to.response_url else "no response_url"
        if error is None:
            return True
        if any(refused in error for refused in _BLOCK_ERRORS):
            return False
        with bound_contextvars(ref=to.reference):  # also on the thread of a timer
            log.info("answering by direct message", reason=error)
            self._enqueue(to.user_id, payload_of(message))
        return True

    def _post(self, url: str, payload: dict[str, Any]) -> str | None:
        """Post to a response_url, once more after a short pause if Slack asks for one; return the error, or None."""
        try:
            response = WebhookClient(url, timeout=_WEBHOOK_TIMEOUT_SECONDS).send_dict(payload)
            if response.status_code == _RATE_LIMITED and (pause := retry_after(response.headers)) <= _MAX_PAUSE_SECONDS:
                time.sleep(pause)
                response = WebhookClient(url, timeout=_WEBHOOK_TIMEOUT_SECONDS).send_dict(payload)
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            return str(error)
        refused = response.status_code != _OK or _is_error(response.body)
        return f"{response.status_code} {response.body}" if refused else None


def _is_error(body: str) -> bool:
    """Whether the body of a 200 is an error: it is `ok`, or a JSON object such as `{"ok": false}`."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    is_no = isinstance(answer, dict) and answer.get("ok") is False
    return is_no or any(word in body for word in _BLOCK_ERRORS)


def payload_of(message: Message) -> dict[str, Any]:
    """Return the arguments of `chat.postMessage` for a message."""
    payload: dict[str, Any] = {
        "text": truncate(message.text, MESSAGE_TEXT),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return payload | {"blocks": list(message.blocks)} if message.blocks else payload
