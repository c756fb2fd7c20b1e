"""The sample's two sites and forty distribution points, and how the product spells their names.

It knows servers, never packages.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DOMAIN = "contoso.com"


@dataclass(frozen=True)
class Site:
    """One site and the server it runs on."""

    code: str
    name: str
    server: str


@dataclass(frozen=True)
class Point:
    """One distribution point: the site it belongs to and the two names it goes by."""

    site: str
    server: str
    nal_path: str

    @property
    def host(self) -> str:
        """The short name, as people say it."""
        return self.server.partition(".")[0]


PRIMARY = Site("PS1", "Contoso Americas", f"CM01.{DOMAIN}")
SECONDARY = Site("P02", "Contoso Europe", f"CM02.{DOMAIN}")
SITES = (PRIMARY, SECONDARY)

CITIES: Mapping[str, Mapping[str, int]] = {
    "PS1": {"NYC": 4, "SEA": 4, "BOS": 3, "CHI": 3, "DAL": 3, "YYZ": 2, "MEX": 2, "GRU": 1},
    "P02": {"LON": 5, "MUC": 4, "ZRH": 3, "PAR": 2, "AMS": 1},
}
# Pull distribution points fetch their content from another one instead of being sent it.
PULLS_FROM = {"GRU-DP01": "MEX-DP01", "MEX-DP02": "MEX-DP01", "PAR-DP02": "PAR-DP01", "AMS-DP01": "LON-DP01"}


def nal_path(server: str, site: str) -> str:
    """Return the NAL path under which a server's rows are kept."""
    return rf'["Display=\\{server}\"]MSWNET:["SMS_SITE={site}"]\\{server}' + "\\"


def point(host: str, site: str) -> Point:
    """Return the distribution point of that short name."""
    server = f"{host}.{DOMAIN}"
    return Point(site, server, nal_path(server, site))


def _points_of(site: Site) -> list[Point]:
    hosts = [f"{city}-DP{n:02}" for city, count in CITIES[site.code].items() for n in range(1, count + 1)]
    return [point(host, site.code) for host in (site.server.partition(".")[0], *hosts)]


STANDARD = (*_points_of(PRIMARY), *_points_of(SECONDARY))
# A share from before the last migration, whose path no rule explains; only one package still targets it.
LEFTOVER = Point("PS1", f"HEL-NAS01.{DOMAIN}", r"\\HEL-NAS01\SMSPKGD$")
POINTS = (*STANDARD, LEFTOVER)
