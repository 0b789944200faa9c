"""What may be written on the command line: each function makes a value of a text, or says how to write it."""

from __future__ import annotations

import argparse
import math
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.episodes import RULES
from fleet.clock import parse_duration, parse_time
from fleet.errors import BadInput


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def counts(text: str) -> list[int]:
    return [positive(number) for number in text.split(",")]


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{name!r} is no time zone; write one as Asia/Shanghai") from error


def rules(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in RULES:
            raise argparse.ArgumentTypeError(f"{name!r} is no rule; they are {', '.join(RULES)}")
    return names


def duration(text: str) -> float:
    """Seconds above 0 of ``60s``, ``5m``, ``1h`` or a bare number."""
    try:
        seconds = parse_duration(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 15s, 10m or 2h")
    return seconds


def speed(text: str) -> float:
    """Times the recorded speed; ``max`` is as fast as it goes."""
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; write 1, 60, 0.5 or max")
    return speed


def interval(text: str) -> int:
    seconds = duration(text)
    if seconds != int(seconds) or seconds > 60:
        raise argparse.ArgumentTypeError(f"{text!r}: a device reports every 1s to 60s, in whole seconds")
    return int(seconds)


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write a number from 0 to 65535")
    return int(text)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def moment(text: str) -> int:
    """Epoch milliseconds of an RFC 3339 text or of a bare number of them."""
    if text.isdecimal():
        return int(text)
    try:
        return parse_time(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error
