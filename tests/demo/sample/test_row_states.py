"""Each drift class, found by raw values as a database administrator would look for it."""

import re
import sqlite3
from collections import Counter
from datetime import datetime, timedelta

import pytest

from bot.demo.sample.hierarchy import nal_path

OLD, FRESH = timedelta(days=2), timedelta(hours=1)

# n: source version, m: site row, k: DP row; {old} and {fresh} are the edges of "long ago" and "just now".
SITE = """SELECT s.ID, s.SiteCode FROM dbo.PkgStatus s JOIN dbo.v_Package p ON p.PackageID = s.ID
    WHERE s.Type = 1 AND p.PkgSourceFlag = 2 AND """
POINT = """SELECT s.ID, s.PkgServer FROM dbo.PkgStatus s JOIN dbo.v_Package p ON p.PackageID = s.ID
    JOIN dbo.PkgStatus m ON m.ID = s.ID AND m.SiteCode = s.SiteCode AND m.Type = 1
    WHERE s.Type = 2 AND p.PkgSourceFlag = 2 AND """
JOB = """EXISTS (SELECT 1 FROM dbo.DistributionJobs j JOIN dbo.DistributionPoints d ON d.DPID = j.DPID
    WHERE j.PkgID = s.ID AND d.NALPath = s.PkgServer AND j.State IN (0, 1, 2, 3, 4, 8))"""
KNOWN_POINT = "s.PkgServer IN (SELECT NALPath FROM dbo.DistributionPoints)"
LONG_AGO = "s.UpdateTime < :old AND p.SourceDate < :old"

CLASSES = {
    "site in flight, the package changed": SITE + "s.SourceVersion < p.SourceVersion AND p.SourceDate > :fresh",
    "site in flight, just sent": SITE + "s.Status = 1 AND s.UpdateTime > :fresh AND p.SourceDate < :old",
    "DP in flight, the package changed": POINT + "s.SourceVersion < p.SourceVersion AND p.SourceDate > :fresh",
    "DP in flight, the row moved": POINT + "s.SourceVersion < p.SourceVersion AND p.SourceDate < :old"
    " AND s.UpdateTime > :fresh",
    "DP in flight, a job is open": POINT + f"s.SourceVersion < p.SourceVersion AND {LONG_AGO} AND {JOB}",
    "site behind": SITE + f"s.SourceVersion BETWEEN 1 AND p.SourceVersion - 1 AND {LONG_AGO}",
    "site stuck at SENT": SITE + f"s.Status = 1 AND {LONG_AGO}",
    "DP behind": POINT + "m.SourceVersion = p.SourceVersion AND m.Status IN (2, 3) AND s.Status = 3 AND"
    f" s.SourceVersion BETWEEN 1 AND p.SourceVersion - 1 AND {LONG_AGO} AND {KNOWN_POINT} AND NOT {JOB}",
    "DP retrying for days": POINT + f"s.Status = 4 AND {LONG_AGO}",
    "failed to install": POINT + f"s.Status = 5 AND {LONG_AGO}",
    "failed to remove": POINT + f"s.Status = 8 AND {LONG_AGO}",
    "site ahead": SITE + "s.SourceVersion > p.SourceVersion",
    "DP ahead": POINT + "s.SourceVersion > p.SourceVersion",
    "site reset": SITE + "s.SourceVersion = 0 AND s.Status = 2",
    "DP reset": POINT + "s.SourceVersion = 0 AND s.Status = 2",
    "removed": POINT + "s.Status = 6",
    "pending remove": POINT + "s.Status = 7",
    "retry remove": POINT + "s.Status = 9",
    "orphan": POINT + f"NOT {KNOWN_POINT}",
    "ambiguous site row": SITE + "1 = 1 GROUP BY s.ID, s.SiteCode, s.PkgServer HAVING count(*) > 1",
    "ambiguous DP row": "SELECT s.ID, s.PkgServer FROM dbo.PkgStatus s WHERE s.Type = 2"
    " GROUP BY s.ID, s.SiteCode, s.PkgServer HAVING count(*) > 1",
    "unknown status": POINT + "s.Status = 42",
}


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_is_there(site: sqlite3.Connection, now: datetime, name: str) -> None:
    edges = {"old": f"{now - OLD:%Y-%m-%d %H:%M:%S}", "fresh": f"{now - FRESH:%Y-%m-%d %H:%M:%S}"}
    used = {edge: text for edge, text in edges.items() if f":{edge}" in CLASSES[name]}

    assert site.execute(CLASSES[name], used).fetchall()


def test_one_package_has_dp_rows_in_a_site_without_a_site_row(site: sqlite3.Connection) -> None:
    found = site.execute("""SELECT DISTINCT s.ID, s.SiteCode FROM dbo.PkgStatus s
        JOIN dbo.v_Package p ON p.PackageID = s.ID AND p.PkgSourceFlag = 2 AND p.PkgFlags = 0
        WHERE s.Type = 2 AND NOT EXISTS
        (SELECT 1 FROM dbo.PkgStatus m WHERE m.ID = s.ID AND m.Type = 1 AND m.SiteCode = s.SiteCode)""")

    assert found.fetchall() == [("PS100058", "P02")]


def test_one_point_has_a_path_that_does_not_parse(site: sqlite3.Connection) -> None:
    shape = re.compile(r'\["Display=\\\\(.+)\\"\]MSWNET:\["SMS_SITE=(\w{3})"\]\\\\\1\\')
    paths = [row[0] for row in site.execute("SELECT DISTINCT PkgServer FROM dbo.PkgStatus WHERE Type = 2")]

    assert [path for path in paths if not shape.fullmatch(path)] == [r"\\HEL-NAS01\SMSPKGD$"]


def test_packages_that_no_point_needs_are_there_with_stray_rows(site: sqlite3.Connection) -> None:
    found = site.execute("""SELECT DISTINCT p.PackageID FROM dbo.v_Package p JOIN dbo.PkgStatus s
        ON s.ID = p.PackageID WHERE p.PkgSourceFlag = 1 OR p.PkgFlags = 268435456""")

    assert sorted(found) == [("PS100121",), ("PS100122",)]


def test_most_rows_are_in_sync(site: sqlite3.Connection) -> None:
    healthy = site.execute("""SELECT count(*) FROM dbo.PkgStatus s
        JOIN dbo.v_Package p ON p.PackageID = s.ID AND p.SourceVersion = s.SourceVersion
        WHERE s.Status = 3 OR s.Status = 2 AND s.Type = 1""").fetchone()[0]
    everything = site.execute("SELECT count(*) FROM dbo.PkgStatus").fetchone()[0]

    assert 0.8 * everything < healthy < everything


def test_the_boot_image_tells_the_story_and_nothing_else(site: sqlite3.Connection) -> None:
    package = "SELECT Name, SourceVersion, SourceSite, PackageType FROM dbo.v_Package WHERE PackageID = 'PS100112'"
    state = "SELECT Type, SiteCode, SourceVersion, Status FROM dbo.PkgStatus WHERE ID = 'PS100112'"

    assert site.execute(package).fetchone() == ("Boot image (x64)", 13, "PS1", 258)
    assert Counter(site.execute(state)) == {
        (1, "PS1", 13, 3): 1,
        (1, "P02", 7, 2): 1,
        (2, "P02", 7, 3): 16,
        (2, "PS1", 13, 3): 20,
        (2, "PS1", 7, 3): 2,
        (2, "PS1", 12, 5): 1,
    }


def test_every_drifted_row_of_the_boot_image_is_past_any_grace(site: sqlite3.Connection, now: datetime) -> None:
    youngest = site.execute("""SELECT max(UpdateTime) FROM dbo.PkgStatus
        WHERE ID = 'PS100112' AND SourceVersion < 13""").fetchone()[0]

    assert youngest < f"{now - OLD:%Y-%m-%d %H:%M:%S}"


def test_servers_are_spelled_as_the_product_spells_them(site: sqlite3.Connection) -> None:
    holders = {row[0] for row in site.execute("SELECT PkgServer FROM dbo.PkgStatus WHERE ID = 'PS100112'")}

    assert {"CM01.contoso.com", "CM02.contoso.com"} <= holders
    assert '["Display=\\\\NYC-DP01.contoso.com\\"]MSWNET:["SMS_SITE=PS1"]\\\\NYC-DP01.contoso.com\\' in holders
    assert nal_path("CM02.contoso.com", "P02") in holders
