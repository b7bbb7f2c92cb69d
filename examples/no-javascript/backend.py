"""A support desk's back end on Python's standard library. No line of JavaScript, in it or in the pages it serves.

    FLYWHEEL_API_KEY=… OPENAI_BASE_URL=… ZENDESK_WEBHOOK_SECRET=… python3 backend.py [port]

POST /tickets/<id>          asks the model for a draft and records the call, linked to the ref zendesk:ticket/<id>
GET  /tickets/<id>          an HTML form with the draft
POST /tickets/<id>/comment  what the form sends: the text that went out is the correction
POST /webhooks/zendesk      Zendesk's ticket.comment_added, signed: the same for a text that went out over there
"""

import base64
import datetime
import hashlib
import hmac
import html
import json
import os
import re
import sys
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import flywheel

MODEL_URL = os.environ["OPENAI_BASE_URL"]
WEBHOOK_SECRET = os.environ["ZENDESK_WEBHOOK_SECRET"].encode()
TOLERANCE_S = 300
MAX_BODY_BYTES = 1024 * 1024
drafts: dict[str, str] = {}

PAGE = """<!doctype html><meta charset="utf-8"><title>Ticket {ticket}</title>
<h1>Ticket {ticket}</h1>
<form method="post" action="/tickets/{ticket}/comment">
<p><label for="text">Answer</label><br><textarea id="text" name="text" rows="8" cols="60">{draft}</textarea></p>
<p><button>Send</button></p></form>"""


def ref_of(ticket: str) -> str:
    return f"zendesk:ticket/{ticket}"


def draft(ticket: str, question: str) -> str:
    """Asks the model and records what it was asked and what it said."""
    asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": question}]}
    interaction, started = flywheel.uuid7(), time.monotonic()
    request = urllib.request.Request(
        f"{MODEL_URL}/chat/completions",
        json.dumps(asked).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    text = answer["choices"][0]["message"]["content"]
    flywheel.send(
        {
            "type": "interaction",
            "id": interaction,
            "task": "reply",
            "operation": "chat",
            "provider": "openai",
            "model_requested": asked["model"],
            "model_answered": answer["model"],
            "provider_response_id": answer["id"],
            "messages": [{"role": "user", "parts": [{"type": "text", "content": question}]}],
            "outputs": [{"role": "assistant", "parts": [{"type": "text", "content": text}]}],
            "has_text": bool(text),
            "finish_reasons": [answer["choices"][0]["finish_reason"]],
            "duration_ms": (time.monotonic() - started) * 1000,
            "status": "ok",
            "consent": {"train": "granted"},
            "consent_basis": "terms-2026-01",
        },
        {"type": "link", "id": flywheel.uuid7(), "target_kind": "interaction", "target": interaction, "ref": ref_of(ticket)},
    )
    drafts[ticket] = text
    return text


def correct(ticket: str, kept: str, **more: str) -> None:
    """The text that went out, by the host's own key: whoever sends it needs to know no id of ours."""
    flywheel.send(
        {
            "type": "feedback",
            "id": flywheel.uuid7(),
            "target_kind": "ref",
            "target": ref_of(ticket),
            "kind": "correction",
            "stage": "committed",
            "kept": kept,
            **more,
        }
    )


def is_signed(body: bytes, signature: str, timestamp: str) -> bool:
    """Zendesk's rule: base64 of HMAC-SHA256 over the timestamp and the body, and not older than five minutes."""
    try:
        sent = datetime.datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return False
    expected = base64.b64encode(hmac.new(WEBHOOK_SECRET, timestamp.encode() + body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode()) and abs(time.time() - sent) <= TOLERANCE_S


def comment_added(event: dict) -> None:
    """Zendesk delivers an event at least once, so the feedback's id comes from the event's own id and time."""
    comment, when = event["event"]["comment"], event["time"]
    milliseconds = int(datetime.datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp() * 1000)
    correct(
        str(event["detail"]["id"]),
        comment["body"],
        id=flywheel.id_of(event["id"], milliseconds),
        occurred_at=when,
        author_id=f"zendesk:{comment['author']['id']}",
        author_kind="expert",
    )


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ticket = re.fullmatch(r"/tickets/(\d+)", self.path)
        if not ticket:
            return self.answer(404, "there is no such page")
        page = PAGE.format(ticket=ticket[1], draft=html.escape(drafts.get(ticket[1], "")))
        self.answer(200, page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > MAX_BODY_BYTES:
            return self.answer(413, "the body is larger than 1 MiB")
        body = self.rfile.read(length)
        try:
            if self.path == "/webhooks/zendesk":
                signature = self.headers.get("x-zendesk-webhook-signature", "")
                timestamp = self.headers.get("x-zendesk-webhook-signature-timestamp", "")
                if not is_signed(body, signature, timestamp):
                    return self.answer(401, "the signature is not ours or too old")
                event = json.loads(body)
                if event["type"] == "zen:event-type:ticket.comment_added":
                    comment_added(event)
                return self.answer(200, "taken")
            ticket = re.fullmatch(r"/tickets/(\d+)(/comment)?", self.path)
            if not ticket:
                return self.answer(404, "there is no such page")
            form = urllib.parse.parse_qs(body.decode(), keep_blank_values=True)
            if ticket[2]:
                correct(ticket[1], form["text"][0].replace("\r\n", "\n"), author_kind="expert", author_id="agent-7")
                return self.answer(200, "sent")
            return self.answer(200, draft(ticket[1], form["question"][0]))
        except (KeyError, TypeError, ValueError) as error:
            return self.answer(400, f"the request cannot be read: {error}")

    def answer(self, status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a request line would hold ticket numbers."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8000), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
