"""The command that serves the site."""

from __future__ import annotations

import _thread
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from retrieval.config import Config
from wenzheng.opening import open_model
from wenzheng.options import context_of, index_option

if TYPE_CHECKING:
    # Flask is imported only to serve.
    from webapp.observing import Observer

# Addresses with the places of a long list are a quarter of this.
_MOST_HEADERS = 100_000


@click.command()
@index_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--without-password", is_flag=True, help="Let other machines in without a password.")
def serve(index_dir: Path | None, host: str | None, port: int | None, without_password: bool) -> None:
    """Serve the site and the API."""
    import waitress
    from threadpoolctl import threadpool_limits

    from webapp import create_app
    from webapp.access import check_exposure
    from webapp.observing import JsonLines
    from webapp.service import Service

    context = context_of(index_dir)
    config = _listening(context.config, host, port)
    settings = config.server
    check_exposure(settings, without_password=without_password)
    app = create_app(config, service=Service(config, context.index, open_model(config)))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(log_queries=settings.log_queries))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{shown}:{settings.port}"
    click.echo(f"问政已启动 / serving {context.index}: {address} （Ctrl+C 结束 / to stop）", err=True)
    channels: dict[int, Any] = {}
    server = waitress.create_server(
        app,
        map=channels,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        ident=None,
        channel_timeout=max(1, round(settings.timeout)),
        max_request_body_size=(settings.max_body_mb << 20) + 1,
        max_request_header_size=_MOST_HEADERS,
        # The site looks at these itself: it must know that a proxy passed a request on, and believes none unasked.
        clear_untrusted_proxy_headers=False,
    )
    # Requests run beside each other: threads within one would only wait for those of the others.
    threadpool_limits(1)
    _stop_gently(app.extensions["wenzheng-observer"], channels, settings.grace)
    # Told a second time while it was stopping.
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    _leave()


def _stop_gently(observer: Observer, channels: dict[int, Any], grace: float) -> None:
    """On SIGTERM take no new connection, let the requests in progress end, then stop; at once if told again."""

    def finish() -> None:
        end = time.monotonic() + grace
        observer.wait_until_idle(grace)
        while time.monotonic() < end and any(getattr(one, "total_outbufs_len", 0) for one in channels.values()):
            time.sleep(0.05)
        # As if told again. SIGINT would not do: a shell starts what runs in the background with that one ignored.
        _thread.interrupt_main(signal.SIGTERM)

    def told(_number: int, _frame: FrameType | None) -> None:
        if observer.stopping:
            raise KeyboardInterrupt
        observer.stopping = True
        for one in channels.values():
            one.accepting = False
        threading.Thread(target=finish, daemon=True).start()

    signal.signal(signal.SIGTERM, told)


def _leave() -> NoReturn:
    """End the process without ending the interpreter.

    What the threads of requests opened is given back by compiled code as they end, which may be after Python counts
    them as ended; where that code finds no interpreter any more the process is aborted.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _listening(config: Config, host: str | None, port: int | None) -> Config:
    """The settings with what the command line says instead."""
    server = replace(
        config.server,
        host=config.server.host if host is None else host,
        port=config.server.port if port is None else port,
    )
    return replace(config, server=server)
