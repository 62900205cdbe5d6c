"""The site in a real headless Chromium: wide and narrow, without JavaScript, by keyboard."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import waitress.server

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; install it with: sudo make browser")

SHOTS = Path(os.environ.get("WENZHENG_SCREENSHOTS", "")) if os.environ.get("WENZHENG_SCREENSHOTS") else None
QUESTION = "哪些地方推行了说理式执法"


@pytest.fixture(scope="module")
def address(app) -> Iterator[str]:
    server = waitress.server.create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[1280, 390])
def page(request, browser, address) -> Iterator:
    """Without JavaScript, watching for anything that the policy blocks or that comes from elsewhere."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 900}, java_script_enabled=False, locale="zh-CN", base_url=address
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda sent: faults.append(sent.url) if not sent.url.startswith(address) else None)
    yield page
    assert [fault for fault in faults if "404" not in fault and "409" not in fault] == []
    context.close()


def shoot(page, name: str) -> None:
    if SHOTS:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-{page.viewport_size['width']}.png")


def fits(page) -> bool:
    """Nothing sticks out at the side: measured by a full-page screenshot, since scripts are off."""
    import struct

    data = page.screenshot(full_page=True)
    return struct.unpack(">I", data[16:20])[0] == page.viewport_size["width"]


def test_from_a_question_to_the_cited_words_in_the_report(page) -> None:
    page.goto("/")
    shoot(page, "home")
    assert fits(page)
    page.get_by_role("searchbox").fill(QUESTION)
    page.get_by_role("button", name="检索").click()
    shoot(page, "results")
    assert fits(page)
    first = page.locator("li.hit").first
    assert "说理式" in first.inner_text()
    assert first.locator(".badge.invented").count() == 1
    words = first.locator("blockquote").inner_text().strip()
    first.get_by_role("link", name="在报告中查看").click()
    mark = page.locator("mark.passage").first
    assert mark.inner_text().strip()[:20] == words[:20]
    box = mark.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < page.viewport_size["height"], "the cited passage is not scrolled to"
    shoot(page, "report")
    assert fits(page)


def test_asking_shows_entries_roles_and_what_was_searched(page) -> None:
    page.goto("/ask?q=" + quote(QUESTION))
    shoot(page, "ask")
    assert page.locator(".badge.planned").count() >= 1
    assert "未检出" in page.locator(".coverage").inner_text()
    assert fits(page)


def test_facets_narrow_and_chips_widen_again(page) -> None:
    page.goto("/search?q=" + quote("执法"))
    page.locator(".facets").get_by_role("link", name="云岫省").click()
    assert "region=" in page.url
    assert {text.split("·")[0].strip() for text in page.locator(".hit .place strong").all_inner_texts()} == {"云岫省"}
    page.locator(".chip").first.click()
    assert "region=" not in page.url


def test_pages_without_results_and_missing_pages_say_what_to_do(page) -> None:
    page.goto("/search?region=" + quote("北京市") + "&q=" + quote("执法"))
    assert "去掉条件" in page.locator(".empty").inner_text()
    shoot(page, "empty")
    page.goto("/nothing")
    assert page.get_by_role("link", name="回到首页").count() == 1
    shoot(page, "error")


def test_the_first_tab_offers_to_skip_to_the_content_and_the_form_works_by_keyboard(browser, address) -> None:
    page = browser.new_page(locale="zh-CN", base_url=address)
    page.goto("/search?q=" + quote("执法"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Control+A")
    page.keyboard.type("法律援助")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=%E6%B3%95*")
    assert "法律援助" in page.locator("li.hit").first.inner_text()
    page.close()


def test_the_interface_switches_to_english_and_stays(page) -> None:
    page.goto("/search?q=" + quote("执法"))
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator(".facets").get_by_role("link", name="township").click()
    assert page.locator("html").get_attribute("lang") == "en"


def test_what_the_question_names_is_a_chip_that_can_be_taken_away(page) -> None:
    page.goto("/search?q=临溪市2023年行政复议案件数")
    assert page.locator(".hit").count() == 0
    page.locator(".chips").get_by_role("link", name="年份").click()
    assert page.locator(".hit").count() > 0
    assert page.locator(".chips").get_by_role("link", name="年份").count() == 0
    assert page.locator(".chips").get_by_role("link", name="地方").count() == 1
    shoot(page, "chips")


def test_the_figure_asked_for_is_marked_within_its_line(page) -> None:
    page.goto("/ask?q=临溪市2021年收到多少件行政复议申请")
    mark = page.locator("mark.amount").first
    assert mark.inner_text() == "196件"
    assert mark.bounding_box()["width"] < 100
    shoot(page, "figure")


def test_a_comparison_sets_places_side_by_side(page) -> None:
    page.goto("/ask?q=各地行政复议工作做法比较")
    columns = page.locator(".compare > section")
    assert columns.count() >= 3
    first, second = columns.nth(0).bounding_box(), columns.nth(1).bounding_box()
    assert first["x"] + first["width"] <= second["x"]
    assert first["y"] == second["y"]
    # The columns scroll by themselves: the page does not.
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    shoot(page, "compare")


def test_a_count_shows_its_words_in_the_middle_and_fits_the_screen(page) -> None:
    page.goto("/count")
    page.get_by_label("词语").fill("执法 或 监督")
    page.get_by_role("main").get_by_role("button", name="统计").click()
    assert "份报告中有" in page.locator("h2").first.inner_text()
    assert page.locator(".lines mark").count() > 10
    assert set(page.locator(".lines mark").all_inner_texts()) == {"执法", "监督"}
    shoot(page, "count")
    page.locator(".lines").scroll_into_view_if_needed()
    shoot(page, "count-lines")
    assert fits(page)
    if page.viewport_size["width"] > 800:
        middles = {
            round(box["x"] + box["width"] / 2)
            for mark in page.locator(".lines mark").all()[:9]
            if (box := mark.bounding_box())
        }
        assert max(middles) - min(middles) <= 2


def test_a_passage_is_kept_noted_moved_in_two_tabs_taken_away_and_deleted(page, tmp_path: Path) -> None:
    page.goto("/ask?q=" + quote(QUESTION))
    for number in (0, 1):
        entry = page.locator("li.hit").nth(number)
        words = entry.locator("blockquote").inner_text().strip()
        entry.get_by_text("收入合集").first.click()
        form = entry.locator("details.keep form")
        if number == 0:
            form.locator("input[name=name]").fill("说理的做法")
            form.locator("textarea").fill("第一条笔记")
            form.locator("input[name=tags]").fill("说理，执法")
            shoot(page, "keep")
            assert fits(page)
        form.get_by_role("button").click()
        told = page.locator("li.hit").nth(number).locator(".kept")
        assert "说理的做法" in told.inner_text()
        assert told.bounding_box()["y"] < page.viewport_size["height"], "not scrolled back to the entry"
    page.get_by_role("link", name="说理的做法").click()
    assert fits(page)
    shoot(page, "collection")
    address, last = page.url, page.locator("li.hit").nth(1)
    assert last.locator("blockquote").inner_text().strip() == words
    last.get_by_role("button", name="上移").click()
    assert page.locator("li.hit").nth(0).locator("blockquote").inner_text().strip() == words

    # Two tabs with the same item open: the second to save is shown both texts.
    other = page.context.new_page()
    other.goto(address)
    for tab, note in ((other, "另一个窗口的笔记"), (page, "这个窗口的笔记")):
        item = tab.locator("li.hit").nth(0)
        item.get_by_text("改笔记和标签").click()
        item.locator("textarea").fill(note)
        shoot(page, "collection-edit")
        item.get_by_role("button", name="保存").click()
    other.close()
    assert "另一个窗口的笔记" in page.locator(".sides").inner_text()
    assert page.locator(".sides textarea").input_value() == "这个窗口的笔记"
    assert fits(page)
    shoot(page, "conflict")
    page.get_by_role("button", name="用这一份保存").click()
    assert "这个窗口的笔记" in page.locator("li.hit").nth(0).inner_text()

    page.locator(".chips").get_by_role("link", name="说理").click()
    assert page.locator("li.hit").count() == 1
    page.locator("li.hit").get_by_role("link", name="在报告中查看").click()
    assert page.locator("mark.passage").count() >= 1
    assert page.get_by_text("正文有过变动").count() == 0
    shoot(page, "collection-report")

    page.goto(address)
    with page.expect_download() as download:
        page.get_by_role("link", name="分享文件").click()
    file = tmp_path / "share.json"
    download.value.save_as(file)
    page.get_by_role("link", name="删除").click()
    shoot(page, "delete")
    page.get_by_role("button", name="删除").click()
    assert page.get_by_role("link", name="说理的做法").count() == 0
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="导入", exact=True).click()
    assert "新增 2 条" in page.locator("main").inner_text()
    shoot(page, "imported")
    page.get_by_role("link", name="说理的做法").click()
    page.get_by_role("link", name="删除").click()
    page.get_by_role("button", name="删除").click()
    shoot(page, "collections")


def test_the_rows_of_a_comparison_are_saved_as_a_list_and_chosen_again(page) -> None:
    page.goto("/compare?q=" + quote("行政复议") + "&place=" + quote("松鹤县"))
    page.get_by_text("把这些行存为名单").click()
    form = page.locator("details.keep[open] form")
    form.locator("input[name=name]").fill("北片")
    shoot(page, "compare-save")
    assert fits(page)
    form.get_by_role("button").click()
    assert fits(page)
    shoot(page, "place-lists")
    page.locator(".shelf").get_by_role("link", name="对比").click()
    page.locator("textarea[name=q]").fill("人民调解")
    page.get_by_role("button", name="对比").click()
    assert page.locator(".evidence tbody tr").count() == 1
    assert "松鹤县" in page.locator(".evidence tbody").inner_text()
    shoot(page, "compare-list")
    page.goto("/place-lists")
    item = page.locator(".shelf li").first
    item.get_by_text("删除").first.click()
    item.get_by_role("button", name="删除").click()
    assert page.locator(".shelf li").count() == 0


def test_a_source_link_takes_the_reader_to_the_right_place_of_the_publishers_page(browser, tmp_path) -> None:
    """Two paragraphs begin alike; only the text fragment tells them apart, and the browser follows it."""
    from retrieval.types import Passage
    from webapp.links import source_link

    opening = "推行说理式执法，在处罚决定书中写明事实、证据和裁量理由，"
    first, second = f"上年，{opening}文书40份。", f"本年，{opening}文书75份，并汇编成册，发给各镇街参照执行。"
    filler = "<p>其他工作照常开展，村村有台账。</p>" * 200
    html = f"<!doctype html><meta charset=utf-8><p>{first}</p>{filler}<p id=wanted>{second}</p>{filler}"
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    text = f"{first}\n{second}"
    start = text.index(opening, len(first))
    passage = Passage("p", "r", start, len(text), text[start:], (), "done")
    serve = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        link = source_link(f"http://127.0.0.1:{server.server_port}/page.html", "text/html", passage, text)
        tab = browser.new_page(viewport={"width": 900, "height": 700})
        tab.goto(link)
        tab.wait_for_function("window.scrollY > 0", timeout=10_000)
        box = tab.locator("#wanted").bounding_box()
        tab.close()
        server.shutdown()
    assert 0 <= box["y"] < 700
