"""How an index lies on disk: file names, the format version and the manifest, named once. See index/README.md."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from retrieval.errors import IndexUnusableError
from retrieval.files import sha256_file, write_atomic

FORMAT_VERSION = 6
HEAD = 64 * 1024
# Read as they are: they only lack what is new.
READABLE = (4, 5, FORMAT_VERSION)
# Its segments are as they are now: a run only adds what else belongs to the format, and embeds nothing.
UPGRADABLE = (3,)
POINTER = "CURRENT"
MANIFESTS = "manifests"
SEGMENTS = "segments"
LEXICAL = "lexical"
LISTS = "lists"
ROTATIONS = "rotations"
ORIGINALS = "originals"
RUNS = "runs"
REGISTRY = "registry.sqlite"
EMBEDDINGS = "embeddings.sqlite"
COLLECTIONS = "collections.sqlite"
# The user_version of that file.
COLLECTIONS_VERSION = 2
SIGNING_KEY = "signing.key"
LOCK = "build.lock"
SEGMENT_DATABASE = "passages.sqlite"
SEGMENT_FULLTEXT = "fulltext.sqlite"
_NAME, _SHA256 = re.compile(r"\d{8}\.json"), re.compile(r"(?:[0-9a-f]{64})?")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the index, relative to its folder, as it was when it was written."""

    path: str
    size: int
    sha256: str
    # Of its first HEAD bytes, which every opening reads; empty in entries of former formats.
    head: str = ""


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """An immutable set of reports with their passages and vectors."""

    id: str
    reports: int
    passages: int
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """BM25 and the measures' tags of one segment, which depend on the vocabulary too."""

    id: str
    segment: str
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class ListsEntry:
    """Inverted lists over the vectors of the first segments, which are named in their order."""

    id: str
    segments: tuple[str, ...]
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A file that is not searched again: `kind` is `bytes` or `text`, whichever it shares with a report."""

    source_name: str
    sha256: str
    report_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One version of the index. `tombstones` are version ids of reports that the search leaves out.

    Of these `withdrawn` are those whose file is gone, and `purged` those that cannot be cited any more; the rest
    have been superseded by a newer version of the same report.
    """

    number: int
    created: str
    encoder_fingerprint: str
    model: str
    dimension: int
    segments: tuple[SegmentEntry, ...] = ()
    tombstones: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    purged: tuple[str, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    # One a segment, in their order.
    lexical: tuple[LexicalEntry, ...] = ()
    # None where few passages are scanned sooner.
    lists: ListsEntry | None = None
    reports: int = 0
    passages: int = 0
    # What token vectors are read with; without it they are whole bytes (retrieval/codes.py).
    rotation: FileEntry | None = None
    format_version: int = FORMAT_VERSION

    @property
    def name(self) -> str:
        return f"{self.number:08d}.json"

    def files(self) -> tuple[FileEntry, ...]:
        """Every file of this version."""
        segments = (file for segment in self.segments for file in segment.files)
        lexical = (file for part in self.lexical for file in part.files)
        lists = self.lists.files if self.lists else ()
        return (*((self.rotation,) if self.rotation else ()), *segments, *lexical, *lists)


def file_entry(root: Path, path: Path) -> FileEntry:
    """Measure a file that has just been written."""
    return FileEntry(path.relative_to(root).as_posix(), path.stat().st_size, sha256_file(path), head_of(path))


def head_of(path: Path) -> str:
    """The SHA-256 of a file's first HEAD bytes: what parsers take sizes and offsets from."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(HEAD)).hexdigest()


def publish(root: Path, manifest: Manifest) -> None:
    """Write the manifest, then point to it: the moment at which a new version exists."""
    data = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
    write_atomic(root / MANIFESTS / manifest.name, data)
    write_atomic(root / POINTER, f"{manifest.name} {hashlib.sha256(data).hexdigest()}\n".encode())


def current_name(root: Path) -> str | None:
    """The name of the manifest in force, or None when there is no index in the folder."""
    return _pointer(root)[0]


def _pointer(root: Path) -> tuple[str | None, str]:
    """The name of the manifest in force, and its SHA-256 if it is known. Raises IndexUnusableError when damaged."""
    try:
        name, sha256, *_ = [*(root / POINTER).read_text(encoding="utf-8").split(), "", ""]
    except FileNotFoundError:
        return None, ""
    except ValueError:
        name, sha256 = "", ""
    if not _NAME.fullmatch(name) or not _SHA256.fullmatch(sha256):
        raise IndexUnusableError(
            f"{root / POINTER} 已损坏；请从备份恢复（wenzheng restore），或用 wenzheng index --rebuild 重建",
            f"{root / POINTER} is damaged; restore a backup (wenzheng restore), or rebuild with: wenzheng index --rebuild",
        )
    return name, sha256


def current_manifest(root: Path, *, upgrade: bool = False) -> Manifest:
    """The manifest in force, as `load_manifest` reads it. Raises IndexUnusableError when there is none."""
    name, sha256 = _pointer(root)
    if name is None:
        raise IndexUnusableError(
            f"{root} 里还没有索引；先执行 wenzheng index --index {root} 报告文件夹",
            f"there is no index in {root}; first run: wenzheng index --index {root} FOLDER",
        )
    return load_manifest(root / MANIFESTS / name, sha256, upgrade=upgrade)


def load_manifest(path: Path, sha256: str = "", *, upgrade: bool = False) -> Manifest:
    """A manifest from its file, of which `sha256` may be known; with `upgrade` also one of a former format, less what that had otherwise.

    Raises IndexUnusableError with the way out.
    """
    try:
        data = path.read_bytes()
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"{POINTER} 里的校验和与它不符 / not what {POINTER} says")
        values = json.loads(data)
        version = values["format_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexUnusableError(
            f"索引清单 {path} 读不出来（{error}）；它或指向它的 {POINTER} 已损坏，请用 wenzheng index --rebuild 重建",
            f"cannot read the manifest {path} ({error}): it or {POINTER}, which names it, is damaged; "
            "rebuild with: wenzheng index --rebuild",
        ) from error
    if version in UPGRADABLE and not upgrade:
        raise IndexUnusableError(
            f"{path.parent.parent} 的索引格式是 {version}，本程序用 {FORMAT_VERSION}；"
            "请再执行一次 wenzheng index 报告文件夹：只补新格式所需，不重新计算向量",
            f"the index in {path.parent.parent} has format {version}, this program uses {FORMAT_VERSION}; run wenzheng "
            "index FOLDER once more: it adds what the new format needs and embeds nothing again",
        )
    if version not in (*READABLE, *UPGRADABLE):
        raise IndexUnusableError(
            f"{path.parent.parent} 的索引格式是 {version}，本程序用 {FORMAT_VERSION}；请用 wenzheng index --rebuild 重建",
            f"the index in {path.parent.parent} has format {version}, this program uses {FORMAT_VERSION}; "
            "rebuild with: wenzheng index --rebuild",
        )
    values["segments"] = tuple(
        SegmentEntry(s["id"], s["reports"], s["passages"], _entries(s["files"])) for s in values["segments"]
    )
    values = {name: value for name, value in values.items() if name not in ("lexical_id", "lexical_files")}
    values["format_version"] = FORMAT_VERSION
    values["rotation"] = _entries([values["rotation"]])[0] if values.get("rotation") else None
    values["lexical"] = tuple(
        LexicalEntry(entry["id"], entry["segment"], _entries(entry["files"])) for entry in values.get("lexical", ())
    )
    if entry := values.get("lists"):
        values["lists"] = ListsEntry(entry["id"], tuple(entry["segments"]), _entries(entry["files"]))
    for name in ("tombstones", "withdrawn", "purged"):
        values[name] = tuple(values.get(name, ()))
    values["duplicates"] = tuple(Duplicate(**row) for row in values.get("duplicates", ()))
    return Manifest(**values)


def _entries(rows: list[dict[str, str | int]]) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(str(r["path"]), int(r["size"]), str(r["sha256"]), str(r.get("head", ""))) for r in rows)


def next_manifest(manifest: Manifest, **changes: object) -> Manifest:
    """The manifest that follows `manifest`."""
    return replace(manifest, number=manifest.number + 1, **changes)  # type: ignore[arg-type]  # names checked by replace
