"""The one error handler: JSON for the API, a page for people, never a stack trace."""

from __future__ import annotations

import logging
import sqlite3
from functools import partial

from flask import Flask, Response, after_this_request, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError

from retrieval.errors import NotFoundError, QueryError, WenzhengError
from webapp import language
from webapp.access import PasswordError
from webapp.observing import request_id
from webapp.protection import ForbiddenError, is_token_error
from webapp.shelf import StaleError

_STATUS: dict[type[WenzhengError], int] = {
    QueryError: 400,
    PasswordError: 401,
    NotFoundError: 404,
    ForbiddenError: 403,
    StaleError: 409,
}
_HTTP = {
    404: ("not_found", "没有这个页面", "there is no such page"),
    413: ("too_large", "文件或内容太大", "the file or the text is too large"),
    429: ("too_many", "请求太多，请过一会儿再试", "too many requests: wait a while and try again"),
    405: ("method_not_allowed", "这里不接受这种请求", "this method is not allowed here"),
}
_log = logging.getLogger("wenzheng")


def init(app: Flask) -> None:
    app.register_error_handler(Exception, handle)


def handle(error: Exception) -> tuple[Response | str, int]:
    """Status, code and message of whatever went wrong."""
    if isinstance(error, WenzhengError):
        return _answer(_STATUS.get(type(error), 503), error.code, error.zh, error.en)
    if is_token_error(error):
        zh = "这个表单不是从本站打开的页面发出的，或浏览器没有保存 Cookie；请返回、刷新后再提交"
        en = "this form did not come from an open page of this site, or cookies are off: go back, reload and send it again"
        return _answer(400, "form_token", zh, en)
    if isinstance(error, SecurityError):
        return _unknown_host()
    if isinstance(error, HTTPException) and error.code:
        code, zh, en = _HTTP.get(error.code, ("bad_request", "请求有误", error.name))
        after_this_request(partial(_keep_headers, error))
        return _answer(error.code, code, zh, en)
    # SQLite says so of damaged files alone; a locked file or a full disk is a subclass.
    if type(error) is sqlite3.DatabaseError:
        _log.error("damaged index", exc_info=error)
        zh = "索引的一个文件读不出来，可能已损坏；请管理员运行 wenzheng verify"
        return _answer(503, "index_unusable", zh, "a file of the index cannot be read: run wenzheng verify")
    where = request.url_rule.rule if request.url_rule else ""
    _log.exception("unexpected error", extra={"fields": {"request_id": request_id(), "route": where}})
    return _answer(500, "internal", "服务器出错了，已记入日志", "something went wrong; it has been logged")


def _unknown_host() -> tuple[Response, int]:
    """In plain text: where the name is not this site's, nothing of the site is shown."""
    text = (
        "本站不用这个名称；可在 config.toml 的 [server] hosts 里加上\n"
        "this site does not go by that name; add it to [server] hosts in config.toml\n"
    )
    return Response(text, content_type="text/plain; charset=utf-8"), 400


def _answer(status: int, code: str, zh: str, en: str) -> tuple[Response | str, int]:
    if status == 401:
        after_this_request(_ask_for_password)
    message = zh if language.current() == "zh" else en
    if request.path.startswith("/api/"):
        return jsonify({"error": {"code": code, "message": message, "request_id": request_id()}}), status
    return render_template("error.html", status=status, message=message, request_id=request_id()), status


def _keep_headers(error: HTTPException, response: Response) -> Response:
    """What would be accepted instead, and when to come back."""
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers.setdefault(name, value)
    return response


def _ask_for_password(response: Response) -> Response:
    response.headers["WWW-Authenticate"] = 'Basic realm="wenzheng", charset="UTF-8"'
    return response
