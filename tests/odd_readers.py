"""What a reading process may meet; in a module that imports little, for that process imports it."""

from __future__ import annotations

import os
import time

from indexer.extraction import make_report
from retrieval.types import Report


def hang(*_: object) -> None:
    time.sleep(60)


def crash(*_: object) -> None:
    os.kill(os.getpid(), 11)


def eat(*_: object) -> None:
    bytearray(8 << 30)


def stumble(*_: object) -> None:
    raise KeyError("surprise")


def hang_on_one(data: bytes, source_name: str, *rest: object) -> Report:
    if source_name == "odd.txt":
        hang()
    return make_report(data, source_name, *rest)
