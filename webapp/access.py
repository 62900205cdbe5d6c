"""Who may ask, and how often: names the site answers to, its password, a limit for each client.

The only importer of flask_limiter.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
from urllib.parse import urlsplit

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from limits import RateLimitItemPerMinute, parse_many
from werkzeug.exceptions import SecurityError, TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix

from retrieval.config import ServerSettings
from retrieval.errors import ConfigError, WenzhengError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("", "*", "0.0.0.0", "::")  # noqa: S104  # to recognise such a binding, not to make one
_FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")
# Views that answer without the password.
_OPEN = {"operating.healthz", "operating.readyz"}
# And those that do for programs on this machine.
_OPEN_HERE = {"operating.metrics"}
# Wrong passwords of one client.
_GUESSES = RateLimitItemPerMinute(10)


class PasswordError(WenzhengError):
    """The site has a password, and the request does not have it."""

    code = "unauthorized"


class _Sessions(SecureCookieSessionInterface):
    """Cookies are for TLS only wherever the request came by TLS, as a proxy in front of the site knows."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002  # Flask's signature
        return request.is_secure


def init(app: Flask, settings: ServerSettings) -> None:
    """Look at every request before anything else does. Raises ConfigError for a limit that cannot be read."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_mb << 20
    app.session_interface = _Sessions()
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=0)  # type: ignore[method-assign]  # as Flask's documentation has it
    names, password = allowed_hosts(settings), password_of(settings)

    @app.before_request
    def known_name() -> None:
        # Not Werkzeug's trusted hosts: these know no IPv6 addresses, which a browser on this machine may use.
        if _name(request.host) not in names:
            raise SecurityError

    limiter = _limiter(app, settings)

    @app.before_request
    def known_person() -> None:
        here = request.endpoint in _OPEN_HERE and from_this_machine()
        if password and not here and request.endpoint not in _OPEN:
            _check_password(password, limiter)

    app.extensions["wenzheng-password"] = password


def password_of(settings: ServerSettings) -> str:
    """The password, from the environment and nowhere else; empty where there is none."""
    return os.environ.get(settings.password_env, "") if settings.password_env else ""


def allowed_hosts(settings: ServerSettings) -> frozenset[str]:
    """The names by which browsers may call the site.

    Any other is a page of somebody else's whose name was made to point here (DNS rebinding), also on this machine.
    """
    given = {name.strip().lower().strip("[]") for name in settings.hosts.split(",") if name.strip()}
    bound = {settings.host.lower().strip("[]")} - {*_EVERYWHERE}
    return frozenset({*_LOOPBACK, *given, *bound})


def check_exposure(settings: ServerSettings, *, without_password: bool) -> None:
    """Raises ConfigError where the site would be open to others without a password, or answer to no name."""
    if is_loopback(settings.host) and not settings.proxies:
        return
    if not (password_of(settings) or without_password):
        raise ConfigError(
            f"别的机器也能访问这个网站（{settings.host}）：请先在环境变量 {settings.password_env} 里设一个密码，"
            "确实不要密码就加 --without-password",
            f"other machines can reach this site ({settings.host}): set a password in the environment variable "
            f"{settings.password_env}, or say --without-password if none is wanted",
        )
    if settings.host in _EVERYWHERE and not settings.hosts.strip():
        raise ConfigError(
            f"监听 {settings.host} 时，请在 config.toml 的 [server] hosts 写上浏览器用的名称或地址",
            f"when listening on {settings.host}, name the site's names or addresses in [server] hosts of config.toml",
        )


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def from_this_machine() -> bool:
    """Whether a program on this machine asks for itself: what a proxy passes on comes from elsewhere."""
    return is_loopback(request.remote_addr or "") and not any(name in request.headers for name in _FORWARDED)


def _limiter(app: Flask, settings: ServerSettings) -> Limiter:
    try:
        parse_many(settings.rate_limit or "1 per second")
    except ValueError as error:
        raise ConfigError(
            f"[server] rate_limit 读不懂：{settings.rate_limit}；写法如 120 per minute",
            f"[server] rate_limit cannot be read: {settings.rate_limit}; write it as 120 per minute",
        ) from error
    limiter = Limiter(
        _client,
        app=app,
        application_limits=[settings.rate_limit] if settings.rate_limit else [],
        storage_uri="memory://",
        headers_enabled=True,
    )
    limiter.request_filter(from_this_machine)
    return limiter


def _client() -> str:
    """Whose limit it is: an address, or the network of an IPv6 address, of which one machine has as many as it likes."""
    address = request.remote_addr or ""
    if ":" in address:
        return str(ipaddress.ip_network(f"{address.split('%')[0]}/64", strict=False))
    return address


def _check_password(password: str, limiter: Limiter) -> None:
    """Raises PasswordError, or TooManyRequests after many wrong ones, when even the right one must wait."""
    if request.authorization is not None:
        # Flask-Limiter leaves out what leads nowhere and files of the site's own: neither is a place to guess.
        if not limiter.limiter.test(_GUESSES, "password", _client()):
            raise TooManyRequests(retry_after=60)
        if _brings(password):
            return
        limiter.limiter.hit(_GUESSES, "password", _client())
    raise PasswordError("请输入本站的密码（用户名随意）", "this site wants its password (any user name)")


def _brings(password: str) -> bool:
    """As HTTP Basic (any user name) or as a bearer token; the time it takes says nothing of what was wrong."""
    given = request.authorization
    found = (given.password if given.type == "basic" else given.token) if given else None
    return hmac.compare_digest((found or "").encode(errors="replace"), os.fsencode(password))


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
