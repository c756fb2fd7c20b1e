"""Which tests run beside each other; the harness of a module, and a fresh one for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

import bot.logs  # noqa: F401 - structlog prints to standard output until this is imported
from tests.bot_process import SECRETS_BY_OUTPUT
from tests.harness import Harness
from tests.leaks import leaks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xdist.remote import Producer

SHARING = ("tests/dbapi/", "tests/deploy/", "tests/site/", "tests/store/")
"""Folders whose tests share the databases that ODBC strings name."""


# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


class DatabaseAwareScheduling(LoadScopeScheduling):  # type: ignore[misc] # the library has no types
    """Keeps together, in one process, the tests of a file, and all those that share a database."""

    def _split_scope(self, nodeid: str) -> str:
        shares = nodeid.startswith(SHARING) or "postgresql" in nodeid.casefold()
        return "databases" if shares else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> DatabaseAwareScheduling:
    """Tell pytest-xdist how to share the tests out."""
    return DatabaseAwareScheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def no_secret_was_printed() -> Iterator[None]:
    """Look through the output of every program that any test of this session started."""
    yield
    found = {str(path): lines for path, secrets in SECRETS_BY_OUTPUT.items() if (lines := leaks(path, secrets))}
    assert found == {}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Yield a harness on which a bot with the demo's settings is connected; leave it as you found it."""
    with Harness(tmp_path_factory.mktemp("harness")) as harness:
        harness.start_bot()
        yield harness


@pytest.fixture
def fresh_harness(tmp_path: Path) -> Iterator[Harness]:
    """Yield a harness without a bot."""
    with Harness(tmp_path) as harness:
        yield harness
