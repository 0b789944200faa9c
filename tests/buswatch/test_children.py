"""Children: they are heard, measured, ended in good order, and never outlive their parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import psutil
import pytest

from buswatch.children import Child
from fleet.errors import Unavailable

Start = Callable[..., Coroutine[None, None, Child]]

UNTIL_TOLD = """
    import signal, sys
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    print("and a complaint", file=sys.stderr, flush=True)
    print("ready", flush=True)
    signal.sigwait([signal.SIGTERM])
    sys.exit(7)
"""
DEAF = """
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        signal.pause()
"""


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a child that runs a script."""
    async with contextlib.AsyncExitStack() as stack:

        async def start_it(script: str, env: dict[str, str] | None = None) -> Child:
            child = await Child.start("child", [sys.executable, "-c", textwrap.dedent(script)], tmp_path, env)
            stack.push_async_callback(child.stop, 0.1)
            return child

        yield start_it


async def says(child: Child, word: str) -> None:
    async def said() -> bool:
        return word in child.log.read_text()

    await child.wait_until(said, 20)


async def test_what_a_child_prints_and_complains_goes_to_its_log(start: Start) -> None:
    child = await start(UNTIL_TOLD)
    await says(child, "ready")
    assert sorted(child.log.read_text().splitlines()) == ["and a complaint", "ready"]
    assert child.log.name == "child.log"


async def test_a_child_gets_our_environment_and_what_is_added(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "ours")
    child = await start("import os; print(os.environ['OURS'], os.environ['ADDED'])", {"ADDED": "added"})
    assert await child.wait() == 0
    assert child.log.read_text().strip() == "ours added"


async def test_a_child_that_is_stopped_may_end_as_it_likes(start: Start) -> None:
    child = await start(UNTIL_TOLD)
    await says(child, "ready")
    assert child.running
    assert await child.stop() == 7
    assert not child.running
    assert await child.stop() == 7, "stopping again is harmless"


async def test_a_child_that_does_not_listen_is_ended_all_the_same(start: Start) -> None:
    child = await start(DEAF)
    await says(child, "ready")
    assert await child.stop(within_s=0.3) == -signal.SIGKILL


async def test_a_killed_child_ends_at_once_and_killing_it_again_is_harmless(start: Start) -> None:
    child = await start(DEAF)
    await says(child, "ready")
    child.kill()
    assert await asyncio.wait_for(child.wait(), 5) == -signal.SIGKILL
    child.kill()


async def test_waiting_for_a_child_that_dies_says_its_status_and_the_end_of_its_log(start: Start) -> None:
    child = await start(
        "for n in range(30): print('line', n, flush=True)\nraise SystemExit('it will not do')"
    )

    async def never() -> bool:
        return False

    with pytest.raises(Unavailable, match="child ended with status 1") as failure:
        await child.wait_until(never, 20)
    assert "it will not do" in str(failure.value)
    assert "line 29" in str(failure.value)
    assert "line 3\n" not in str(failure.value), "the end of the log, not all of it"


async def test_waiting_for_a_child_that_takes_too_long_says_so(start: Start) -> None:
    child = await start(DEAF)
    await says(child, "ready")

    async def never() -> bool:
        return False

    with pytest.raises(Unavailable, match=r"child was not ready after 0 s:\nready"):
        await child.wait_until(never, 0.2)


async def test_processor_seconds_are_counted_and_kept_after_the_end(start: Start) -> None:
    child = await start(
        """
        import time, signal
        while time.process_time() < 0.3: pass
        print("ready", flush=True)
        signal.pause()
        """
    )
    await says(child, "ready")
    assert child.cpu_seconds() >= 0.2
    await child.stop()
    assert child.cpu_seconds() >= 0.2


async def test_a_child_leads_a_session_of_its_own_so_that_ctrl_c_passes_it_by(start: Start) -> None:
    child = await start("import os; print(os.getsid(0) == os.getpid())")
    await child.wait()
    assert child.log.read_text().strip() == "True"


@pytest.mark.parametrize("busy", [False, True])
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path, busy: bool) -> None:
    """A grandchild of ours whose parent gets no chance to say a word; its work may be at anything."""
    grandchild = f"""
        import signal, sys, time
        from buswatch.children import end_with_parent
        end_with_parent()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        open({str(tmp_path / "alive")!r}, "w").close()
        while True:
            {"sum(range(1000))" if busy else "time.sleep(3600)"}
    """
    folder = str(tmp_path)
    parent = f"""
        import asyncio, pathlib, sys, textwrap
        from buswatch.children import Child

        async def main():
            script = textwrap.dedent({grandchild!r})
            child = await Child.start("child", [sys.executable, "-c", script], pathlib.Path({folder!r}))
            print(child._process.pid, flush=True)
            await child.wait()

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        try:
            within(20, (tmp_path / "alive").exists)
            os.kill(process.pid, signal.SIGKILL)
            within(10, lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def within(seconds: float, holds: Callable[[], bool]) -> None:
    """Wait until something holds of another process."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
