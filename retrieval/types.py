"""What crosses a module: frozen dataclasses. Offsets count Unicode code points of a report's text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["done", "planned", "shortcoming", "other"]
Level = Literal["province", "prefecture", "county", "township"]
ROLES: tuple[Role, ...] = ("done", "planned", "shortcoming", "other")
LEVELS: tuple[Level, ...] = ("province", "prefecture", "county", "township")
VersionState = Literal["current", "superseded", "withdrawn"]
ParagraphKind = Literal["title", "salutation", "heading", "body", "signature", "line"]


@dataclass(frozen=True, slots=True)
class Region:
    """A place as a chain of names; a level that is not known is None, never a guess.

    `code` is the six-digit administrative code of the lowest level that has one.
    """

    province: str | None = None
    prefecture: str | None = None
    county: str | None = None
    township: str | None = None
    code: str | None = None

    @property
    def chain(self) -> tuple[str, ...]:
        """The known names, from province down."""
        names = (self.province, self.prefecture, self.county, self.township)
        return tuple(name for name in names if name)

    @property
    def name(self) -> str:
        """The lowest known name, or the empty string."""
        return self.chain[-1] if self.chain else ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a report. `found` says for each field where it was found.

    A reference document (an outline, a plan, a statute) is nobody's report: it is not searched, and no place has what it
    says; wording that reports share with it is credited to it.
    """

    title: str
    title_made: bool
    region: Region
    level: Level | None = None
    issuing_body: str | None = None
    department: str | None = None
    year: int | None = None
    publication_date: str | None = None
    signed_date: str | None = None
    index_number: str | None = None
    document_number: str | None = None
    url: str | None = None
    invented: bool = False
    reference: bool = False
    found: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where `text[start:end]` of a report comes from in its file.

    `locator` is `bytes=A-B` (txt), an XPath to a text node (html), `page=N;box=x0,top,x1,bottom`
    in points (pdf) or `paragraph=N` (docx); `page` counts from 1.
    """

    start: int
    end: int
    locator: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of the report's text; `level` is 1 to 4 for headings, else 0."""

    start: int
    end: int
    kind: ParagraphKind
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """Text taken out of a report before offsets exist, with the reason and the place in the file.

    `at` is the offset in the report's text before which it stood.
    """

    text: str
    reason: str
    locator: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """What is ranked and cited: `report text[start:end] == text`.

    The id is the report's, a dot, the digest of the words, and a hyphen with a number where they repeat in the report.
    """

    id: str
    report_id: str
    start: int
    end: int
    text: str
    heading_path: tuple[str, ...]
    role: Role
    planned_for: int | None = None
    page: int | None = None


def words_digest(words: str) -> str:
    """What a passage's id says of its words: the beginning of their SHA-256."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """A report without its text, as lists and hits need it."""

    id: str
    version_id: str
    source_name: str
    sha256: str
    media_type: str
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class ReportVersion:
    """One text of a report that has been indexed; only the current one is searched, all can be cited."""

    summary: ReportSummary
    state: VersionState


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it is stored: its text, the map back to the file, and what was taken out.

    `warnings` are what its reader could not read; they belong to the run and are not stored.
    """

    summary: ReportSummary
    text: str
    paragraphs: tuple[Paragraph, ...]
    origins: tuple[Origin, ...]
    removals: tuple[Removal, ...]
    passages: tuple[Passage, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is restricted to; None means everything.

    A region takes in the places below it, unless `own_reports_only` asks for the place itself. A measure is the
    official name of one that the vocabulary holds; passages that name it pass.
    """

    region: str | None = None
    year_from: int | None = None
    year_to: int | None = None
    level: Level | None = None
    role: Role | None = None
    department: str | None = None
    report_id: str | None = None
    measure: str | None = None
    own_reports_only: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """The parts of a hit.

    `similarity`, `measure_similarity`, `dense` and `lexical` make the score: late interaction (MaxSim, a mean cosine)
    with the question and with the official wording of the measure it means, the cosine of the whole passage's vector,
    and BM25 as a share of the most that the question's terms could score. With models that give no token vectors
    `dense` stands in for `similarity`.
    `sentence_similarity` is MaxSim with the best sentence alone, `agreement` the mean of MaxSim both ways with the best
    clause. `measures` are those of the vocabulary that the passage names.
    """

    dense: float
    lexical: float
    terms: tuple[str, ...] = ()
    similarity: float | None = None
    sentence_similarity: float | None = None
    agreement: float | None = None
    measure_similarity: float | None = None
    measures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked passage, at `row` of its index. `marks` are offsets into the report's text of the matched words."""

    rank: int
    score: float
    why: Why
    passage: Passage
    report: ReportSummary
    sentence: tuple[int, int]
    marks: tuple[tuple[int, int], ...] = ()
    row: int = -1


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the ranked passages have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits, with the number of ranked passages and their facets.

    `measure` is the measure of the vocabulary that the query was taken to mean, `measure_strength` how surely.
    """

    query: str
    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[FacetCount, ...]] = field(default_factory=dict)
    took_ms: float = 0.0
    scope_reports: int = 0
    scope_passages: int = 0
    measure: str | None = None
    measure_strength: float = 0.0
