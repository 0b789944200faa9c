"""`buswatch verify`: what was issued is true, what was touched is false, and both are said plainly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.evidence import evidence_of
from buswatch.evidence_file import differences, read_evidence
from buswatch.web import ports_on
from fleet.errors import BadInput
from storage.changes import AlertDesk
from storage.commit import Batch, Committer
from storage.database import Database
from storage.registry import import_registry, load_registry
from tests.buswatch.test_cli import buswatch
from tests.scenes import NOW_MS, drive, registry, track
from tests.storage.records import alert, change

Document = dict[str, Any]
STANDS = msgspec.structs.replace(
    alert(), evidence=msgspec.structs.replace(alert().evidence, approval_id="R1.1", driver_id="D1")
)


@pytest.fixture
async def issued(database: Database) -> Document:
    """The evidence of an alert that has ended, as the API gives it."""
    await import_registry(database, registry())
    loaded, keys = await load_registry(database)
    fixes = track(drive(0, 2_000, 72))
    quality = (fixes.bus * 0).astype("int16")
    changes = [change(of=STANDS), change("ended", STANDS, after_s=20)]
    await Committer(database, keys).commit(Batch(fixes, quality, NOW_MS, [], changes))
    return await evidence_of(STANDS.alert_id, ports_on(database), loaded.tz, NOW_MS)


@pytest.fixture
def saved(issued: Document, tmp_path: Path) -> Callable[..., str]:
    """Saves the evidence, first changed as is wanted, and returns the name of the file."""

    def save(tamper: Callable[[Document], object] = lambda _: None) -> str:
        document = json.loads(json.dumps(issued))
        tamper(document)
        path = tmp_path / "evidence.json"
        path.write_text(json.dumps(document))
        return str(path)

    return save


def test_evidence_as_it_was_issued_is_true(saved: Callable[..., str], issued: Document) -> None:
    done = buswatch("verify", saved())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("真 TRUE")
    assert issued["digest"] in done.stdout
    assert f"alert {STANDS.alert_id}, 鄂A·X0001, speeding, 2026-09-01T07:00:00.000+08:00" in done.stdout


def reorder(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reorder(value[name]) for name in reversed(value)}
    return [reorder(entry) for entry in value] if isinstance(value, list) else value


def as_a_browser_writes(number: str) -> float:
    value = float(number)
    return int(value) if value.is_integer() else value


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda text: json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode(),
        lambda text: json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16"),
        lambda text: json.dumps(reorder(json.loads(text))).encode(),
        lambda text: json.dumps(json.loads(text, parse_float=as_a_browser_writes)).encode(),
        lambda text: text.replace('"limit_kmh": 50.0', '"limit_kmh": 5.00E+1').encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: json.dumps(json.loads(text) | {"made_at": "2027-01-01T00:00:00+08:00"}).encode(),
    ],
    ids=["pretty", "utf-16", "reordered", "numbers of a browser", "exponent", "byte order mark", "made"],
)  # fmt: skip
def test_evidence_that_was_only_written_anew_is_true(
    issued: Document, rewrite: Callable[[str], bytes]
) -> None:
    text = json.dumps(issued)
    rewritten = rewrite(text)
    assert rewritten != text.encode()
    assert read_evidence(rewritten).unaltered


@pytest.mark.parametrize(
    "tamper",
    [
        lambda d: d["alert"]["evidence"].update(speed_kmh=51.5),
        lambda d: d["alert"].update(severity="warning"),
        lambda d: d["bus"].update(plate="鄂A·X0007"),
        lambda d: d["driver"].update(name="王师博"),
        lambda d: d["approval"]["line"][7].__setitem__(0, d["approval"]["line"][7][0] + 1e-9),
        lambda d: d["fixes"][3].update(speed_kmh=None),
        lambda d: d["fixes"].pop(),
        lambda d: d["fixes"].reverse(),
        lambda d: d["history"][0].update(by="李雷"),
        lambda d: d.update(note="accepted"),
        lambda d: d.pop("waiver"),
        lambda d: d["record"].update(as_judged=1),
        lambda d: d.update(software="buswatch 9"),
        lambda d: d.update(digest="0" * 64),
        lambda d: d.update(digest=d["digest"].upper()),
    ],
)
def test_evidence_that_was_altered_is_false(issued: Document, tamper: Callable[[Document], object]) -> None:
    altered = json.loads(json.dumps(issued))
    tamper(altered)
    assert not read_evidence(json.dumps(altered).encode()).unaltered


def test_altered_evidence_is_told_with_both_digests(saved: Callable[..., str], issued: Document) -> None:
    done = buswatch("verify", saved(lambda d: d["bus"].update(plate="鄂A·X0007")))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("假 ALTERED")
    assert f"digest stated {issued['digest']}" in done.stdout
    (found,) = re.findall(r"digest found  ([0-9a-f]{64})\n", done.stdout)
    assert found != issued["digest"]


def test_what_is_on_file_says_which_field_was_altered(saved: Callable[..., str], database_url: str) -> None:
    def tamper(document: Document) -> None:
        document["alert"]["evidence"]["speed_kmh"] = 51.5
        document["fixes"][2]["speed_kmh"] = 49.0
        del document["fixes"][4]

    done = buswatch("verify", saved(tamper), DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "not as on file now, in 4 places:" in done.stdout
    assert "alert.evidence.speed_kmh: the file has 51.5, on file is 71.5" in done.stdout
    assert "fixes: the file has 50, on file are 51" in done.stdout
    assert "fixes[2026-09-01T07:00:02.000+08:00].speed_kmh: the file has 49.0, on file is 72.0" in done.stdout
    assert "fixes[2026-09-01T07:00:04.000+08:00]: on file alone" in done.stdout


def test_true_evidence_is_as_on_file_until_somebody_handles_the_alert(
    saved: Callable[..., str], database_url: str
) -> None:
    path = saved()
    done = buswatch("verify", path, DATABASE_URL=database_url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as on file now" in done.stdout
    given = buswatch("verify", path, "--database-url", database_url)
    assert given.stdout == done.stdout


async def test_what_was_done_since_is_told(
    saved: Callable[..., str], database: Database, database_url: str
) -> None:
    path = saved()
    await AlertDesk(database).handle(
        STANDS.alert_id, "closed", by="李雷", note=None, expected_version=2, at_ms=NOW_MS
    )
    done = buswatch("verify", path, DATABASE_URL=database_url)
    assert done.returncode == 1
    assert done.stdout.startswith("真 TRUE")
    assert 'alert.status: the file has "open", on file is "closed"' in done.stdout
    assert "history[3]: on file alone" in done.stdout


def test_an_alert_that_is_not_on_file_is_said(saved: Callable[..., str], database_url: str) -> None:
    path = saved(lambda d: d["alert"].update(alert_id="B9.speeding.1"))
    done = buswatch("verify", path, DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "not as on file: there is no alert 'B9.speeding.1'" in done.stdout


def test_an_address_that_is_none_and_a_server_that_is_away_are_said(saved: Callable[..., str]) -> None:
    path = saved()
    done = buswatch("verify", path, "--against", "example.cn:8000")
    assert done.returncode == 2
    assert "write the address of the API as http://host:8000" in done.stderr
    done = buswatch("verify", path, "--against", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert done.stdout.startswith("真 TRUE")
    assert "what is on file cannot be asked: http://127.0.0.1:9 does not answer" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not JSON"),
        (b"%PDF-1.4 \xff", "it is not JSON"),
        (b'{"format": tru}', "it is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "it does not say"),
        (b'{"alert_id": "B1"}', "it does not say"),
        (b'{"format": "buswatch-evidence/2"}', "this release reads 'buswatch-evidence/1'"),
        (b'{"format": "buswatch-evidence/1"}', "it states no digest"),
        (b'{"format": "buswatch-evidence/1", "digest": "0"}', "it names no alert"),
        (b'{"format": "buswatch-evidence/1", "format": "x"}', "it has 'format' twice in one object"),
        (
            b'{"format": "buswatch-evidence/1", "digest": "0", "alert": {"alert_id": "B1"}, "n": 1e999}',
            "it has no canonical form",
        ),
    ],
)
def test_what_is_no_evidence_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_evidence(content)


def test_a_file_that_cannot_be_checked_is_named_and_has_a_status_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(b"%PDF-1.4")
    done = buswatch("verify", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"buswatch: {path}: it is no evidence: it is not JSON")
    gone = buswatch("verify", str(tmp_path / "none"))
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "it cannot be read: No such file" in gone.stderr


def test_of_several_files_each_is_told_and_an_altered_one_decides(
    saved: Callable[..., str], issued: Document, tmp_path: Path
) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(issued))
    bad = saved(lambda d: d["alert"].update(status="closed"))
    done = buswatch("verify", str(good), str(tmp_path / "none"), bad)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines() if line[0] != " "] == ["真", "假"]
    assert "cannot be read" in done.stderr
    assert buswatch("verify", str(good), str(tmp_path / "none")).returncode == 2


@pytest.mark.parametrize(
    ("brought", "on_file", "told"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": True}, {"a": 1}, ["a: the file has true, on file is 1"]),
        ({"a": None}, {}, ["a: in the file alone"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a: the file has 2, on file are 1", "a[1]: in the file alone"]),
        (
            {"history": [{"seq": 1}, {"seq": 1}]},
            {"history": [{"seq": 1}, {"seq": 2}]},
            ["history[1].seq: the file has 1, on file is 2"],
        ),
        (
            {"history": [{"seq": 2}, {"seq": 1}]},
            {"history": [{"seq": 1}, {"seq": 2}]},
            ["history: in another order than on file"],
        ),
        ({"a": {"b": "鄂"}}, {"a": {"b": "湘"}}, ['a.b: the file has "鄂", on file is "湘"']),
    ],
)
def test_each_place_in_which_two_documents_differ_is_named(
    brought: Document, on_file: Document, told: list[str]
) -> None:
    assert list(differences(brought, on_file)) == told
