"""The table of parameters in docs/detection.md, as fleet/parameters.py has it.

`python -m tests.docs.parameter_table` writes it into the page.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from fleet import parameters

PAGE = Path(__file__).parents[2] / "docs" / "detection.md"
_HEAD = "| name | default | why |\n|---|---|---|\n"


def table() -> str:
    """A row a group and a row a parameter, in the order of the source."""
    classes = {
        node.name: node
        for node in ast.parse(inspect.getsource(parameters)).body
        if isinstance(node, ast.ClassDef)
    }
    rows = []
    for name, group in parameters.Parameters().groups().items():
        found = classes[type(group).__name__]
        rows.append(f"| **{name}** | | {_prose(ast.get_docstring(found) or '')} |")
        reasons = dict(_reasons(found))
        rows += [
            f"| `{field}` | {f'{value:,}'} | {reasons.get(field, '')} |"
            for field, value in group._asdict().items()
        ]
    return _HEAD + "\n".join(rows) + "\n"


def _reasons(group: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """What is written under each parameter."""
    for node, after in zip(group.body, [*group.body[1:], None], strict=True):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(after, ast.Expr)
        ):
            assert isinstance(after.value, ast.Constant)
            yield node.target.id, _prose(str(after.value.value))


def _prose(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("``", "`")


def replaced(page: str) -> str:
    """The page with the table anew."""
    before, _, rest = page.partition(_HEAD)
    after = re.sub(r"\A(\|.*\n)*", "", rest)
    return before + table() + after


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
