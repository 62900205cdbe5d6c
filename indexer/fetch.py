"""Collect reports from the web, politely: pages named in a list, a sitemap or a list page, and what they attach.

A folder that is fetched into holds the original bytes, `fetched.jsonl` (one line an address: when, status, SHA-256,
title …) and `manifest.csv` (file and address), which indexing reads.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import time
import urllib.robotparser
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urldefrag, urlsplit

from indexer.archives import ARCHIVES
from indexer.readers import READABLE
from indexer.readers.html import Link, links_and_title
from retrieval.config import FetchSettings
from retrieval.errors import ReadError
from retrieval.files import write_atomic
from retrieval.http import Answer, HttpError, Limits, get

LOG, MANIFEST = "fetched.jsonl", "manifest.csv"
_ATTACHED = tuple(sorted(READABLE - {".html", ".htm", ".md", ".csv"})) + ARCHIVES
_REPORT = re.compile(r"法治政府|依法行政|法治建设")
_LOCATION = re.compile(rb"<loc>\s*([^<\s]+)\s*</loc>", re.I)
_ENDINGS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "application/pdf": ".pdf",
    "application/msword": ".doc", "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}  # fmt: skip
Report = Callable[["Fetched"], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one address. `status` is the HTTP status, 0 where there was none; `fault` says why in words."""

    url: str
    fetched_at: str
    status: int
    file: str = ""
    sha256: str = ""
    title: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    fault: str = ""
    final_url: str = ""


def fetch(source: str, folder: Path, settings: FetchSettings, report: Report, *, again: bool = False) -> list[Fetched]:
    """Fetch what `source` names (a file of addresses, or the address of a sitemap or list page) into a folder.

    Addresses fetched before are left alone, or with `again` asked whether they changed. Raises ReadError when the
    source itself cannot be had.
    """
    return _Collector(folder, settings, report, again=again).collect(source)


class _Collector:
    def __init__(self, folder: Path, settings: FetchSettings, report: Report, *, again: bool) -> None:
        self._folder, self._settings, self._report, self._again = folder, settings, report, again
        self._limits = Limits(settings.timeout, settings.max_mb << 20, settings.allow_private)
        self._robots: dict[str, urllib.robotparser.RobotFileParser] = {}
        self._asked_at: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._known = {record.url: record for record in _log(folder)}

    def collect(self, source: str) -> list[Fetched]:
        done: dict[str, Fetched] = {}
        addresses = self._addresses(source)
        try:
            for url in addresses:
                if url not in done:
                    done[url] = self._one(url)
                    for attached in self._attachments(done[url]):
                        if attached not in done:
                            done[attached] = self._one(attached)
        finally:
            self._write_manifest()
        return list(done.values())

    def _addresses(self, source: str) -> list[str]:
        """The pages that a source names."""
        if not source.startswith(("http://", "https://")):
            try:
                lines = Path(source).read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ReadError(
                    f"{source}：网址清单读不了（{error}）", f"{source}: cannot be read ({error})"
                ) from error
            return [line.strip() for line in lines if line.strip().startswith(("http://", "https://"))]
        try:
            answer = self._ask(source, {})
        except HttpError as error:
            raise ReadError(error.zh, error.en) from error
        if answer.status != 200:
            raise ReadError(f"{source}：网站返回 {answer.status}", f"{source}: the site answered {answer.status}")
        locations = [found.decode("utf-8", "replace").replace("&amp;", "&") for found in _LOCATION.findall(answer.body)]
        if locations:
            return locations
        links, _ = links_and_title(answer.body, answer.url)
        return list(dict.fromkeys(link.url for link in links if _leads_to_report(link, answer.url)))

    def _one(self, url: str) -> Fetched:
        before = self._known.get(url)
        if before and before.file and (self._folder / before.file).is_file() and not self._again:
            return before
        headers = {}
        if before and before.file and (self._folder / before.file).is_file():
            headers = {"If-None-Match": before.etag, "If-Modified-Since": before.last_modified}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            answer = self._patiently(url, {name: value for name, value in headers.items() if value})
            found = self._kept(url, now, answer, before)
        except HttpError as error:
            found = Fetched(url, now, 0, fault=str(error))
        if not found.file and before and before.file:
            found = replace(before, fetched_at=now, status=found.status, fault=found.fault)
        self._known[url] = found
        with (self._folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(found), ensure_ascii=False) + "\n")
        self._report(found)
        return found

    def _kept(self, url: str, now: str, answer: Answer, before: Fetched | None) -> Fetched:
        if answer.status == 304 and before:
            return replace(before, fetched_at=now, status=304, fault="")
        if answer.status != 200 or not answer.body:
            return Fetched(
                url, now, answer.status, fault=f"网站返回 {answer.status} / the site answered {answer.status}"
            )
        kind, _, parameters = answer.headers.get("content-type", "").partition(";")
        charset = re.search(r"charset=[\"']?([\w-]+)", parameters)
        sha256 = hashlib.sha256(answer.body).hexdigest()
        name = _file_name(url, kind.strip().lower())
        write_atomic(self._folder / name, answer.body)
        title = links_and_title(answer.body, answer.url)[1] if name.endswith(".html") else ""
        etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
        return Fetched(
            url,
            now,
            200,
            name,
            sha256,
            title,
            charset.group(1) if charset else "",
            etag,
            modified,
            final_url=answer.url,
        )

    def _patiently(self, url: str, headers: dict[str, str]) -> Answer:
        """Again after 2, 4, 8 … delays where the server failed for now."""
        try:
            allowed = self._allowed(url)
        except ValueError:
            raise HttpError(f"{url}：不是网址", f"{url}: not a web address") from None
        if not allowed:
            raise HttpError(f"{url}：网站的 robots.txt 不许取", f"{url}: the site's robots.txt forbids it")
        for attempt in range(self._settings.retries + 1):
            last = attempt == self._settings.retries
            try:
                answer = self._ask(url, headers)
                if answer.status not in (429, 500, 502, 503, 504) or last:
                    return answer
            except HttpError as error:
                if not error.retry or last:
                    raise
            time.sleep(self._settings.delay * 2 ** (attempt + 1))
        raise AssertionError("the last attempt returns or raises")

    def _ask(self, url: str, headers: dict[str, str]) -> Answer:
        """One request at a time, each host after a pause."""
        host = urlsplit(url).netloc
        wait = self._asked_at.get(host, -1e9) + self._settings.delay - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        try:
            return get(url, {"User-Agent": self._settings.user_agent, **headers}, self._limits)
        finally:
            self._asked_at[host] = time.monotonic()

    def _allowed(self, url: str) -> bool:
        """By robots.txt; a site without one allows everything, one that fails to say allows nothing."""
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if site not in self._robots:
            lines = ["User-agent: *", "Disallow: /"]
            try:
                answer = self._ask(f"{site}/robots.txt", {})
                if answer.status == 200:
                    lines = answer.body.decode("utf-8", "replace").splitlines()
                elif answer.status < 500:
                    lines = []
            except HttpError as error:
                if not error.retry:
                    raise
            rules = urllib.robotparser.RobotFileParser()
            rules.parse(lines)
            self._robots[site] = rules
        return self._robots[site].can_fetch(self._settings.user_agent, url)

    def _attachments(self, page: Fetched) -> Iterator[str]:
        """Documents that a page links; a page that was only checked keeps the ones it has."""
        if page.file.endswith(".html") and (self._folder / page.file).is_file():
            links, _ = links_and_title((self._folder / page.file).read_bytes(), page.final_url or page.url)
            for link in links:
                if urlsplit(link.url).path.lower().endswith(_ATTACHED):
                    yield link.url

    def _write_manifest(self) -> None:
        """Which file came from which address, for indexing; what a person wrote into the manifest stays."""
        path = self._folder / MANIFEST
        held: list[dict[str, str]] = []
        if path.is_file():
            with path.open(encoding="utf-8-sig", newline="") as file:
                held = list(csv.DictReader(file))
        rows = {row.get("file", ""): row for row in held}
        for record in self._known.values():
            if record.file:
                rows.setdefault(record.file, {"file": record.file}).setdefault("url", record.url)
        names = dict.fromkeys(["file", "url", *(name for row in held for name in row if name)])
        text = io.StringIO()
        writer = csv.DictWriter(text, list(names), extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows) if name)
        write_atomic(path, text.getvalue().encode("utf-8-sig"))


def _log(folder: Path) -> Iterator[Fetched]:
    """The records of earlier runs, the last of each address counting; a line cut short by a crash is passed over."""
    path = folder / LOG
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            yield Fetched(**json.loads(line))
        except (ValueError, TypeError):
            continue


def _leads_to_report(link: Link, page: str) -> bool:
    same = urlsplit(link.url).netloc == urlsplit(page).netloc
    return same and bool(_REPORT.search(link.text)) and urldefrag(link.url)[0] != urldefrag(page)[0]


def _file_name(url: str, kind: str) -> str:
    """A readable name that no other address has: host, last part of the path, digest."""
    parts = urlsplit(url)
    path = PurePosixPath(parts.path)
    ending = path.suffix.lower() if path.suffix.lower() in READABLE or url.lower().endswith(ARCHIVES) else ""
    ending = ".html" if ending == ".htm" else _ENDINGS.get(kind) or ending or ".html"
    stem = re.sub(r"[^\w\u4e00-\u9fff-]+", "-", path.stem)[:40].strip("-") or "index"
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^a-z0-9.-]+', '-', parts.netloc.lower())}/{stem}-{digest}{ending}"
