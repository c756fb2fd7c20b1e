"""Ask several sites the same question at once, so that one that is away or slow holds up no other for long.

The site named first is waited for as long as its own timeouts allow; when it has answered, the others get a little more
time and are then counted as away. A site with many questions still unanswered is not asked another one.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.domain.site_error_kind import SiteErrorKind
from bot.usecases.ports.site import SiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.domain.package import SiteCode
    from bot.usecases.ports.site import SiteReader

Result = TypeVar("Result")

PATIENCE_SECONDS = 10.0
MOST_UNANSWERED = 8


@dataclass(slots=True)
class SiteFanout:
    """Asks the sites of the settings; safe to use from many threads."""

    readers: Mapping[SiteCode, SiteReader]
    patience: float = PATIENCE_SECONDS
    _unanswered: Counter[SiteCode] = field(default_factory=Counter)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self, question: Callable[[SiteReader], Result], order: Sequence[SiteCode]
    ) -> tuple[dict[SiteCode, Result], list[SiteError]]:
        """Return what the sites answered and the errors of those that did not, both in this order.

        Raises whatever else the question raises.
        """
        answers: dict[SiteCode, Result | Exception] = {}
        heard: queue.SimpleQueue[tuple[SiteCode, Result | Exception]] = queue.SimpleQueue()
        others = {code for code in order[1:] if self._begin(code, question, heard)}
        for code in order[:1]:
            answers[code] = _outcome(self.readers[code], question)
        deadline = time.monotonic() + self.patience
        while others - answers.keys():
            try:
                code, outcome = heard.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                break
            answers[code] = outcome
        outcomes = {code: answers.get(code) if code in answers else _too_slow(code) for code in order}
        return _sorted(outcomes)

    def _begin(
        self,
        code: SiteCode,
        question: Callable[[SiteReader], Result],
        heard: queue.SimpleQueue[tuple[SiteCode, Result | Exception]],
    ) -> bool:
        with self._guard:
            if self._unanswered[code] >= MOST_UNANSWERED:
                return False
            self._unanswered[code] += 1

        def work() -> None:
            heard.put((code, _outcome(self.readers[code], question)))
            with self._guard:
                self._unanswered[code] -= 1

        threading.Thread(target=copy_context().run, args=(work,), name=f"ask-{code}", daemon=True).start()
        return True


def _outcome(site: SiteReader, question: Callable[[SiteReader], Result]) -> Result | Exception:
    try:
        return question(site)
    except Exception as error:  # noqa: BLE001 - the asking thread raises it again
        return error


def _too_slow(code: SiteCode) -> SiteError:
    return SiteError(code, SiteErrorKind.TIMEOUT, "no answer yet when the other sites had answered")


def _sorted(outcomes: Mapping[SiteCode, object]) -> tuple[dict[SiteCode, Result], list[SiteError]]:
    answered: dict[SiteCode, Result] = {}
    away: list[SiteError] = []
    for code, outcome in outcomes.items():
        if isinstance(outcome, SiteError):
            away.append(outcome)
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            answered[code] = outcome  # type: ignore[assignment]
    return answered, away
