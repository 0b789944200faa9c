"""What all tests share: real servers as fixtures, and no socket for the pure rooms."""

import pytest

pytest_plugins = ["tests.brokers", "tests.servers"]

PURE = {"fleet", "geofence", "alerts"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the rooms that know no network may open no socket."""
    for item in items:
        if item.path.parent.name in PURE:
            item.add_marker(pytest.mark.disable_socket)


def pytest_configure(config: pytest.Config) -> None:
    config.option.fold_skipped = False  # a test that was left out is named in the summary
