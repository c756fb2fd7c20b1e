"""Give answers: through the `response_url` of a command or click, and by direct message when that is used up.

Tables go down the ladder of forms when Slack refuses one, and the refusal is remembered for an hour.
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
from bot.views.block_kit import MESSAGE_TEXT, Message, cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

    from bot.slack.inbound import InboundRequest
    from bot.views.tables import Form

log = structlog.stdlib.get_logger(__name__)

_REFUSED_BLOCKS = ("invalid_blocks", "invalid_attachments", "only_one_table_allowed", "msg_blocks_too_long")
_REMEMBER_SECONDS = 3600
_WEBHOOK_TIMEOUT = 20
_OK = 200
_RATE_LIMITED = 429
_LONGEST_PAUSE = 10
"""Seconds that a worker waits at most for a response_url; beyond that the answer goes by direct message."""


FormT = TypeVar("FormT", bound=StrEnum)


class AcceptedForms(Generic[FormT]):
    """Which forms of a table or chart are worth trying: those not refused within the last hour; the last always is."""

    def __init__(self, forms: tuple[FormT, ...]) -> None:
        self._forms = forms
        self._refused_at: dict[FormT, float] = {}
        self._guard = threading.Lock()

    def candidates(self) -> list[FormT]:
        """Return the forms to try, best first; plain text is always the last."""
        with self._guard:
            recent = time.monotonic() - _REMEMBER_SECONDS
            *better, last = self._forms
            return [*(form for form in better if self._refused_at.get(form, recent - 1) < recent), last]

    def downgrade(self) -> bool:
        """Give up the best form that is still tried; False when only plain text is left."""
        best, *others = self.candidates()
        if not others:
            return False
        self.refuse(best)
        return True

    def refuse(self, form: FormT) -> None:
        """Remember that Slack did not take a form."""
        with self._guard:
            self._refused_at[form] = time.monotonic()
        log.warning("Slack refused a form; using the next one for an hour", form=form.value)


class Responder:
    """Sends messages back to whoever asked; `enqueue` has a direct message delivered even if Slack is away now."""

    def __init__(
        self, client: WebClient, forms: AcceptedForms[Form], enqueue: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._client = client
        self._forms = forms
        self._enqueue = enqueue

    def reply(self, to: InboundRequest, message: Message) -> None:
        """Answer so that only the asker sees it."""
        visibility = {"response_type": "ephemeral", "replace_original": False}
        if not self._send(to, message, visibility):
            self._send(to, Message(message.text), visibility)

    def send_table(
        self, to: InboundRequest, draw: Callable[[Form], Message], *, public: bool, replace: bool = False
    ) -> None:
        """Answer with a table in the best form Slack takes, in the channel or for the asker only."""
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
        """Answer with something that has forms of its own."""
        visibility = {"response_type": "in_channel" if public else "ephemeral", "replace_original": replace}
        for form in forms.candidates():
            message = draw(form)
            if self._send(to, message, visibility):
                return
            forms.refuse(form)
        self._send(to, Message(message.text), visibility)

    def direct(self, user_id: str, message: Message) -> str:
        """Send a direct message and return the id of its conversation. Raises SlackApiError."""
        sent = self._client.chat_postMessage(channel=user_id, **payload_of(message))
        return text_field(sent, "channel")

    def send_file(self, user_id: str, note: Message, name: str, content: bytes) -> None:
        """Send a file by direct message, announced by a note. Raises SlackApiError."""
        conversation = self.direct(user_id, note)
        self._client.files_upload_v2(channel=conversation, filename=name, title=name, content=content)

    def _send(self, to: InboundRequest, message: Message, visibility: dict[str, Any]) -> bool:
        """Send an answer on its way; False only when Slack refused the blocks."""
        error = self._post(to.response_url, payload_of(message) | visibility) if to.response_url else "no response_url"
        if error is None:
            return True
        if any(refused in error for refused in _REFUSED_BLOCKS):
            return False
        with bound_contextvars(ref=to.reference):  # also on the thread of a timer
            log.info("answering by direct message", reason=error)
            self._enqueue(to.user_id, payload_of(message))
        return True

    def _post(self, url: str, payload: dict[str, Any]) -> str | None:
        """Post to a response_url, once more when Slack wants a short pause; return what Slack had against it."""
        try:
            response = WebhookClient(url, timeout=_WEBHOOK_TIMEOUT).send_dict(payload)
            if response.status_code == _RATE_LIMITED and (pause := retry_after(response.headers)) <= _LONGEST_PAUSE:
                time.sleep(pause)
                response = WebhookClient(url, timeout=_WEBHOOK_TIMEOUT).send_dict(payload)
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            return str(error)
        refused = response.status_code != _OK or _says_no(response.body)
        return f"{response.status_code} {response.body}" if refused else None


def _says_no(body: str) -> bool:
    """Whether a body means a refusal; with 200 it is `ok`, or JSON that can say otherwise."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    said_no = isinstance(said, dict) and said.get("ok") is False
    return said_no or any(word in body for word in _REFUSED_BLOCKS)


def payload_of(message: Message) -> dict[str, Any]:
    """Return the arguments of `chat.postMessage` for a message."""
    payload: dict[str, Any] = {
        "text": cut(message.text, MESSAGE_TEXT),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return payload | {"blocks": list(message.blocks)} if message.blocks else payload
