"""Opens the model and the index for a command; what is heavy is imported only when it is needed."""

from __future__ import annotations

import click

from retrieval import layout
from retrieval.config import Config
from wenzheng.options import Context


def open_model(config: Config):  # type: ignore[no-untyped-def]  # importing the type would import openvino at start-up
    from retrieval.encoder import is_prepared, open_encoder

    if not is_prepared(config):
        click.echo("首次使用：准备语义模型，约半分钟 / first use: preparing the model, about half a minute …", err=True)
    return open_encoder(config)


def open_index_searcher(context: Context):  # type: ignore[no-untyped-def]  # as above
    from retrieval.search import open_searcher
    from retrieval.store import open_index

    layout.current_manifest(context.index)  # before the model is loaded: no index is the commoner mistake
    encoder = open_model(context.config)
    return open_searcher(context.config, open_index(context.index, encoder.fingerprint), encoder)
