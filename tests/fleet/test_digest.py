"""The digest of a document: every value counts, and no way of writing it does."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.digest import digest_of
from fleet.errors import BadInput

DOCUMENT = {
    "plate": "鄂A·X0001",
    "limit_kmh": 50.0,
    "fixes": [{"lat": 30.6, "speed_kmh": None}],
    "late": True,
}
SAFE = 2**53 - 1
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abé校€"), inner, max_size=4),
    max_leaves=20,
)


def test_it_is_sha256_of_the_canonical_form_in_rfc_8785() -> None:
    example = (
        '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],'
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",'
        '"literals":[null,true,false]}'
    )
    canonical = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert digest_of(json.loads(example)) == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(DOCUMENT),
        json.dumps(DOCUMENT, ensure_ascii=False, indent=4),
        json.dumps(dict(reversed(DOCUMENT.items()))),
        json.dumps(DOCUMENT).replace("50.0", "50"),
        json.dumps(DOCUMENT).replace("50.0", "5.0E1"),
        json.dumps(DOCUMENT).replace("30.6", "30.600"),
        json.dumps(DOCUMENT).replace("plate", "\\u0070late"),
    ],
)
def test_the_way_it_is_written_does_not_count(text: str) -> None:
    assert digest_of(json.loads(text)) == digest_of(DOCUMENT)


@pytest.mark.parametrize(
    ("old", "new"),
    [("50.0", "50.1"), ("30.6", "30.600000000000005"), ("null", "0"), ("true", "1"), ("\\u9102", "\\u6e58")],
)
def test_every_value_counts(old: str, new: str) -> None:
    assert old in json.dumps(DOCUMENT)
    assert digest_of(json.loads(json.dumps(DOCUMENT).replace(old, new))) != digest_of(DOCUMENT)


@given(JSON)
def test_a_document_that_was_sent_and_read_has_the_same(document: object) -> None:
    assert digest_of(json.loads(json.dumps(document))) == digest_of(document)


def nested(depth: int) -> object:
    document: object = 1
    for _ in range(depth):
        document = [document]
    return document


@pytest.mark.parametrize(
    "document",
    [[2**53], float("nan"), float("inf"), "\ud800", nested(100_000), {1: 2}],
    ids=["big", "nan", "inf", "half", "deep", "key"],
)
def test_what_has_no_canonical_form_is_refused(document: object) -> None:
    with pytest.raises(BadInput, match="it has no canonical form"):
        digest_of(document)
