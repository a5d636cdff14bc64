"""A chat turn: read memory, answer, remember.  The answer is canned, the memory path is the real one."""

from __future__ import annotations

import hmac
import json
import os
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from guard import Context
from guard.django.wiring import memory, writer

MAX_ID = 128


@csrf_exempt
@require_POST
def chat(request: HttpRequest) -> HttpResponse:
    """Answer ``{"message", "thread_id"}``; never waits for a write."""
    if not _authorised(request):
        return JsonResponse({"error": "missing or wrong bearer token"}, status=401)
    turn = _turn(request.body)
    if turn is None:
        return JsonResponse({"error": 'send {"message": "...", "thread_id": "..."}'}, status=400)
    message, thread_id = turn
    context = memory().fetch_context(thread_id)
    reply = _reply(message, context)
    writer().submit(
        thread_id,
        [{"role": "user", "content": message}, {"role": "assistant", "content": reply}],
        client_msg_id=uuid.uuid4().hex,
        context=context,
    )
    trace = {"memory": context.trace, "worker": f"{settings.WORKER_PREFIX}{os.getpid()}"}
    return JsonResponse({"reply": reply, "thread_id": thread_id, "trace": trace})


def _authorised(request: HttpRequest) -> bool:
    sent = request.headers.get("Authorization", "").encode()
    return bool(settings.CHAT_TOKEN) and hmac.compare_digest(sent, f"Bearer {settings.CHAT_TOKEN}".encode())


def _turn(body: bytes) -> tuple[str, str] | None:
    try:
        raw: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(raw, dict):
        return None
    message, thread_id = raw.get("message"), raw.get("thread_id")
    if isinstance(message, str) and message and isinstance(thread_id, str) and 0 < len(thread_id) <= MAX_ID:
        return message, thread_id
    return None


def _reply(message: str, context: Context) -> str:
    known = "" if context.text is None else f" I remember {len(context.text.splitlines())} lines about you."
    return f"You said: {message}{known}"
