"""The command that serves the site."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

import click

from retrieval.config import Config
from wenzheng.opening import open_model
from wenzheng.options import context_of, index_option

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

    from webapp import create_app
    from webapp.access import check_exposure

    context = context_of(index_dir)
    config = _listening(context.config, host, port)
    settings = config.server
    check_exposure(settings, without_password=without_password)
    open_model(config)
    app = create_app(config, context.index)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{shown}:{settings.port}"
    click.echo(f"问政已启动 / serving {context.index}: {address} （Ctrl+C 结束 / to stop）", err=True)
    waitress.serve(
        app,
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


def _listening(config: Config, host: str | None, port: int | None) -> Config:
    """The settings with what the command line says instead."""
    server = replace(
        config.server,
        host=config.server.host if host is None else host,
        port=config.server.port if port is None else port,
    )
    return replace(config, server=server)
