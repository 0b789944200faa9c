"""The embedded server starts anywhere, keeps what was committed, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from fleet.errors import BadSetting
from storage.embedded import EmbeddedPostgres

NOBODY = 65_534


def put_row(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def rows(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert found is not None
    return int(found[0])


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def is_running(pid: int) -> bool:
    """Whether the process works still: one that is dead and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc").exists():
            return False
        return subprocess.run(["ps", "-p", str(pid)], check=False, capture_output=True).returncode == 0
    return state != "Z"


def run_python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )


def test_committed_rows_outlive_a_stop_and_nothing_is_left_running(tmp_path: Path) -> None:
    data = tmp_path / "pg"
    with EmbeddedPostgres(data) as server:
        put_row(server.dsn)
        pid = server_pid(data)
    assert not is_running(pid)
    with EmbeddedPostgres(data) as server:
        assert rows(server.dsn) == 1


def test_committed_rows_outlive_a_killed_server_which_start_brings_back(tmp_path: Path) -> None:
    data = tmp_path / "pg"
    with EmbeddedPostgres(data) as server:
        put_row(server.dsn)
        os.kill(server_pid(data), signal.SIGKILL)
        time.sleep(0.05)
        server.start()
        assert rows(server.dsn) == 1


def test_a_server_that_outlived_its_killed_parent_is_taken_over_and_stopped(tmp_path: Path) -> None:
    data = tmp_path / "pg"
    script = """
        import os, signal, sys
        from pathlib import Path
        from storage.embedded import EmbeddedPostgres
        EmbeddedPostgres(Path(sys.argv[1])).start()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run_python(script, str(data)).returncode == -signal.SIGKILL
    pid = server_pid(data)
    assert is_running(pid)
    with EmbeddedPostgres(data) as server:
        put_row(server.dsn)
        assert server_pid(data) == pid
    assert not is_running(pid)


def test_one_process_at_a_time_owns_the_data(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg"), pytest.raises(BadSetting, match="another Buswatch"):
        EmbeddedPostgres(tmp_path / "pg").start()


def test_a_path_too_long_for_a_socket_gets_a_short_one_which_stop_removes(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 20) / "pg"
    with EmbeddedPostgres(data) as server:
        put_row(server.dsn)
        socket_dir = Path((data / "postmaster.pid").read_text().splitlines()[4])
        assert socket_dir != data
    assert not socket_dir.exists()


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("Dear Sir")
    with pytest.raises(BadSetting, match="neither empty"):
        EmbeddedPostgres(tmp_path / "letters").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here runs as an ordinary user already")
def test_it_works_as_an_ordinary_user_after_root_has_used_it(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "roots"):
        pass
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    tmp_path.parent.chmod(0o711)
    tmp_path.chmod(0o711)
    script = f"""
        import os, sys
        from pathlib import Path
        import psycopg
        from storage.embedded import EmbeddedPostgres
        os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
        with EmbeddedPostgres(Path(sys.argv[1])) as server:
            psycopg.connect(server.dsn).close()
            print("answered")
    """
    done = run_python(script, str(home / "pg"))
    assert done.stdout == "answered\n", done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_the_server_runs_as_the_owner_of_the_data(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg"):
        status = Path(f"/proc/{server_pid(tmp_path / 'pg')}").stat()
        assert status.st_uid == (tmp_path / "pg").stat().st_uid != 0
    assert tmp_path.stat().st_mode & 0o777 == 0o701, "others may pass, not read"
