"""Ask an OpenAI-compatible endpoint for prose; the only importer of httpx2. No Flask."""

from __future__ import annotations

import json
import os
import time

import httpx2

from retrieval.config import LlmSettings
from retrieval.errors import WenzhengError

# What a chat answer may weigh; anything larger is not an answer.
_MOST_BYTES = 200_000


class LlmError(WenzhengError):
    """The endpoint gave no usable answer."""


def complete(settings: LlmSettings, system: str, user: str) -> str:
    """The text of one chat completion within `settings.timeout` seconds, all told. Raises LlmError.

    The key comes from the environment variable that `settings.key_env` names, and is never written anywhere.
    """
    key = os.environ.get(settings.key_env, "")
    body = {
        "model": settings.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "temperature": 0,
    }
    try:
        data = _post(settings, body, {"Authorization": f"Bearer {key}"} if key else {})
        text = json.loads(data)["choices"][0]["message"]["content"]
    except httpx2.HTTPError as error:
        raise LlmError(
            f"模型服务没有回答（{type(error).__name__}）", f"the model gave no answer ({error!r})"
        ) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise LlmError("模型服务的回答读不懂", "the model's answer cannot be read") from error
    if not isinstance(text, str) or not text.strip():
        raise LlmError("模型服务的回答是空的", "the model's answer is empty")
    return text


def _post(settings: LlmSettings, body: dict[str, object], headers: dict[str, str]) -> bytes:
    """httpx2 bounds each read; the deadline bounds them all, against a server that drips."""
    deadline = time.monotonic() + settings.timeout
    url = settings.base_url.rstrip("/") + "/chat/completions"
    data = bytearray()
    with httpx2.stream("POST", url, json=body, headers=headers, timeout=settings.timeout) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > _MOST_BYTES or time.monotonic() > deadline:
                raise LlmError("模型服务的回答太长或太慢", "the model's answer is too long or too slow")
    return bytes(data)
