"""Indexes built once with the real model: of the samples, and of the real reports where they are at hand."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import settings

from bench.planted import FRESH, Truth, write
from indexer.build import build
from retrieval.config import Config, load_config
from retrieval.encoder import Encoder, open_encoder
from retrieval.search import Searcher, open_searcher
from retrieval.store import Index, open_index
from webapp import create_app
from webapp.service import Service

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
SHARED = ROOT.parent / "shared"
REPORTS = SHARED / "reports"
Site = Callable[..., FlaskClient]

# A busy machine is no failure, and a failure is the same on every machine.
settings.register_profile("wenzheng", deadline=None, derandomize=True, database=None)
settings.load_profile("wenzheng")


def quiet(_name: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config(ROOT / "config.toml")


@pytest.fixture(scope="session")
def encoder(config: Config) -> Encoder:
    return open_encoder(config)


@pytest.fixture(scope="session")
def samples_root(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Path:
    root = tmp_path_factory.mktemp("samples-index")
    build([SAMPLES], root, config, encoder, quiet, rebuild=False)
    return root


@pytest.fixture(scope="session")
def samples(samples_root: Path) -> Index:
    return open_index(samples_root)


@pytest.fixture(scope="session")
def searcher(samples: Index, encoder: Encoder, config: Config) -> Searcher:
    return open_searcher(config, samples, encoder)


@pytest.fixture(scope="session")
def real_root(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Path:
    if not REPORTS.is_dir():
        pytest.skip(f"the real reports are not at {REPORTS}")
    root = tmp_path_factory.mktemp("real-index")
    build([REPORTS], root, config, encoder, quiet, rebuild=False)
    return root


@pytest.fixture(scope="session")
def real(real_root: Path) -> Index:
    return open_index(real_root)


@pytest.fixture(scope="session")
def real_searcher(real: Index, encoder: Encoder, config: Config) -> Searcher:
    return open_searcher(config, real, encoder)


@pytest.fixture(scope="session")
def app(samples_root: Path, config: Config, encoder: Encoder):
    return create_app(config, service=Service(config, samples_root, encoder))


@pytest.fixture
def client(app) -> Iterator:
    with app.test_client() as client:
        yield client


@pytest.fixture
def site(samples_root: Path, config: Config, encoder: Encoder) -> Site:
    """A maker of clients of the samples' site with some of [server] set otherwise."""

    def made(**settings: object) -> FlaskClient:
        own = replace(config, server=replace(config.server, **settings))
        return create_app(own, service=Service(own, samples_root, encoder)).test_client()

    return made


@contextmanager
def interrupts(handled: signal.Handlers | Callable[..., object]) -> Iterator[None]:
    """What a process started meanwhile does with SIGINT: ignores it as this one does, or else takes it as usual."""
    before = signal.signal(signal.SIGINT, handled)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class Planted:
    root: Path
    searcher: Searcher
    truth: Truth


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    truth = write(folder / "reports", folder / "references")
    build([folder / "reports"], folder / "index", config, encoder, quiet, rebuild=False)
    build([folder / "references"], folder / "index", config, encoder, quiet, rebuild=False, reference=True)
    return Planted(folder / "index", open_searcher(config, open_index(folder / "index"), encoder), truth)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory, config: Config, encoder: Encoder) -> Planted:
    """Measures that were written when everything had been built for the others."""
    folder = tmp_path_factory.mktemp("fresh")
    truth = write(folder / "reports", measures=FRESH)
    build([folder / "reports"], folder / "index", config, encoder, quiet, rebuild=False)
    return Planted(folder / "index", open_searcher(config, open_index(folder / "index"), encoder), truth)


@pytest.fixture
def planted_site(planted: Planted, config: Config, encoder: Encoder) -> Iterator:
    with create_app(config, service=Service(config, planted.root, encoder)).test_client() as client:
        yield client
