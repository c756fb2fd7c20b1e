"""Which tests run beside each other; stages for front-door tests: one shared by a module, a fresh one for breaking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

import bot.logs  # noqa: F401 - structlog prints to standard output until this is imported
from tests.bots import PRINTED
from tests.leaks import leaks
from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xdist.remote import Producer

SHARING = ("tests/dbapi/", "tests/deploy/", "tests/site/", "tests/store/")
"""Folders whose tests share the databases that ODBC strings name."""


# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


class Together(LoadScopeScheduling):  # type: ignore[misc] # the library has no types
    """Keeps together, in one process, the tests of a file, and all those that share a database."""

    def _split_scope(self, nodeid: str) -> str:
        shares = nodeid.startswith(SHARING) or "postgresql" in nodeid.casefold()
        return "databases" if shares else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Tell pytest-xdist how to share the tests out."""
    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def nothing_that_was_printed_holds_a_secret() -> Iterator[None]:
    """Look through the output of every program that any test of this session started."""
    yield
    found = {str(path): lines for path, secrets in PRINTED.items() if (lines := leaks(path, secrets))}
    assert found == {}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a stage on which a bot with the demo's settings is connected; leave it as you found it."""
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        stage.start_bot()
        yield stage


@pytest.fixture
def fresh_stage(tmp_path: Path) -> Iterator[Stage]:
    """Yield a stage without a bot."""
    with Stage(tmp_path) as stage:
        yield stage
