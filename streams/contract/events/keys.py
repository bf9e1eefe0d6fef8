"""Compute the pseudonym of a report, record keys, and the digests of events."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from re import compile as pattern
from typing import Final

from xxhash import xxh3_64_intdigest

_KEY_ID: Final = pattern(r"[a-z0-9]{2}")
_MIN_SECRET_BYTES: Final = 32


def report_token(secret: bytes, key_id: str, report_id: str) -> str:
    """Return the pseudonym of a platform's own `report_id`: `<key_id>_<base64url HMAC-SHA-256>`.

    `key_id` names the secret, so that the secret can be replaced; a report keeps the token of its filing. Raises
    ValueError for a secret shorter than 32 bytes and for a key id that is not two of a-z, 0-9.
    """
    if len(secret) < _MIN_SECRET_BYTES:
        raise ValueError(f"secret: expected at least {_MIN_SECRET_BYTES} bytes, got {len(secret)}")
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError("key_id: expected two characters of a-z and 0-9")
    digest = hmac.digest(secret, report_id.encode(), sha256)
    return f"{key_id}_{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def record_key(platform: str, token: str) -> bytes:
    """Return the Kafka key of every record about a report, which is also the report's key in the ledger."""
    return f"{platform}|{token}".encode()


def heartbeat_key(platform: str) -> bytes:
    """Return the Kafka key of a platform's heartbeats, which are sent to every partition explicitly."""
    return platform.encode()


def event_digest(event_id: str) -> int:
    """Return the digest of an event's id: XXH3 of the id in UTF-8, 64 bits, unsigned."""
    return xxh3_64_intdigest(event_id.encode())


def content_digest(canonical: bytes) -> int:
    """Return the digest of an event's content: the first 32 bits, unsigned, of XXH3 of its canonical bytes."""
    return xxh3_64_intdigest(canonical) >> 32
