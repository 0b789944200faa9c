"""The digest of a document: what shows that not a letter of it was changed."""

from __future__ import annotations

import hashlib

import rfc8785

from fleet.errors import BadInput


def digest_of(document: object) -> str:
    """SHA-256 over the canonical form of a JSON value (RFC 8785), 64 hexadecimal digits.

    The order of keys, spacing, escapes and the way a number is written (50, 50.0, 5e1) do not matter;
    every value does. ``BadInput`` when it has no canonical form: a number beyond 2^53 or not finite, half
    a character, or nested too deeply to be read.
    """
    try:
        canonical = rfc8785.dumps(document)  # type: ignore[arg-type]  # it says no for what is no JSON
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise BadInput(f"it has no canonical form: {error}") from error
    return hashlib.sha256(canonical).hexdigest()
