"""What all tests share."""

import pytest

pytest_plugins = ["tests.brokers", "tests.servers"]


def pytest_configure(config: pytest.Config) -> None:
    config.option.fold_skipped = False  # a test that was left out is named in the summary
