"""Coverage-guided cases with atheris, in a process of its own: python -m bench.fuzzing.guided TARGET -runs=N …

libFuzzer's options follow the target. It stops at the first fault.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["indexer", "retrieval", "webapp", "lark"], enable_loader_override=False):
    from bench.fuzzing import claims
    from webapp.places import PlaceNames

TARGETS = ("plain text", "HTML", "MHTML", "question", "expression")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def main() -> None:
    names = PlaceNames([])
    tries = {
        "plain text": lambda data: claims.file_is_read_or_refused(data, "a.txt"),
        "HTML": lambda data: claims.file_is_read_or_refused(data, "a.html"),
        "MHTML": lambda data: claims.file_is_read_or_refused(data, "a.mht"),
        "question": lambda data: claims.question_is_understood(_text(data), names),
        "expression": lambda data: claims.expression_is_read_or_pointed_at(_text(data)),
    }
    target = sys.argv.pop(1)
    atheris.Setup(sys.argv, tries[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
