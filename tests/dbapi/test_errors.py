"""Which driver error means what, by the messages that drivers really give."""

from __future__ import annotations

import sqlite3

import pytest

from bot.dbapi import ErrorKind, errors

case = pytest.param
MS = "[Microsoft][ODBC Driver 18 for SQL Server]"
SERVER = f"{MS}[SQL Server]"
MARKER = "hunter2"


class DriverError(Exception):
    """An error as pyodbc raises it: the state, and the message with the native number in brackets."""


def named(state: str, message: str, *, connecting: bool = False) -> ErrorKind:
    """Return the name of an error as pyodbc gives it."""
    return errors.from_driver(DriverError(state, f"[{state}] {message}"), connecting=connecting).kind


MICROSOFT_SAYS = [
    case(
        "28000",
        f"{SERVER}Login failed for user 'bot'. (18456) (SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="wrong password",
    ),
    case(
        "28000",
        f"{SERVER}Login failed for user 'bot'. (18456) (SQLDriverConnect); [28000] {SERVER}Cannot open database "
        '"CM_PS1" requested by the login. The login failed. (4060)',
        ErrorKind.LOGIN,
        id="no access to the database, told twice",
    ),
    case(
        "42000",
        f'{SERVER}Cannot open database "CM_PS1" requested by the login. The login failed. (4060) (SQLDriverConnect)',
        ErrorKind.LOGIN,
        id="no such database",
    ),
    case(
        "28000",
        f"{SERVER}Login failed. The login is from an untrusted domain and cannot be used with Integrated "
        "authentication. (18452) (SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="untrusted domain",
    ),
    case(
        "HY000",
        f"{MS}SSPI Provider: No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0) (851968) "
        "(SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="no Kerberos ticket",
    ),
    case(
        "HY000",
        f"{MS}SSPI Provider: Ticket expired (851968) (SQLDriverConnect); [HY000] {MS}Cannot generate SSPI "
        "context (851968)",
        ErrorKind.LOGIN,
        id="an expired Kerberos ticket",
    ),
    case(
        "42000",
        f"{SERVER}The SELECT permission was denied on the object 'PkgStatus', database 'CM_PS1', schema 'dbo'. (229) "
        "(SQLExecDirectW)",
        ErrorKind.PERMISSION,
        id="no right to read a table",
    ),
    case(
        "42000",
        f"{SERVER}The SELECT permission was denied on the column 'PkgServer' of the object 'PkgStatus'. (230) "
        "(SQLExecDirectW)",
        ErrorKind.PERMISSION,
        id="no right to read a column",
    ),
    case(
        "08004",
        f'{SERVER}The server principal "bot" is not able to access the database "CM_PS1" under the current security '
        "context. (916) (SQLExecDirectW)",
        ErrorKind.PERMISSION,
        id="no right to use the database",
    ),
    case(
        "42S02", f"{SERVER}Invalid object name 'dbo.PkgStatus'. (208) (SQLExecDirectW)", ErrorKind.SCHEMA, id="no table"
    ),
    case(
        "42S22",
        f"{SERVER}Invalid column name 'SourceVersion'. (207) (SQLExecDirectW)",
        ErrorKind.SCHEMA,
        id="no column",
    ),
    case("HYT00", f"{MS}Query timeout expired (0) (SQLExecDirectW)", ErrorKind.TIMEOUT, id="a slow statement"),
    case(
        "42000",
        f"{SERVER}Lock request time out period exceeded. (1222) (SQLExecDirectW)",
        ErrorKind.LOCKED,
        id="a lock",
    ),
    case("HY008", f"{MS}Operation canceled (0) (SQLExecDirectW)", ErrorKind.TIMEOUT, id="cancelled"),
    case(
        "40001",
        f"{SERVER}Transaction (Process ID 61) was deadlocked on lock resources with another process and has been "
        "chosen as the deadlock victim. Rerun the transaction. (1205) (SQLExecDirectW)",
        ErrorKind.DEADLOCK,
        id="deadlock victim",
    ),
    case(
        "08S01",
        f"{MS}TCP Provider: Error code 0x68 (104) (SQLExecDirectW); [08S01] {MS}Communication link failure",
        ErrorKind.UNREACHABLE,
        id="the link is gone",
    ),
    case(
        "IMC06",
        f"{MS}The connection is broken and recovery is not possible. The client driver attempted to recover the "
        "connection one or more times and all attempts failed. (0) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the link could not be mended",
    ),
    case(
        "08001",
        f"{MS}TCP Provider: Error code 0x2AF9 (11001) (SQLDriverConnect)",
        ErrorKind.UNREACHABLE,
        id="no such server",
    ),
    case(
        "08001",
        f"{MS}SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate] "
        "(-1) (SQLDriverConnect)",
        ErrorKind.CERTIFICATE,
        id="a certificate that is not trusted",
    ),
    case(
        "08001",
        f"{MS}SSL Provider: [error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed:"
        f"unable to get local issuer certificate] (-1) (SQLDriverConnect); [08001] {MS}Client unable to establish "
        "connection (-1)",
        ErrorKind.CERTIFICATE,
        id="a certificate of an unknown authority",
    ),
    case(
        "08001",
        f"{MS}SSL Provider: [error:0A000086:SSL routines::certificate verify failed:subject name does not match host "
        f"name] (-1) (SQLDriverConnect); [08001] {MS}Client unable to establish connection. For solutions related to "
        "encryption errors, see https://go.microsoft.com/fwlink/?linkid=2226722 (-1)",
        ErrorKind.CERTIFICATE,
        id="a certificate of another name",
    ),
    case(
        "08001",
        "[Microsoft][ODBC Driver 17 for SQL Server]SSL Provider: The certificate chain was issued by an authority that "
        "is not trusted.\r\n (-2146893019) (SQLDriverConnect); [08001] [Microsoft][ODBC Driver 17 for SQL Server]"
        "Client unable to establish connection (-2146893019)",
        ErrorKind.CERTIFICATE,
        id="a certificate that is not trusted, on Windows",
    ),
    case(
        "08001",
        f"{MS}SSL-Provider: Die Zertifikatkette wurde von einer nicht vertrauenswürdigen Zertifizierungsstelle "
        "ausgestellt.\r\n (-2146893019) (SQLDriverConnect)",
        ErrorKind.CERTIFICATE,
        id="a certificate that is not trusted, on a German Windows",
    ),
    case(
        "08001",
        f"{MS}SSL Provider: The target principal name is incorrect.\r\n (-2146893022) (SQLDriverConnect)",
        ErrorKind.CERTIFICATE,
        id="a certificate of another name, on Windows",
    ),
    case(
        "HY000",
        f"{MS}SSPI Provider: The target principal name is incorrect.\r\n (-2146893022) (SQLDriverConnect); [HY000] "
        f"{MS}Cannot generate SSPI context (-2146893022)",
        ErrorKind.LOGIN,
        id="a wrong SPN, on Windows",
    ),
    case(
        "HY000",
        f"{MS}SSPI Provider: Server not found in Kerberos database (851968) (SQLDriverConnect); [HY000] {MS}Cannot "
        "generate SSPI context (851968)",
        ErrorKind.LOGIN,
        id="no SPN",
    ),
    case(
        "08001",
        f"{MS}Cannot authenticate using Kerberos. Ensure Kerberos has been initialized on the client with 'kinit' and "
        "a Service Principal Name has been registered for the SQL Server (851968) (SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="Kerberos that was never set up",
    ),
    case(
        "28000",
        f"{SERVER}Login failed for user 'bot'. Reason: The account is disabled. (18470) (SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="a login that is disabled",
    ),
    case(
        "08001",
        f"{SERVER}Login failed for user 'bot'. Reason: The password of the account has expired. (18487)",
        ErrorKind.LOGIN,
        id="a password that expired",
    ),
    case(
        "42000",
        f"{SERVER}The target database, 'CM_PS1', is participating in an availability group and is currently not "
        f'accessible for queries. (976) (SQLDriverConnect); [42000] {SERVER}Cannot open database "CM_PS1" requested '
        "by the login. The login failed. (4060)",
        ErrorKind.UNREACHABLE,
        id="a replica that may not be read, at login",
    ),
    case(
        "IMC06",
        f"{MS}The connection is broken and recovery is not possible. The connection is marked by the client driver as "
        "unrecoverable. No attempt was made to restore the connection. (0) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="a broken link that the driver could not mend",
    ),
    case(
        "08007", f"{MS}Connection failure during transaction (0)", ErrorKind.UNREACHABLE, id="a link lost at a commit"
    ),
    case(
        "IM014",
        "[Microsoft][ODBC Driver Manager] The specified DSN contains an architecture mismatch between the Driver and "
        "Application (0)",
        ErrorKind.DRIVER,
        id="a driver for other programs",
    ),
    case(
        "42000",
        f"{SERVER}Database 'CM_PS1' cannot be opened. It is in the middle of a restore. (927) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the database is being restored",
    ),
    case(
        "42000",
        f"{SERVER}Unable to access availability database 'CM_PS1' because the database replica is not in the PRIMARY "
        "or SECONDARY role. (983) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="an availability group fails over",
    ),
    case(
        "08S01",
        f"{MS}TCP Provider: An existing connection was forcibly closed by the remote host.\r\n (10054) "
        "(SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the link is cut, on Windows",
    ),
    case(
        "08S01",
        f"{MS}TCP Provider: An established connection was aborted by the software in your host machine.\r\n (10053) "
        f"(SQLExecDirectW); [08S01] {MS}Communication link failure (10053)",
        ErrorKind.UNREACHABLE,
        id="the link is cut from this side, on Windows",
    ),
    case(
        "08001",
        f"{MS}TCP Provider: A connection attempt failed because the connected party did not properly respond.\r\n "
        "(10060) (SQLDriverConnect)",
        ErrorKind.UNREACHABLE,
        id="no answer, on Windows",
    ),
    case(
        "HY000",
        f"{MS}TCP Provider: No process is on the other end of the pipe.\r\n (233) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the server closed the link",
    ),
    case(
        "42000",
        f"{SERVER}A transport-level error has occurred when receiving results from the server. (233)",
        ErrorKind.UNREACHABLE,
        id="the link broke under an answer",
    ),
    case(
        "HY000",
        f"{MS}TCP Provider: The specified network name is no longer available.\r\n (64) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the network is gone, on Windows",
    ),
    case(
        "HY000",
        f"{MS}TCP Provider: The semaphore timeout period has expired.\r\n (121) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the network does not answer, on Windows",
    ),
    case(
        "HY000",
        f"{SERVER}Cannot continue the execution because the session is in the kill state. (596) (SQLExecDirectW); "
        f"[HY000] {SERVER}A severe error occurred on the current command. (0)",
        ErrorKind.UNREACHABLE,
        id="the session is killed",
    ),
    case(
        "42000",
        f"{SERVER}The target database, 'CM_PS1', is participating in an availability group and is currently not "
        "accessible for queries. (976) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="a replica that may not be read",
    ),
    case(
        "42000",
        f'{SERVER}Failed to update database "CM_PS1" because the database is read-only. (3906) (SQLExecDirectW)',
        ErrorKind.READ_ONLY,
        id="a replica that may only be read",
    ),
    case(
        "23000",
        f"{SERVER}Violation of PRIMARY KEY constraint 'PkgStatus_BU_PK'. Cannot insert duplicate key in object "
        f"'dbo.PkgStatus_BU'. The duplicate key value is (R1, 1). (2627) (SQLExecDirectW); "
        f"[01000] {SERVER}The statement has been terminated. (3621)",
        ErrorKind.CONFLICT,
        id="a key that is taken",
    ),
    case(
        "23000",
        f"{SERVER}Cannot insert duplicate key row in object 'dbo.inbox' with unique index 'x'. (2601) (SQLExecDirectW)",
        ErrorKind.CONFLICT,
        id="a key that is taken in an index",
    ),
    case(
        "42000",
        f"{SERVER}The current transaction cannot be committed and cannot support operations that write to the log file."
        " Roll back the transaction. (3930) (SQLExecDirectW)",
        ErrorKind.OTHER,
        id="a transaction that can only be rolled back",
    ),
    case(
        "42000",
        f"{SERVER}Uncommittable transaction is detected at the end of the batch. The transaction is rolled back. "
        "(3998) (SQLExecDirectW)",
        ErrorKind.OTHER,
        id="a transaction that was rolled back",
    ),
    case(
        "42000",
        f"{SERVER}The transaction log for database 'CM_PS1' is full due to 'LOG_BACKUP'. (9002) (SQLExecDirectW)",
        ErrorKind.FULL,
        id="a log that is full",
    ),
    case(
        "01000",
        "[unixODBC][Driver Manager]Can't open lib 'ODBC Driver 18 for SQL Server' : file not found (0) "
        "(SQLDriverConnect)",
        ErrorKind.DRIVER,
        id="the driver is not installed",
    ),
    case(
        "IM002",
        "[unixODBC][Driver Manager]Data source name not found and no default driver specified (0) (SQLDriverConnect)",
        ErrorKind.DRIVER,
        id="no driver is named",
    ),
    case(
        "42000",
        f"{SERVER}Incorrect syntax near 'x'. (102) (SQLExecDirectW)",
        ErrorKind.OTHER,
        id="a number of no interest",
    ),
    case("42000", f"{SERVER}Divide by (208). (8134) (SQLExecDirectW)", ErrorKind.OTHER, id="a number in the text"),
]
FREETDS_SAYS = [
    case(
        "HY000",
        "[FreeTDS][SQL Server]Connection timed out (20003) (SQLExecDirectW)",
        ErrorKind.TIMEOUT,
        id="a slow statement, without a state",
    ),
    case(
        "42000",
        "[FreeTDS][SQL Server]Login failed for user 'sa'. (18456) (SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="login",
    ),
    case(
        "42000",
        "[FreeTDS][SQL Server]Login failed for user 'bot'. (18456) (SQLDriverConnect); [08001] [FreeTDS][SQL Server]"
        "Adaptive Server connection failed (20002); [08001] [FreeTDS][SQL Server]Unable to connect to data source (0)",
        ErrorKind.LOGIN,
        id="login, told with the link that it closed",
    ),
    case(
        "08S01",
        "[FreeTDS][SQL Server]Unexpected EOF from the server (20017) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the server is gone",
    ),
    case(
        "08001",
        "[FreeTDS][SQL Server]certificate verify failed (0) (SQLDriverConnect)",
        ErrorKind.CERTIFICATE,
        id="a certificate that is not trusted",
    ),
    case("08001", "[FreeTDS][SQL Server]Unable to connect to data source (0)", ErrorKind.UNREACHABLE, id="no server"),
    case(
        "08S01",
        "[FreeTDS][SQL Server]Unable to connect: Adaptive Server is unavailable or does not exist (20009)",
        ErrorKind.UNREACHABLE,
        id="no answer",
    ),
    case(
        "HYT00",
        "[FreeTDS][SQL Server]Timeout expired (20003) (SQLExecDirectW)",
        ErrorKind.TIMEOUT,
        id="a slow statement",
    ),
    case(
        "42S02",
        "[FreeTDS][SQL Server]Invalid object name 'dbo.PkgStatus'. (208) (SQLExecDirectW)",
        ErrorKind.SCHEMA,
        id="no table",
    ),
    case(
        "HY000", "[FreeTDS][SQL Server]Unknown error (0) (SQLExecDirectW)", ErrorKind.UNREACHABLE, id="the link is gone"
    ),
    case(
        "HY000",
        "The driver did not supply an error! (0) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="gone, in silence",
    ),
    case(
        "01000",
        "[FreeTDS][SQL Server]Unexpected EOF from the server (20017) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the server went away",
    ),
    case(
        "08S01",
        "[FreeTDS][SQL Server]Read from the server failed (20004) (SQLExecDirectW)",
        ErrorKind.UNREACHABLE,
        id="the link is cut",
    ),
    case(
        "40001",
        "[FreeTDS][SQL Server]Transaction was deadlocked on lock resources. (1205) (SQLExecDirectW)",
        ErrorKind.DEADLOCK,
        id="deadlock",
    ),
]
AT = 'connection to server at "127.0.0.1", port 5432 failed: '
POSTGRESQL_SAYS = [
    case(
        "08001",
        f'{AT}FATAL:  password authentication failed for user "bot"\n (101) (SQLDriverConnect)',
        ErrorKind.LOGIN,
        id="wrong password",
    ),
    case(
        "08001",
        f"{AT}fe_sendauth: no password supplied\n (101) (SQLDriverConnect)",
        ErrorKind.LOGIN,
        id="no password",
    ),
    case(
        "08001",
        f'{AT}FATAL:  database "CM_PS1" does not exist\n (101) (SQLDriverConnect)',
        ErrorKind.LOGIN,
        id="no such database",
    ),
    case(
        "08001", f'{AT}FATAL:  role "bot" does not exist\n (101) (SQLDriverConnect)', ErrorKind.LOGIN, id="no such role"
    ),
    case(
        "08001",
        f'{AT}FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "bot", database "x" (101) (SQLDriverConnect)',
        ErrorKind.LOGIN,
        id="not let in from here",
    ),
    case(
        "08001",
        f"{AT}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n (101)",
        ErrorKind.UNREACHABLE,
        id="nobody listens",
    ),
    case(
        "08001",
        'could not translate host name "cm01" to address: Name or service not known\n (101) (SQLDriverConnect)',
        ErrorKind.UNREACHABLE,
        id="no such server",
    ),
    case(
        "08001",
        f"{AT}SSL error: certificate verify failed (101) (SQLDriverConnect)",
        ErrorKind.CERTIFICATE,
        id="a certificate that is not trusted",
    ),
    case(
        "08001",
        f'{AT}server certificate for "db01" does not match host name "127.0.0.1" (101) (SQLDriverConnect)',
        ErrorKind.CERTIFICATE,
        id="a certificate of another name",
    ),
    case(
        "08001",
        f'{AT}root certificate file "/root/.postgresql/root.crt" does not exist (101) (SQLDriverConnect)',
        ErrorKind.CERTIFICATE,
        id="no certificate to trust",
    ),
    case(
        "08001",
        f"{AT}could not initiate GSSAPI security context: No Kerberos credentials available (101)",
        ErrorKind.LOGIN,
        id="no Kerberos ticket",
    ),
    case(
        "08001",
        f'{AT}FATAL:  permission denied for database "CM_PS1"\nDETAIL:  User does not have CONNECT privilege. (101)',
        ErrorKind.LOGIN,
        id="not let into the database",
    ),
    case(
        "23505",
        'ERROR: duplicate key value violates unique constraint "x"\nDETAIL: Key (id)=(login failed) exists. (1)',
        ErrorKind.CONFLICT,
        id="a key that reads like a refused login",
    ),
    case(
        "08001", f"{AT}FATAL:  the database system is starting up (101)", ErrorKind.UNREACHABLE, id="the server starts"
    ),
    case(
        "42P01",
        'ERROR: relation "dbo.pkgstatus" does not exist;\n (1) (SQLExecDirectW)',
        ErrorKind.SCHEMA,
        id="no table",
    ),
    case("42703", 'ERROR: column "x" does not exist;\n (1) (SQLExecDirectW)', ErrorKind.SCHEMA, id="no column"),
    case("42501", "ERROR: permission denied for table t;\n (1) (SQLExecDirectW)", ErrorKind.PERMISSION, id="no right"),
    case(
        "57014",
        "ERROR: canceling statement due to statement timeout;\n (1) (SQLExecDirectW)",
        ErrorKind.TIMEOUT,
        id="a slow statement",
    ),
    case(
        "55P03", "ERROR: canceling statement due to lock timeout;\n (1) (SQLExecDirectW)", ErrorKind.LOCKED, id="a lock"
    ),
    case("40P01", "ERROR: deadlock detected;\n (1) (SQLExecDirectW)", ErrorKind.DEADLOCK, id="deadlock"),
    case(
        "40001",
        "ERROR: could not serialize access due to concurrent update (1)",
        ErrorKind.DEADLOCK,
        id="serialization",
    ),
    case(
        "57P01",
        "FATAL: terminating connection due to administrator command;\nThe connection has been lost (35)",
        ErrorKind.UNREACHABLE,
        id="the link is cut",
    ),
    case(
        "08S01", "SQLExecDirectW unable due to the connection lost (35)", ErrorKind.UNREACHABLE, id="the link was cut"
    ),
    case(
        "23505",
        'ERROR: duplicate key value violates unique constraint "x"\nDETAIL: Key (id)=(208) already exists. (1)',
        ErrorKind.CONFLICT,
        id="a key that looks like a number of an error",
    ),
]


@pytest.mark.parametrize(("state", "message", "kind"), MICROSOFT_SAYS)
def test_microsofts_driver_says(state: str, message: str, kind: ErrorKind) -> None:
    assert named(state, message) is kind


@pytest.mark.parametrize(("state", "message", "kind"), FREETDS_SAYS)
def test_freetds_says(state: str, message: str, kind: ErrorKind) -> None:
    assert named(state, message) is kind


@pytest.mark.parametrize(("state", "message", "kind"), POSTGRESQL_SAYS)
def test_postgresql_says(state: str, message: str, kind: ErrorKind) -> None:
    assert named(state, message) is kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("no such table: dbo.v_Package", ErrorKind.SCHEMA),
        ("no such column: s.UpdateTime", ErrorKind.SCHEMA),
        ("database is locked", ErrorKind.LOCKED),
        ("interrupted", ErrorKind.TIMEOUT),
        ("unable to open database: file:/nowhere.db?mode=rw", ErrorKind.UNREACHABLE),
        ("unable to open database file", ErrorKind.UNREACHABLE),
        ("file is not a database", ErrorKind.DAMAGED),
        ("database disk image is malformed", ErrorKind.DAMAGED),
        ("malformed database schema (x)", ErrorKind.DAMAGED),
        ("disk I/O error", ErrorKind.UNREACHABLE),
        ("Cannot operate on a closed database.", ErrorKind.UNREACHABLE),
        ("attempt to write a readonly database", ErrorKind.READ_ONLY),
        ("database or disk is full", ErrorKind.FULL),
        ("UNIQUE constraint failed: entries.sequence", ErrorKind.CONFLICT),
        ('near "SELEC": syntax error', ErrorKind.OTHER),
        ("", ErrorKind.OTHER),
    ],
)
def test_sqlite_says(message: str, kind: ErrorKind) -> None:
    assert errors.from_driver(sqlite3.OperationalError(message)).kind is kind


@pytest.mark.parametrize(
    ("connecting", "kind"),
    [case(True, ErrorKind.UNREACHABLE, id="at login"), case(False, ErrorKind.TIMEOUT, id="later")],
)
def test_a_timeout_at_login_means_that_nobody_answered(connecting: bool, kind: ErrorKind) -> None:  # noqa: FBT001
    assert named("HYT00", f"{MS}Login timeout expired (0) (SQLDriverConnect)", connecting=connecting) is kind


@pytest.mark.parametrize(
    "address",
    [
        f"Driver=x;UID=bot;PWD={MARKER};Encrypt=yes",
        f"Driver=x;UID=bot;PWD={MARKER}",
        f"Driver=x;pwd = {MARKER};UID=bot",
        f"Driver=x;PWD={{a;{MARKER}}};UID=bot",
        f"Driver=x;PWD={{a}}}}{MARKER}}};UID=bot",
        f"Driver=x;PWD=two words {MARKER};UID=bot",
        f"Driver=x;Password={MARKER}",
        f"Driver=x;AccessToken={MARKER}",
    ],
)
def test_a_detail_never_holds_a_password(address: str) -> None:
    error = errors.from_driver(DriverError("08001", f"[08001] cannot connect with {address} (0) (SQLDriverConnect)"))

    assert MARKER not in error.detail + str(error) + repr(error)
    assert "Driver=x" in error.detail


def test_a_detail_keeps_what_an_administrator_needs() -> None:
    error = errors.from_driver(DriverError("42S02", f"[42S02] {SERVER}Invalid object name 'dbo.PkgStatus'. (208)"))

    assert error.detail == f"42S02 [42S02] {SERVER}Invalid object name 'dbo.PkgStatus'. (208)"
    assert str(error).startswith("schema: ")
