"""What stands where something was: a placeholder, or a keyed surrogate, the same for the same value."""

from __future__ import annotations

from hashlib import blake2b

DIGEST_BYTES = 6
LETTERS = "abcdefghijklmnop"
"""Letters only: digits would be looked at again."""


def placeholder(kind: str) -> str:
    """Return [EMAIL]."""
    return f"[{kind.upper()}]"


def surrogate(kind: str, value: str, key: bytes) -> str:
    """Return [EMAIL_...]: 48 bits of a keyed hash of the value, its case, gaps and punctuation left out."""
    plain = "".join(filter(str.isalnum, value.lower()))
    seen = blake2b(f"{kind}:{plain}".encode(errors="replace"), key=key, digest_size=DIGEST_BYTES)
    return f"[{kind.upper()}_{''.join(LETTERS[int(nibble, 16)] for nibble in seen.hexdigest())}]"
