"""Ask an OpenAI-compatible endpoint for prose. No Flask."""

from __future__ import annotations

import json
import os

from retrieval.config import LlmSettings
from retrieval.errors import WenzhengError
from retrieval.http import HttpError, Limits, post

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
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = settings.base_url.rstrip("/") + "/chat/completions"
    # Whoever configures an endpoint means it, on this machine or elsewhere.
    limits = Limits(settings.timeout, _MOST_BYTES, allow_private=True)
    try:
        answer = post(url, body, headers, limits)
        if answer.status != 200:
            raise LlmError(f"模型服务报错（{answer.status}）", f"the model's server failed ({answer.status})")
        text = json.loads(answer.body)["choices"][0]["message"]["content"]
    except HttpError as error:
        raise LlmError(f"模型服务没有可用的回答（{error.zh}）", f"the model gave no answer ({error.en})") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise LlmError("模型服务的回答读不懂", "the model's answer cannot be read") from error
    if not isinstance(text, str) or not text.strip():
        raise LlmError("模型服务的回答是空的", "the model's answer is empty")
    return text
