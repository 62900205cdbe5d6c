"""HTTP with bounds: time, size, redirects, and which addresses may be asked; the only importer of httpx2."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from retrieval.errors import WenzhengError

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


class HttpError(WenzhengError):
    """No usable answer; `retry` when asking again later may help."""

    def __init__(self, zh: str, en: str, *, retry: bool = False) -> None:
        super().__init__(zh, en)
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for all of a request, bytes of an answer once unpacked, and whether private addresses may be asked."""

    timeout: float
    size: int
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, from the address that was asked last; header names are lower case."""

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def post(url: str, body: Any, headers: Mapping[str, str], limits: Limits) -> Answer:
    """POST JSON; redirects are not followed. Raises HttpError."""
    return _ask("POST", url, dict(headers), limits, time.monotonic() + limits.timeout, body)


def get(url: str, headers: Mapping[str, str], limits: Limits) -> Answer:
    """GET, following redirects as far as every address on the way may be asked. Raises HttpError."""
    deadline = time.monotonic() + limits.timeout
    seen = {url}
    while True:
        answer = _ask("GET", url, dict(headers), limits, deadline, None)
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            return answer
        try:
            url = urljoin(url, answer.headers["location"])
        except ValueError:
            raise HttpError(f"{url}：转到的网址不对", f"{url}: redirects to no usable address") from None
        if url in seen or len(seen) > _MOST_REDIRECTS:
            raise HttpError(f"{url}：转来转去，没有尽头", f"{url}: redirects without end")
        seen.add(url)


def _ask(method: str, url: str, headers: dict[str, str], limits: Limits, deadline: float, body: Any) -> Answer:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not parts.hostname:
        raise HttpError(f"{url}：不是网址", f"{url}: not a web address")
    target, extra = url, {}
    if not limits.allow_private:
        # The address that was checked is the address that is asked: a name may answer otherwise the next time.
        address = _public_address(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), url)
        shown = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{shown}:{parts.port}" if parts.port else shown).geturl()
        headers = {**headers, "Host": parts.netloc.rsplit("@", 1)[-1]}
        extra = {"sni_hostname": parts.hostname}
    data = bytearray()
    try:
        with (
            httpx2.Client(
                timeout=max(0.1, deadline - time.monotonic()), follow_redirects=False, trust_env=False
            ) as client,
            client.stream(method, target, json=body, headers=headers, extensions=extra) as response,
        ):
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > limits.size:
                    raise HttpError(f"{url}：超过 {limits.size >> 20} MiB", f"{url}: over {limits.size >> 20} MiB")
                if time.monotonic() > deadline:
                    raise HttpError(f"{url}：太慢", f"{url}: too slow", retry=True)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(url, response.status_code, bytes(data), found)
    except httpx2.HTTPError as error:
        name = type(error).__name__
        raise HttpError(f"{url}：没有回答（{name}）", f"{url}: no answer ({name})", retry=True) from error
    except (httpx2.InvalidURL, ValueError) as error:
        raise HttpError(f"{url}：网址不对", f"{url}: not a usable address ({error})") from error


def _public_address(host: str, port: int, url: str) -> str:
    """The first address of a host, all of whose addresses must be public."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise HttpError(f"{url}：找不到主机 {host}", f"{url}: no such host {host}", retry=True) from error
    for address in found:
        if not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise HttpError(
                f"{url}：{host} 是内网或本机地址，不取（config.toml 的 [fetch] allow_private 可放行）",
                f"{url}: {host} is a private or local address; refused ([fetch] allow_private in config.toml allows it)",
            )
    return found[0]
