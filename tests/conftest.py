"""What all tests share: real servers as fixtures, and no socket for the pure rooms."""

import pytest

pytest_plugins = ["tests.brokers", "tests.servers"]

PURE = {"fleet", "geofence", "alerts"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the rooms that know no network may open no socket. The page's tests come last: after the
    browser's own event loop no asynchronous test can run in the same process.
    """
    items.sort(key=lambda item: item.path.parent.name == "web")
    for item in items:
        if item.path.parent.name in PURE:
            item.add_marker(pytest.mark.disable_socket)


def pytest_configure(config: pytest.Config) -> None:
    config.option.fold_skipped = False  # a test that was left out is named in the summary
