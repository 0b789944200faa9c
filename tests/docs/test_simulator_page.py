"""The examples of docs/simulator.md, run as they stand."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def test_the_python_examples_print_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    text = PAGE.read_text("utf-8")
    short, whole = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(short, str(PAGE), "exec"), {})
    fixes, tracks = re.findall(r"[\d,]+", capsys.readouterr().out)
    assert int(fixes.replace(",", "")) > 1_000
    assert int(tracks) > 20
    exec(compile(whole, str(PAGE), "exec"), {})
    (printed,) = re.findall(r"```\n(\d[\d,]* fixes, .*?)```", text, re.DOTALL)
    assert capsys.readouterr().out.split() == printed.split()
