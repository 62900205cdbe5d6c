"""Building: what is new is indexed, what is unchanged costs nothing, what is broken is named, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from indexer import prepare
from indexer.build import Summary, build
from indexer.verify import verify
from retrieval import layout, writing
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import IndexUnusableError, NotFoundError, ReadError
from retrieval.store import Index, open_index
from retrieval.text import tokens
from retrieval.types import Filters
from retrieval.vectors import FLAT, LISTS, ListIndex
from tests.conftest import SAMPLES, quiet

TEXT = "云台县人民政府{year}年法治政府建设情况报告\n{year}年，云台县坚持依法行政，现将情况报告如下。\n一、主要成效\n{body}\n"
BODY = "推行说理式执法，处罚决定书说清事实、证据、法律依据和裁量理由，全年制作说理式处罚决定书{n}份。"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reports = tmp_path / "reports"
    (reports / "b").mkdir(parents=True)
    write(reports / "a.txt", 2021, 1)
    write(reports / "b" / "c.txt", 2022, 2)
    return reports


@pytest.fixture
def run(tmp_path: Path, folder: Path, config: Config, encoder: Encoder):
    def index(*, rebuild: bool = False, encoder: Encoder = encoder) -> Summary:
        return build([folder], tmp_path / "index", config, encoder, quiet, rebuild=rebuild)

    return index


def write(path: Path, year: int, number: int) -> None:
    path.write_text(TEXT.format(year=year, body=BODY.format(n=number)), encoding="utf-8")


def statuses(summary: Summary) -> dict[str, str]:
    return {outcome.source_name: outcome.status for outcome in summary.outcomes}


def passages(root: Path) -> dict[str, str]:
    return {passage.id: passage.text for passage, _ in open_index(root).passages()}


def test_names_are_relative_and_in_a_stable_order(run) -> None:
    assert list(statuses(run())) == ["a.txt", "b/c.txt"]


def test_a_second_run_does_nothing_and_makes_no_new_version(run, tmp_path: Path) -> None:
    first, second = run(), run()
    assert set(statuses(second).values()) == {"unchanged"}
    assert (second.new_passages, second.embedded, second.version) == (0, 0, first.version)


def test_a_new_report_is_added_and_only_it_is_embedded(run, folder: Path, tmp_path: Path) -> None:
    run()
    before = passages(tmp_path / "index")
    write(folder / "d.txt", 2023, 3)
    summary = run()
    assert statuses(summary) == {"a.txt": "unchanged", "b/c.txt": "unchanged", "d.txt": "new"}
    assert summary.embedded == summary.new_passages > 0
    assert before.items() < passages(tmp_path / "index").items()


def test_a_changed_report_keeps_its_id_and_its_old_words_leave_the_search(run, folder: Path, tmp_path: Path) -> None:
    run()
    before = {s.source_name: s.id for s in open_index(tmp_path / "index").reports}
    write(folder / "a.txt", 2021, 99)
    assert statuses(run())["a.txt"] == "changed"
    index = open_index(tmp_path / "index")
    assert {s.source_name: s.id for s in index.reports} == before
    texts = "".join(passages(tmp_path / "index").values())
    assert "99份" in texts
    assert "决定书1份" not in texts
    assert index.passage_count == len(passages(tmp_path / "index"))


def test_a_report_changed_back_is_found_again_once(run, folder: Path, tmp_path: Path) -> None:
    run()
    before = passages(tmp_path / "index")
    write(folder / "a.txt", 2021, 99)
    run()
    write(folder / "a.txt", 2021, 1)
    run()
    assert passages(tmp_path / "index") == before
    assert [s.source_name for s in open_index(tmp_path / "index").reports].count("a.txt") == 1


def test_the_same_bytes_under_two_names_are_one_report_however_often_it_runs(run, folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a.txt", folder / "z.txt")
    assert statuses(run())["z.txt"] == "duplicate"
    assert statuses(run()) == {"a.txt": "unchanged", "b/c.txt": "unchanged", "z.txt": "duplicate"}
    assert len(open_index(tmp_path / "index").reports) == 2


def test_passage_ids_survive_a_rebuild(run, tmp_path: Path) -> None:
    run()
    before = passages(tmp_path / "index")
    run(rebuild=True)
    assert passages(tmp_path / "index") == before


def test_an_unreadable_report_is_named_and_the_others_are_indexed(run, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4")
    summary = run()
    assert [(o.source_name, o.status) for o in summary.outcomes if o.status == "failed"] == [("broken.pdf", "failed")]
    assert "broken.pdf" in next(o.reason for o in summary.outcomes if o.status == "failed")
    assert summary.reports == 2


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path, config: Config, encoder: Encoder) -> None:
    with pytest.raises(ReadError, match="nowhere"):
        build([tmp_path / "nowhere"], tmp_path / "index", config, encoder, quiet, rebuild=False)


def test_originals_are_kept_untouched_under_their_hash(run, folder: Path, tmp_path: Path) -> None:
    run()
    index = open_index(tmp_path / "index")
    for summary in index.reports:
        assert index.original(summary).name == summary.sha256
        assert index.original(summary).read_bytes() == (folder / summary.source_name).read_bytes()


class OtherEncoder:
    """The real encoder under another fingerprint."""

    def __init__(self, encoder: Encoder) -> None:
        self.passages, self.queries, self.dimension = encoder.passages, encoder.queries, encoder.dimension
        self.fingerprint = "another"


def test_an_index_of_another_encoder_is_refused_until_a_rebuild_is_asked_for(
    run, encoder: Encoder, tmp_path: Path
) -> None:
    run()
    with pytest.raises(IndexUnusableError, match="--rebuild"):
        run(encoder=OtherEncoder(encoder))
    with pytest.raises(IndexUnusableError, match="--rebuild"):
        open_index(tmp_path / "index", "another")
    run(rebuild=True, encoder=OtherEncoder(encoder))
    assert len(open_index(tmp_path / "index", "another").reports) == 2


def test_an_index_of_another_format_is_refused_with_the_way_out(run, tmp_path: Path) -> None:
    run()
    root = tmp_path / "index"
    path = root / layout.MANIFESTS / (layout.current_name(root) or "")
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "format_version": 999}), "utf-8")
    (root / layout.POINTER).write_text(path.name, "utf-8")
    with pytest.raises(IndexUnusableError, match=r"999.*--rebuild"):
        open_index(root)


def test_no_index_is_reported_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusableError, match="wenzheng index"):
        open_index(tmp_path)


def test_a_file_cut_short_is_noticed_on_opening_and_names_the_file(run, tmp_path: Path) -> None:
    run()
    (vectors,) = (tmp_path / "index").rglob(FLAT)
    vectors.write_bytes(vectors.read_bytes()[:-10])
    with pytest.raises(IndexUnusableError, match=FLAT):
        open_index(tmp_path / "index")


def test_a_flipped_byte_is_found_by_verify(run, tmp_path: Path) -> None:
    run()
    index = open_index(tmp_path / "index")
    (vectors,) = (tmp_path / "index").rglob(FLAT)
    data = bytearray(vectors.read_bytes())
    data[-1] ^= 1
    vectors.write_bytes(bytes(data))
    assert [FLAT in problem for problem in verify(index).problems] == [True]


def test_an_altered_original_is_found_by_verify(run, tmp_path: Path) -> None:
    run()
    index = open_index(tmp_path / "index")
    path = index.original(index.reports[0])
    path.write_bytes(path.read_bytes() + b"x")
    assert index.reports[0].source_name in verify(index).problems[0]


def test_a_second_build_at_the_same_time_is_refused(run, tmp_path: Path) -> None:
    run()
    with FileLock(tmp_path / "index" / layout.LOCK), pytest.raises(IndexUnusableError, match="另一个程序"):
        run()


def test_old_versions_are_pruned_but_the_one_before_stays(run, folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("retrieval.writing.KEPT_SECONDS", 0)
    for number in range(4):
        write(folder / "a.txt", 2021, number + 10)
        run()
    root = tmp_path / "index"
    assert len(list((root / layout.MANIFESTS).iterdir())) == 2
    kept = layout.current_manifest(root)
    assert {path.name for path in (root / layout.LEXICAL).iterdir()} == {part.id for part in kept.lexical}


def test_adding_a_report_writes_only_its_own_parts(run, folder: Path, tmp_path: Path) -> None:
    run()
    before = layout.current_manifest(tmp_path / "index")
    write(folder / "d.txt", 2023, 3)
    run()
    after = layout.current_manifest(tmp_path / "index")
    assert after.segments[:-1] == before.segments
    assert after.lexical[:-1] == before.lexical


def test_a_version_opened_after_another_reads_only_what_is_new(run, folder: Path, tmp_path: Path) -> None:
    run()
    before = open_index(tmp_path / "index")
    write(folder / "a.txt", 2021, 10)
    run()
    after, afresh = open_index(tmp_path / "index", before=before), open_index(tmp_path / "index")
    assert [reader in before.segments for reader in after.segments] == [True, False]
    assert after.reports == afresh.reports
    assert after.report_numbers.tolist() == afresh.report_numbers.tolist()
    assert after.roles.tolist() == afresh.roles.tolist()


def test_many_small_runs_leave_few_segments_and_the_same_passages(run, folder: Path, tmp_path: Path) -> None:
    for number in range(10):
        write(folder / f"n{number}.txt", 2010 + number, number)
        run()
    index = open_index(tmp_path / "index")
    assert len(index.manifest.segments) < 9
    assert len(index.reports) == 12
    assert verify(index).problems == ()
    run(rebuild=True)
    assert {p.id for p, _ in index.passages()} == set(passages(tmp_path / "index"))


def test_parts_of_an_index_weigh_words_as_one_index_does(run, folder: Path, tmp_path: Path) -> None:
    run()
    write(folder / "d.txt", 2023, 3)
    run()
    apart = open_index(tmp_path / "index")
    run(rebuild=True)
    whole = open_index(tmp_path / "index")
    assert (len(apart.manifest.lexical), len(whole.manifest.lexical)) == (2, 1)
    terms = tokens("说理式处罚决定书")
    one, other = (
        {passage.id: score for (passage, _), score in zip(index.passages(), index.lexical.scores(terms), strict=True)}
        for index in (apart, whole)
    )
    assert one == pytest.approx(other, abs=0.03)
    assert max(one.values()) > 0.5


def test_a_run_that_ends_while_embedding_goes_on_where_it_was(
    tmp_path: Path, folder: Path, config: Config, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.registry._COMMITTED", 1)

    def stop_after_two(step: str, done: int, _whole: int) -> None:
        if step == "embed" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build([folder], tmp_path / "index", config, encoder, stop_after_two, rebuild=False)
    summary = build([folder], tmp_path / "index", config, encoder, quiet, rebuild=False)
    assert summary.embedded == summary.new_passages - 1


def test_an_index_of_the_format_before_is_brought_up_to_date_without_embedding(run, tmp_path: Path) -> None:
    run()
    root = tmp_path / "index"
    path = root / layout.MANIFESTS / (layout.current_name(root) or "")
    former = {**json.loads(path.read_text("utf-8")), "format_version": 3, "lexical_id": "x", "lexical_files": []}
    del former["lexical"]
    path.write_text(json.dumps(former), "utf-8")
    (root / layout.POINTER).write_text(path.name, "utf-8")
    with pytest.raises(IndexUnusableError, match="wenzheng index FOLDER once more"):
        open_index(root)
    assert run().embedded == 0
    assert verify(open_index(root)).problems == ()


def test_an_index_of_format_4_is_read_and_added_to_as_it_is(
    run, encoder: Encoder, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # Token vectors as whole bytes, which that format had.
        patch.setattr(writing, "new_rotation", lambda dimension: None)
        run()
    root = tmp_path / "index"
    path = root / layout.MANIFESTS / (layout.current_name(root) or "")
    former = {**json.loads(path.read_text("utf-8")), "format_version": 4}
    del former["rotation"]
    path.write_text(json.dumps(former), "utf-8")
    (root / layout.POINTER).write_text(path.name, "utf-8")
    assert open_index(root, encoder.fingerprint).codec.name == "bytes"
    write(folder / "new.txt", 2024, 5)
    assert run().embedded > 0
    index = open_index(root, encoder.fingerprint)
    assert verify(index).problems == ()
    assert {codes.shape[1] for codes in index.token_codes(np.arange(index.passage_count))} == {encoder.dimension}


@pytest.fixture
def lists_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if three passages were many, and no segment small."""
    monkeypatch.setattr("indexer.segments.CROSSOVER", 3)
    monkeypatch.setattr("indexer.segments._SMALL", 1)


def test_few_passages_are_scanned_and_have_no_lists(run, tmp_path: Path) -> None:
    run()
    assert open_index(tmp_path / "index").manifest.lists is None


def test_lists_are_made_again_only_when_many_passages_lie_outside_them(
    run, folder: Path, tmp_path: Path, lists_of_three: None
) -> None:
    run()
    first = open_index(tmp_path / "index").manifest
    assert first.lists is not None
    assert first.lists.segments == tuple(segment.id for segment in first.segments)
    write(folder / "d.txt", 2023, 3)
    assert run().new_passages < 3
    second = open_index(tmp_path / "index").manifest
    assert second.lists == first.lists
    write(folder / "e.txt", 2024, 4)
    run()
    third = open_index(tmp_path / "index").manifest
    assert third.lists is not None
    assert third.lists.segments == tuple(segment.id for segment in third.segments)


def test_lists_go_with_the_versions_that_have_them(
    run, folder: Path, tmp_path: Path, lists_of_three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "KEPT_SECONDS", -1)
    for year in (2023, 2024, 2025, 2026):
        run()
        for part in "abc":
            write(folder / f"{year}{part}.txt", year, ord(part) + year)
    kept = [layout.load_manifest(path).lists for path in (tmp_path / "index" / layout.MANIFESTS).glob("*.json")]
    assert {path.name for path in (tmp_path / "index" / layout.LISTS).iterdir()} == {one.id for one in kept if one}


def test_lists_beside_merged_replaced_and_withdrawn_texts_find_what_a_scan_finds(
    run, folder: Path, tmp_path: Path, encoder: Encoder, lists_of_three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.segments._SMALL", 8)
    monkeypatch.setattr("indexer.segments._MOST_SMALL", 1)
    bodies = ["全年受理行政复议案件{n}件。", "开展宪法宣传周活动{n}场。", "清理证明事项{n}项。", "聘请法律顾问{n}名。"]

    def put(name: str, year: int, body: str) -> None:
        (folder / name).write_text(TEXT.format(year=year, body=body.format(n=year)), "utf-8")

    for year, body in enumerate(bodies, 2015):
        put(f"{year}.txt", year, body)
    run()
    first = open_index(tmp_path / "index").manifest
    for year, body in enumerate(bodies, 2023):
        put(f"{year}.txt", year, body)
        run()
        manifest = open_index(tmp_path / "index").manifest
        # What will be merged is not worth a list.
        assert {s.id for s in manifest.segments if s.passages < 8}.isdisjoint(manifest.lists.segments)
    put("2015.txt", 2015, "设立公职律师{n}名。")
    (folder / "2016.txt").unlink()
    run()
    index = open_index(tmp_path / "index")
    assert index.manifest.lists
    assert index.manifest.lists.segments[: len(first.segments)] == tuple(segment.id for segment in first.segments)
    asked: list[int] = []
    propose = ListIndex.propose

    def noted(lists: ListIndex, query: np.ndarray, count: int, allowed: np.ndarray) -> np.ndarray:
        asked.append(count)
        return propose(lists, query, count, allowed)

    monkeypatch.setattr(ListIndex, "propose", noted)
    allowed = index.allowed(Filters())
    assert not allowed.all()
    for query in encoder.queries(["复议", "宪法宣传", "法律顾问", "公职律师", "说理式执法"]):
        rows, scores = index.nearest(query.pooled, 2, allowed)
        scanned, exact = index.nearest(query.pooled, 2, allowed, exact=True)
        assert scores == pytest.approx(exact, abs=1e-5)
        assert {*rows} == {*scanned}
    assert asked == [2] * 5


def test_a_damaged_list_is_told_by_name(run, tmp_path: Path, lists_of_three: None) -> None:
    run()
    index = open_index(tmp_path / "index")
    path = next((tmp_path / "index" / layout.LISTS).rglob(LISTS))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert [problem for problem in verify(index).problems if LISTS in problem]
    with pytest.raises(IndexUnusableError, match=LISTS):
        open_index(tmp_path / "index")


def test_an_index_without_lists_gets_them_without_embedding(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    monkeypatch.setattr("indexer.segments.CROSSOVER", 3)
    monkeypatch.setattr("indexer.segments._SMALL", 1)
    assert run().embedded == 0
    manifest = open_index(tmp_path / "index").manifest
    assert manifest.lists is not None
    assert run().version == manifest.number


def test_a_disk_that_is_full_ends_the_run_and_is_no_fault_of_a_report(
    run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    before = layout.current_name(tmp_path / "index")
    write(folder / "new.txt", 2024, 5)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "write_atomic", full)
        with pytest.raises(OSError, match="No space"):
            run()
    assert layout.current_name(tmp_path / "index") == before
    assert statuses(run())["new.txt"] == "new"


def test_what_a_dead_build_was_writing_is_cleared_away_by_the_next_one(run, folder: Path, tmp_path: Path) -> None:
    run()
    root = tmp_path / "index"
    left = [root / ".CURRENT.x1", root / layout.MANIFESTS / ".00000002.json.x2", root / layout.ORIGINALS / ".ab.x3"]
    for path in left:
        path.write_text("half", "utf-8")
    (root / ".signing.key.x4").write_text("the site may be writing this", "utf-8")
    write(folder / "new.txt", 2024, 5)
    run()
    assert [path for path in left if path.exists()] == []
    assert (root / ".signing.key.x4").exists()


def test_a_pointer_that_names_a_version_which_is_not_there_is_named_itself(run, tmp_path: Path) -> None:
    run()
    pointer = tmp_path / "index" / layout.POINTER
    pointer.write_text(pointer.read_text("utf-8").replace("0000", "0800", 1), "utf-8")
    with pytest.raises(IndexUnusableError, match=layout.POINTER):
        open_index(tmp_path / "index")


def test_every_sample_passage_is_found_again_in_its_original(samples: Index) -> None:
    result = verify(samples)
    assert result.problems == ()
    assert (result.reports, result.passages) == (12, samples.passage_count)


def test_stored_vectors_are_those_of_the_encoder(samples: Index, encoder: Encoder) -> None:
    from indexer.segments import encoder_input

    words = [encoder_input(passage) for passage, _ in samples.passages()]
    everything = np.ones(len(samples.report_numbers), bool)
    for row in (0, 7, len(words) - 1):
        rows, scores = samples.nearest(encoder.passages([words[row]])[0].pooled, 1, everything)
        assert rows[0] == row
        assert scores[0] == pytest.approx(1, abs=1e-4)


def test_unknown_ids_are_errors_that_say_so(samples: Index) -> None:
    with pytest.raises(NotFoundError):
        samples.find_passage("nothing")
    with pytest.raises(NotFoundError):
        samples.report("nothing")


def test_samples_are_marked_invented(samples: Index) -> None:
    assert all(summary.metadata.invented for summary in samples.reports)
    assert {Path(s.source_name).suffix for s in samples.reports} == {".txt", ".html", ".pdf", ".docx"}
    assert SAMPLES.joinpath("manifest.csv").is_file()


def test_pages_that_could_not_be_read_are_told_with_the_run(run, folder: Path) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    pdf.add_page()
    pdf.text(20, 100, "A sentence with words enough to be a passage of its own.")
    pdf.add_page()
    pdf.output(str(folder / "half.pdf"))
    outcome = next(o for o in run().outcomes if o.source_name == "half.pdf")
    assert (outcome.status, "pages without text: 2" in outcome.reason) == ("new", True)
