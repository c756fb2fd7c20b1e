"""What an ODBC connection string asks for, as far as it decides whether the bot may use it, and what it must not print.

Keywords: Microsoft's list for ODBC Driver 18, and those of FreeTDS and psqlODBC. What a DSN asks for is not in it, so
unknown here.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM = "Driver={ODBC Driver 18 for SQL Server};Server=HOST;Database=NAME, then UID and PWD or Trusted_Connection=yes"
ALLOWED_BY = "PKGSTATUS_UNENCRYPTED_DATABASES=true allows it"
MOST_PORT = 65_535

_PAIR = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)")
_PART = re.compile(r"[^=;]+=(?:\s*\{(?:[^}]|\}\})*\}\s*|[^;]*)(?:;|$)|\s*(?:;|$)")
_URL = re.compile(r"[a-z][a-z0-9+._-]*:/", re.IGNORECASE)
_DOTNET = {"data source", "initial catalog", "integrated security", "user id", "trust server certificate"}
_FREETDS = ("freetds", "tdsodbc")
_MICROSOFT = ("sql server", "msodbcsql", "sqlncli")
_POSTGRESQL = ("postgres", "psqlodbc")
_COLON_PORT = re.compile(r"(tcp:)?([\w.-]+|\[[\da-f:.]+\])(\\[\w$#-]+)?:\d+")
_VERSION = re.compile(r"odbc driver (\d+)|msodbcsql-?(\d+)")
_ENCRYPTS_BY_ITSELF = 18
_PROOFS = {"pwd", "password", "accesstoken"}
_ON = {"yes", "y", "1", "true"}
_ENCRYPTED = {*_ON, "on", "mandatory", "strict", "require", "required"}
_ENCRYPTED_POSTGRESQL = {"require", "verify-ca", "verify-full", "r", "c", "f"}
_HOSTS = ("server", "servername", "address", "addr", "network address", "hostaddr", "failover_partner")


def asked(address: str) -> dict[str, str]:
    """Return what the string asks for, by keyword in lower case; of a keyword given twice the first counts."""
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(address):
        found.setdefault(key.lower(), value.strip().removeprefix("{").removesuffix("}").strip().lower())
    return found


def driver_of(address: str) -> str:
    """Return the driver as it is written; empty where a DSN names it, or where the text is no ODBC string."""
    named = next((value for key, value in _PAIR.findall(address) if key.lower() == "driver"), "")
    return str(named).strip().removeprefix("{").removesuffix("}").strip()


def sources_of(address: str) -> tuple[str, str]:
    """Return the data source and the file of one that the string names, each as it is written or empty."""
    named: dict[str, str] = {}
    for key, value in _PAIR.findall(address):
        named.setdefault(key.lower(), value.strip().removeprefix("{").removesuffix("}").strip())
    return named.get("dsn", ""), named.get("filedsn", "")


def passwords(address: str) -> Iterator[str]:
    """Return what proves a login, as it is written and as the server gets it."""
    for key, value in _PAIR.findall(address):
        if key.lower() in _PROOFS:
            yield from {value.strip(), value.strip().removeprefix("{").removesuffix("}").replace("}}", "}")}


def mistake(address: str) -> str:
    """Say why a text is no ODBC connection string, in half a sentence; empty when it is one."""
    if address.lower().startswith("jdbc:"):
        return f"is a JDBC address; ODBC writes it {FORM}"
    if _URL.match(address):
        return f"is a URL of another library; ODBC writes it {FORM}"
    if "=" not in address:
        return "is neither sqlite:///path nor an ODBC connection string"
    wishes = asked(address)
    if "provider" in wishes:
        return f"is written for OLE DB; ODBC writes it {FORM}"
    if _DOTNET & wishes.keys():
        return f"is written for .NET; ODBC writes it {FORM}"
    if not _is_whole(address):
        return "has a part that is not KEYWORD=value; a value with ; { or } in it stands in braces, like {a;b}"
    if not any(map(wishes.get, ("driver", "dsn", "filedsn"))):
        return f"names no driver; ODBC writes it {FORM}"
    return _wrong_port(wishes)


def unencrypted(address: str) -> str:
    """Say why a link would not be sure to be encrypted, with the cure; empty when it is, or never leaves this machine.

    Microsoft's driver encrypts by itself from version 18 on, older ones only when they are told to. FreeTDS and
    psqlODBC go on without where the server does not offer it, unless they are told to insist.
    """
    wishes = asked(address)
    if _stays_here(wishes):
        return ""
    driver = wishes.get("driver", "")
    given = wishes.get("encryption") or wishes.get("encrypt")
    tls = wishes.get("sslmode") or wishes.get("ca")
    off = f"turns encryption off on the way to another machine; {ALLOWED_BY}"
    if _is(driver, _POSTGRESQL):
        if tls in _ENCRYPTED_POSTGRESQL:
            return ""
        return f"does not insist on encryption: add SSLmode=verify-full, or SSLmode=require; {ALLOWED_BY}"
    if given is not None:
        return "" if given in _ENCRYPTED else f"{off}, Encrypt=yes is better"
    if tls == "disable":
        return off
    if _is(driver, _FREETDS):
        is_named_elsewhere = "servername" in wishes and "server" not in wishes
        return "" if is_named_elsewhere else f"does not insist on encryption: add Encryption=require; {ALLOWED_BY}"
    if _is(driver, _MICROSOFT) and _version(driver) < _ENCRYPTS_BY_ITSELF:
        cure = "use ODBC Driver 18 for SQL Server, or add Encrypt=yes"
        return f"names a driver that does not encrypt by itself: {cure}; {ALLOWED_BY}"
    return ""


def is_unknown(address: str) -> bool:
    """Whether it stands elsewhere, in a file of ODBC or FreeTDS, what the link asks for."""
    wishes = asked(address)
    return ("driver" not in wishes or "servername" in wishes) and "server" not in wishes


def is_read_only(address: str) -> bool:
    """Whether the string asks for a place that can only be read: a secondary replica."""
    return asked(address).get("applicationintent") == "readonly"


def trusts_anybody(address: str) -> bool:
    """Whether the string says that the server's certificate shall not be checked."""
    return asked(address).get("trustservercertificate") in _ON


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself by its name or address."""
    if host in {"localhost", ".", "(local)", ""} or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _stays_here(wishes: dict[str, str]) -> bool:
    """Whether every server named is this machine; one that names none means this machine too, unless a DSN does."""
    named = [wishes[key] for key in _HOSTS if key in wishes]
    if not named:
        return "driver" in wishes
    if _is(wishes.get("driver", ""), _POSTGRESQL):
        named = [host for names in named for host in names.split(",")]
    return all(map(_is_here, named))


def _is_here(server: str) -> bool:
    """Read Microsoft's [protocol:]host[,port], also with an instance, a host:port, and the folder of a Unix socket."""
    protocol, colon, rest = server.partition(":")
    if colon and protocol in {"tcp", "np", "lpc", "admin"}:
        server = rest
    if server.startswith(("/", "(localdb)", r"\\.\pipe")) or protocol == "lpc":
        return True
    host = server.partition("\\")[0].partition(",")[0].strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return is_loopback(host)


def _is_whole(address: str) -> bool:
    """Whether the string is nothing but KEYWORD=value, with ; between them and every brace closed."""
    position = 0
    while position < len(address):
        match = _PART.match(address, position)
        if match is None:
            return False
        value = match[0].partition("=")[2].strip()
        if value.startswith("{") and not value.rstrip("; ").endswith("}"):
            return False
        position = match.end()
    return True


def _wrong_port(wishes: dict[str, str]) -> str:
    servers = [wishes[key] for key in _HOSTS if key in wishes]
    if _is(wishes.get("driver", ""), _MICROSOFT) and any(map(_COLON_PORT.fullmatch, servers)):
        return "has a : before the port; SQL Server takes a comma, like Server=cm01.contoso.com,1433"
    ports = [wishes["port"]] if "port" in wishes else []
    if not _is(wishes.get("driver", ""), _POSTGRESQL):
        ports += [server.rpartition(",")[2].strip() for server in servers if "," in server]
    if all(port.isdecimal() and 0 < int(port) <= MOST_PORT for port in ports):
        return ""
    return f"names a port that is no number from 1 to {MOST_PORT}; SQL Server's own is 1433, PostgreSQL's 5432"


def _is(driver: str, words: tuple[str, ...]) -> bool:
    """Whether a driver is of a kind, by its name or file; FreeTDS may be called anything with SQL Server in it."""
    if words is not _FREETDS and _is(driver, _FREETDS):
        return False
    return any(word in driver for word in words)


def _version(driver: str) -> int:
    found = _VERSION.search(driver)
    return int(found[1] or found[2]) if found else 0
