"""The image and the ways to start it: each file is parsed by what knows its kind, and its settings by the bot's own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import kubernetes_validate
import pytest
import yaml
from packaging.requirements import Requirement

from bot.exit_codes import Exit
from bot.settings.errors import is_known
from bot.settings.model import Health, Sections, Work

if TYPE_CHECKING:
    from tests.settings.conftest import Places

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "pkgstatus-bot.service"
PINS = [DEPLOY / "requirements.txt", DEPLOY / "requirements-build.txt"]
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
PORT = Health().address.rpartition(":")[2]
SECRET_FILES = {"slack__bot_token": "xoxb-1", "slack__app_token": "xapp-1"}
DRAIN = Work().drain.total_seconds()
needs_systemd = pytest.mark.skipif(which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def ran(tool: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a tool of the test suite's own; return its exit code and what it said."""
    found = which(tool, path=str(Path(sys.executable).parent)) or tool
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_setting_that_any_of_the_files_names_is_one() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    named = {name for file in files for name in re.findall(r"PKGSTATUS_[A-Z_]+", file.read_text(encoding="utf-8"))}
    beside = {"PKGSTATUS_SECRETS", "PKGSTATUS_CONFIG", "PKGSTATUS_TEST_SITE_ODBC", "PKGSTATUS_TEST_STORE_ODBC"}

    assert {name for name in named - beside if not is_known(Sections, name)} == set()


class TestImage:
    def test_the_dockerfile_is_one_without_a_fault(self) -> None:
        assert ran("hadolint", DEPLOY / "Dockerfile") == (0, "")

    def test_microsofts_driver_is_there_only_for_those_who_accept_its_terms(self) -> None:
        (install,) = [each for each in read("Dockerfile").replace("\\\n", "").split("\n") if "msodbcsql18" in each]

        assert "ARG ACCEPT_EULA=N" in read("Dockerfile")
        assert 'accept-eula="${ACCEPT_EULA}"' in read("Dockerfile")
        assert install.index('if [ "${ACCEPT_EULA}" = Y ]') < install.index("msodbcsql18") < install.index("fi ")

    def test_it_runs_as_nobody_special_and_tells_whether_it_lives(self) -> None:
        last = read("Dockerfile").rpartition("\nFROM ")[2]

        assert "\nUSER 10001:10001\n" in last
        assert f"http://127.0.0.1:{PORT}/healthz" in last
        assert last.index("USER") < last.index("HEALTHCHECK") < last.index("ENTRYPOINT")

    def test_it_sets_nothing_that_a_secret_could_be_meant_to_set(self) -> None:
        assert set(re.findall(r"PKGSTATUS_(\w+)", read("Dockerfile"))) == {"LOGS__FORMAT"}

    def test_everything_it_copies_is_there_and_nothing_secret_is(self) -> None:
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read("Dockerfile"), re.MULTILINE)
        names = {name for line in copied for name in line.split()}
        kept_out = read("Dockerfile.dockerignore").splitlines()

        assert [name for name in names if not (ROOT / name).exists()] == []
        assert kept_out[1] == "**"
        assert {"deploy/env", "deploy/secrets"} <= set(kept_out)
        assert {name.split("/")[0] for name in names} <= {line[1:] for line in kept_out if line.startswith("!")}

    @pytest.mark.parametrize("file", PINS, ids=lambda file: file.name)
    def test_every_package_is_pinned_by_hash_and_no_address_is_named(self, file: Path) -> None:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        pins = re.findall(r"^\S+==\S+ (?:\\\n    --hash=sha256:[0-9a-f]{64} ?)+$", "\n".join(lines), re.MULTILINE)

        assert pins
        assert "".join(pins).count("\n") + len(pins) == len(lines)

    def test_the_pins_are_what_the_program_asks_for(self) -> None:
        pinned = dict(re.findall(r"^(\S+)==(\S+)", "\n".join(map(Path.read_text, PINS)), re.MULTILINE))
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        asked = [
            Requirement(text) for text in [*project["project"]["dependencies"], *project["build-system"]["requires"]]
        ]

        assert [str(each) for each in asked if each.name not in pinned or pinned[each.name] not in each.specifier] == []
        assert missing_rights(asked, pinned) == set()


def missing_rights(asked: list[Requirement], pinned: dict[str, str]) -> set[str]:
    """Return what the asked packages need in turn, on Linux and this Python, that has no pin."""
    waiting, seen = [each.name for each in asked if each.name != "hatchling"], set[str]()
    while waiting:
        name = waiting.pop()
        needs = [Requirement(text) for text in requires(name) or ()]
        wanted = {
            each.name.lower().replace("_", "-")
            for each in needs
            if not each.marker or each.marker.evaluate({"extra": ""})
        }
        waiting += wanted - seen
        seen |= wanted
    return seen - set(pinned)


class TestCompose:
    def test_it_is_one(self) -> None:
        code, said = ran("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")

        assert code == 0, said

    def test_the_bot_writes_nowhere_but_into_its_store_and_has_no_rights(self) -> None:
        bot = yaml.safe_load(read("compose.yaml"))["services"]["bot"]

        assert bot["read_only"]
        assert bot["cap_drop"] == ["ALL"]
        assert bot["volumes"] == ["store:/var/lib/pkgstatus-bot"]
        assert bot["env_file"] == [{"path": "env", "required": False}]
        assert float(bot["stop_grace_period"].rstrip("s")) > DRAIN

    def test_each_profile_starts_what_its_parts_need(self) -> None:
        services = yaml.safe_load(read("compose.yaml"))["services"]
        profiles = {name: set(service.get("profiles", ())) for name, service in services.items()}

        assert {profile for found in profiles.values() for profile in found} == {"postgresql", "sqlserver", "suites"}
        assert {
            (name, needed)
            for name, service in services.items()
            for needed in service.get("depends_on", ())
            if not profiles[name] <= profiles[needed]
        } == set()

    def test_the_suites_are_told_where_the_server_is(self) -> None:
        services = yaml.safe_load(read("compose.yaml"))["services"]
        told = services["suites"]["environment"]

        for name, database in zip(
            ("SITE", "STORE"), services["trial-databases"]["environment"]["DATABASES"].split(), strict=True
        ):
            odbc = told[f"PKGSTATUS_TEST_{name}_ODBC"]
            assert f"Server=trial;Database={database};" in odbc
            assert f"Pwd={services['trial']['environment']['MSSQL_SA_PASSWORD']};" in odbc


@needs_systemd
class TestSystemd:
    @pytest.fixture
    def unit(self, tmp_path: Path) -> Path:
        """Return the unit with a program that is there."""
        copy = tmp_path / UNIT.name
        copy.write_text(re.sub("(?m)^ExecStart=.*$", "ExecStart=/bin/true run", UNIT.read_text(encoding="utf-8")))
        return copy

    def test_it_is_understood_whole(self, unit: Path) -> None:
        assert ran("systemd-analyze", "verify", "--recursive-errors=no", unit) == (0, "")

    def test_what_it_does_not_know_would_be_noticed(self, unit: Path) -> None:
        unit.write_text(unit.read_text(encoding="utf-8") + "ProtectEverything=yes\n")

        assert "ProtectEverything" in ran("systemd-analyze", "verify", "--recursive-errors=no", unit)[1]

    def test_it_is_kept_well_away_from_the_machine(self, unit: Path) -> None:
        code, said = ran("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)

        assert code == 0, said


def test_the_unit_gives_up_on_what_does_not_get_better_and_lets_the_bot_finish() -> None:
    keys = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE))
    hopeless = {Exit.NOT_DONE, Exit.REFUSED_BY_SLACK, Exit.REFUSED_BY_POLICY}

    assert {int(code) for code in keys["RestartPreventExitStatus"].split()} == hopeless
    assert int(keys["TimeoutStopSec"]) > DRAIN
    assert keys["ExecStart"].endswith("/pkgstatus-bot run")


def documents(file: Path) -> dict[str, Any]:
    """Return what a manifest holds, by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all(file.read_text(encoding="utf-8"))}


def mounted(file: Path, folder: Path) -> None:
    """Lay the secret that a manifest asks for out as Kubernetes does: links to files in a folder behind a link."""
    (folder / "..2026").mkdir()
    (folder / "..data").symlink_to("..2026")
    for name in re.findall(r"--from-file=(\w+)", file.read_text(encoding="utf-8")):
        (folder / "..2026" / name).write_text(
            SECRET_FILES.get(name, "Driver=FreeTDS;Database=CM_PS1"), encoding="utf-8"
        )
        (folder / name).symlink_to(f"..data/{name}")


@pytest.mark.parametrize("file", KUBERNETES, ids=lambda file: file.stem)
class TestKubernetes:
    def test_it_is_what_kubernetes_takes(self, file: Path) -> None:
        for document in documents(file).values():
            kubernetes_validate.validate(document, "1.30", strict=True)

    def test_its_settings_and_the_files_of_its_secret_are_a_start(self, file: Path, nowhere: Places) -> None:
        given = documents(file)["ConfigMap"]["data"]
        mounted(file, nowhere.folder)
        values = {name.removeprefix("PKGSTATUS_"): text for name, text in given.items()}

        settings = nowhere.environment(**values | {"SECRETS": str(nowhere.folder)}).load()

        assert settings.health.address == f"0.0.0.0:{PORT}"
        assert settings.sites["PS1"].writer
        assert settings.store.get_secret_value().startswith({"one": "sqlite:", "two": "Driver="}[file.stem])

    def test_the_pod_has_probes_secrets_as_files_and_no_rights(self, file: Path) -> None:
        pod = documents(file)["Deployment"]["spec"]["template"]["spec"]
        (bot,) = pod["containers"]
        mounts = {mount["name"]: mount for mount in bot["volumeMounts"]}

        assert bot["livenessProbe"]["httpGet"]["path"] == bot["startupProbe"]["httpGet"]["path"] == "/healthz"
        assert bot["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert bot["ports"] == [{"name": "health", "containerPort": int(PORT)}]
        assert mounts["secrets"]["mountPath"] == documents(file)["ConfigMap"]["data"]["PKGSTATUS_SECRETS"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert bot["securityContext"]["readOnlyRootFilesystem"]
        assert pod["terminationGracePeriodSeconds"] > DRAIN

    def test_a_file_has_one_owner_and_two_bots_share_a_server(self, file: Path) -> None:
        replicas = {"one": 1, "two": 2}[file.stem]
        spec = documents(file)["Deployment"]["spec"]
        claims = [each for each in spec["template"]["spec"]["volumes"] if "persistentVolumeClaim" in each]

        assert spec["replicas"] == replicas
        assert len(claims) == (1 if replicas == 1 else 0)
        assert (spec["strategy"]["type"] == "Recreate") == (replicas == 1)


def test_the_windows_service_is_whole_and_lets_the_bot_finish() -> None:
    service = ET.fromstring(read("windows/pkgstatus-bot.xml"))  # noqa: S314 - our own file
    texts = {part.tag: (part.text or "").strip() for part in service}

    assert texts["executable"].endswith("pkgstatus-bot.exe")
    assert texts["arguments"] == "run"
    assert int(texts["stoptimeout"].removesuffix(" sec")) > DRAIN
    assert service.findtext("serviceaccount/username", "").endswith("$")
    assert {each.get("name") for each in service.iter("env")} == {
        "PKGSTATUS_CONFIG",
        "PKGSTATUS_SECRETS",
        "PKGSTATUS_LOGS__FORMAT",
    }


def test_the_dashboard_is_json() -> None:
    assert json.loads(read("grafana/pkgstatus-bot.json"))["panels"]
