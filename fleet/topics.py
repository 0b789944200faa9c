"""The MQTT topics of Buswatch, in one place."""

ROOT = "buswatch/v1"
LIVE = f"{ROOT}/live"
EVERY_POSITION = f"{ROOT}/+/position"
EVERY_ALERT = f"{ROOT}/alerts/+"


def position_topic(bus_id: str) -> str:
    """Where a bus reports its fixes."""
    return f"{ROOT}/{bus_id}/position"


def alert_topic(bus_id: str) -> str:
    """Where changes of a bus's alerts are told."""
    return f"{ROOT}/alerts/{bus_id}"
