"""The examples of docs/rehearsal.md, run as they stand."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "rehearsal.md"


def test_the_python_example_finds_its_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})
    rule, started, ended, off = capsys.readouterr().out.split()
    assert (rule, int(started)) == ("deviation", 1788217200000 + 100_000)
    assert 149 <= (int(ended) - 1788217200000) / 1_000 <= 153
    assert float(off) == pytest.approx(122, abs=1)
