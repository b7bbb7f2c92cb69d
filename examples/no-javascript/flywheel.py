"""Flywheel's wire from Python's standard library: events are JSON lines posted to /v1/events.

An event's id is a UUIDv7 and the idempotency key: sent twice, it is stored once. What cannot be delivered is appended
to an outbox file and sent before the next event, with the same bytes.
"""

import hashlib
import json
import os
import secrets
import threading
import time
import urllib.error
import urllib.request

URL = os.environ.get("FLYWHEEL_URL", "http://127.0.0.1:8787")
API_KEY = os.environ["FLYWHEEL_API_KEY"]
OUTBOX = os.environ.get("FLYWHEEL_OUTBOX", "flywheel-outbox.ndjson")
BATCH_LINES = 500
_lock = threading.Lock()


def uuid7(milliseconds: int | None = None, random: bytes | None = None) -> str:
    """A UUIDv7 (RFC 9562). The same time and the same ten bytes give the same id."""
    when = int(time.time() * 1000) if milliseconds is None else milliseconds
    tail = bytearray(secrets.token_bytes(10) if random is None else random[:10])
    tail[0] = 0x70 | (tail[0] & 0x0F)
    tail[2] = 0x80 | (tail[2] & 0x3F)
    digits = when.to_bytes(6, "big").hex() + tail.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def id_of(key: str, milliseconds: int) -> str:
    """The id of something that may be delivered to us twice: made from its own key and its own time."""
    return uuid7(milliseconds, hashlib.sha256(key.encode()).digest())


def send(*events: dict) -> None:
    """Delivers events, after those that wait, or keeps them. Raises ValueError for events that Flywheel refuses."""
    lines = [json.dumps({"schema_version": 1, **event}, ensure_ascii=False) + "\n" for event in events]
    with _lock:
        # On disk first: whatever happens to this process now, the next one sends it.
        with open(OUTBOX, "a", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        with open(OUTBOX, encoding="utf-8") as file:
            waiting = file.readlines()
        refused = []
        while waiting:
            try:
                refused += _post("".join(waiting[:BATCH_LINES]))["rejected"]
            except urllib.error.HTTPError as error:
                if error.code not in (400, 413, 415, 422):
                    break
                refused.append(error.read().decode())
            except OSError:
                break
            del waiting[:BATCH_LINES]
        with open(f"{OUTBOX}.new", "w", encoding="utf-8") as file:
            file.writelines(waiting)
        os.replace(f"{OUTBOX}.new", OUTBOX)
    if refused:
        raise ValueError(f"Flywheel refused events: {refused}")


def _post(body: str) -> dict:
    request = urllib.request.Request(
        f"{URL}/v1/events",
        body.encode(),
        {"authorization": f"Bearer {API_KEY}", "content-type": "application/x-ndjson"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)
