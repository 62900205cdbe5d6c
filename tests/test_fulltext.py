"""The full text of a segment: folding, pieces without gaps, and proposals that miss nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval import layout
from retrieval.errors import IndexUnusableError
from retrieval.fulltext import FulltextReader, write_fulltext
from retrieval.store import Index, open_index
from retrieval.text import bare, fold, fold_offsets
from retrieval.types import ROLES, Metadata, Region, Report, ReportSummary

# White space, width, case, expansions, invisible and private characters, Traditional, NUL, astral planes.
ODD = "行政復議复议乾隆干 \u3000\n\tＡａ１1①㎡…\u200b\ue000\0İß覆答𠮷🌸é"


def report(text: str, version: str = "v") -> Report:
    summary = ReportSummary(version, version, "x.txt", "", "text/plain", Metadata("标题", False, Region()))
    return Report(summary, text, (), (), ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("行政復議", "行政复议"),
        ("ＡＢＣ１２", "abc12"),
        ("依法　行 政\n复议", "依法行政复议"),
        ("１０㎡", "10m2"),
        ("答覆", "答复"),
    ],
)
def test_script_width_case_and_white_space_make_no_difference(one: str, other: str) -> None:
    assert fold(one) == fold(other) == bare(other)


def test_a_character_folds_alike_wherever_it_stands() -> None:
    assert fold("乾") in fold("乾隆年间") == "干隆年间"


@given(st.text(alphabet=ODD, max_size=60))
def test_offsets_lead_from_every_folded_character_back_to_its_original(text: str) -> None:
    folded, offsets = fold(text), fold_offsets(text)
    assert len(folded) == len(offsets)
    assert list(offsets) == sorted(offsets)
    if "覆" not in text and "復" not in text:
        assert all(char in fold(text[at]) for char, at in zip(folded, offsets, strict=True))
    assert not any(char.isspace() for char in folded)


def test_the_texts_are_the_reports_folded(samples: Index) -> None:
    (reader,) = samples.fulltext
    texts = dict(reader.texts(range(len(reader.versions))))
    assert len(texts) == len(samples.reports) == 12
    for number, version in enumerate(reader.versions):
        summary = samples.reports[samples.numbers[version]]
        assert texts[number] == fold(samples.report(summary.id).text)


def test_the_pieces_cover_every_text_and_the_passages_are_among_them(samples: Index) -> None:
    (reader,) = samples.fulltext
    pieces = reader.pieces
    texts = dict(reader.texts(range(len(reader.versions))))
    until = dict.fromkeys(texts, 0)
    rows = []
    for text, start, end, role, row in zip(pieces.text, pieces.start, pieces.end, pieces.role, pieces.row, strict=True):
        assert start == until[text] < end
        until[text] = end
        if row >= 0:
            passage = samples.passage(row)
            assert (texts[text][start:end], ROLES[role]) == (fold(passage.text), passage.role)
            rows.append(row)
        else:
            assert ROLES[role] == "other"
    assert until == {number: len(text) for number, text in texts.items()}
    assert rows == list(range(samples.passage_count))


def test_headings_stand_outside_passages_each_by_itself(samples: Index) -> None:
    (reader,) = samples.fulltext
    pieces, texts = reader.pieces, dict(reader.texts(range(len(reader.versions))))
    outside = {
        texts[n][a:b] for n, a, b, row in zip(pieces.text, pieces.start, pieces.end, pieces.row, strict=True) if row < 0
    }
    for summary in samples.reports:
        whole = samples.report(summary.id)
        for paragraph in whole.paragraphs:
            if paragraph.kind == "heading":
                assert fold(whole.text[paragraph.start : paragraph.end]) in outside


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[FulltextReader, list[str]]:
    """Two hundred texts of odd characters."""
    chance = random.Random(7)  # noqa: S311  # texts, not secrets
    texts = ["".join(chance.choices(ODD, k=chance.randint(0, 60))) for _ in range(200)]
    path = tmp_path_factory.mktemp("odd") / layout.SEGMENT_FULLTEXT
    write_fulltext(path, [report(text, str(number)) for number, text in enumerate(texts)])
    return FulltextReader(path), texts


@given(data=st.data())
def test_no_text_that_holds_a_phrase_is_left_out_of_the_proposals(
    odd: tuple[FulltextReader, list[str]], data: st.DataObject
) -> None:
    reader, texts = odd
    source = fold(data.draw(st.sampled_from(texts)))
    start = data.draw(st.integers(0, len(source)))
    phrase = source[start : start + data.draw(st.integers(1, 12))]
    proposed = reader.candidates(phrase)
    assert proposed is None or proposed >= {n for n, text in enumerate(texts) if phrase in fold(text)}


def test_a_rare_phrase_proposes_few_texts_and_a_short_one_none(samples: Index) -> None:
    (reader,) = samples.fulltext
    proposed = reader.candidates("牧区执法半径大")
    assert proposed is not None
    assert len(proposed) == 1
    assert reader.candidates("复议") is None
    assert reader.candidates("绝无此语") == set()


def test_the_manifest_lists_and_checks_the_full_text(samples: Index, tmp_path: Path) -> None:
    (segment,) = samples.manifest.segments
    (entry,) = [file for file in segment.files if file.path.endswith(layout.SEGMENT_FULLTEXT)]
    assert (samples.root / entry.path).stat().st_size == entry.size
    longer = replace(entry, size=entry.size + 1)
    with pytest.raises(IndexUnusableError, match=layout.SEGMENT_FULLTEXT):
        Index(samples.root, replace(samples.manifest, segments=(replace(segment, files=(longer,)),)))


def test_an_index_of_the_format_before_says_how_to_rebuild(tmp_path: Path) -> None:
    layout.publish(tmp_path, layout.Manifest(1, "", "", "", 1, format_version=2))
    with pytest.raises(IndexUnusableError, match="wenzheng index --rebuild"):
        open_index(tmp_path)
