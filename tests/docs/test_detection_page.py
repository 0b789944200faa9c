"""The page on detection names every parameter with the value and the reason that the code has."""

from tests.docs.parameter_table import PAGE, table


def test_every_parameter_is_on_the_page_with_its_value_and_its_reason() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "run: python -m tests.docs.parameter_table"
