"""The MQTT topics of Buswatch, in one place."""

ROOT = "buswatch/v1"
LIVE = f"{ROOT}/live"
EVERYTHING = f"{ROOT}/#"
"""What the monitor listens to: not only positions, so that a misspelt topic is rejected in sight."""
EVERY_ALERT = f"{ROOT}/alerts/+"


RESERVED = ("alerts", "live")
"""Names under the root that are our own output, which no bus can have."""


def is_output(topic: str) -> bool:
    """Whether a topic is one that Buswatch itself publishes on."""
    return topic == LIVE or topic.startswith(f"{ROOT}/alerts/")


def position_topic(bus_id: str) -> str:
    """Where a bus reports its fixes."""
    return f"{ROOT}/{bus_id}/position"


def alert_topic(bus_id: str) -> str:
    """Where changes of a bus's alerts are told."""
    return f"{ROOT}/alerts/{bus_id}"
