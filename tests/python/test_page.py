"""The page in a browser: it stands alone, and on a phone nothing of it sticks out."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import klientela
import numpy as np
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Says how wide the page is, what sticks out of it, and what it has fetched.
PROBE = """<script>addEventListener('load', () => {
  const root = document.documentElement;
  parent.postMessage({
    client: root.clientWidth,
    scroll: Math.max(root.scrollWidth, document.body.scrollWidth),
    out: [...document.body.querySelectorAll('*')].filter(each => {
      if (each.getBoundingClientRect().right <= root.clientWidth + 1) return false;
      for (let up = each.parentElement; up !== document.body; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== 'visible') return false;  // scrolls in a box of its own
      return true;
    }).map(each => each.tagName + '.' + each.className + ': ' + each.textContent.slice(0, 40)),
    over: [...document.querySelectorAll('td, th, dd, dt, li')].flatMap(box => {
      const edge = box.getBoundingClientRect(), walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT), found = [];
      for (let text = walk.nextNode(); text; text = walk.nextNode()) {
        let up = text.parentElement;
        while (up && getComputedStyle(up).clipPath === 'none') up = up.parentElement;
        if (up) continue;  // for readers aloud only
        const range = document.createRange();
        range.selectNodeContents(text);
        for (const rect of range.getClientRects())
          if (rect.width > 0 && (rect.right > edge.right + 1 || rect.left < edge.left - 1 || rect.bottom > edge.bottom + 1))
            found.push(box.tagName + '.' + box.className + ': ' + text.data.slice(0, 40));
      }
      return found;
    }),
    crossed: [...document.querySelectorAll('.flow')].flatMap(flow => {
      const names = [...flow.querySelectorAll('text')].map(each => [each.getBoundingClientRect(), each.textContent]);
      return names.filter(each => each[0].width > 0).flatMap(([a, text], i, all) => all.slice(i + 1)
        .filter(([b]) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)
        .map(each => text + ' and ' + each[1]));
    }),
    letters: [...document.querySelectorAll('.flow text')].map(each => each.getBoundingClientRect().height)
      .filter(height => height > 0),
    counts: [...document.querySelectorAll('.heat b')].map(each => {
      const brief = each.querySelector('.brief');
      return (brief && getComputedStyle(brief).display !== 'none' ? brief : each).innerText.trim();
    }),
    tables: document.querySelectorAll('table').length,
    text: document.body.innerText.length,
    fetched: performance.getEntriesByType('resource').map(entry => entry.name),
  }, '*');
});</script>"""

FRAME = """<!doctype html><meta charset="utf-8"><title>frame</title><body style="margin:0"><pre id="said"></pre>
<script>addEventListener('message', event => {{ said.textContent = JSON.stringify(event.data); }});</script>
<iframe src="page.html" style="border:0;width:{width}px;height:900px"></iframe></body>"""


@pytest.fixture(scope="session", params=["en", "ru"])
def page(request: pytest.FixtureRequest, result: klientela.Result) -> str:
    return result.html(language=request.param)


def test_nothing_comes_from_elsewhere(page):
    addresses = re.findall(
        r"""(?:\b(?:src|srcset|href|action|poster|data)\s*=\s*["']?|url\(\s*["']?)([^"'\s>)]+)""", page
    )
    assert [each for each in addresses if not each.startswith(("#", "data:"))] == []
    assert "@import" not in page
    assert not re.search(r"<(?:link|iframe|object|embed|base)\b", page, re.IGNORECASE)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b", page)


LONG = {
    "en": ["none", "acquaintance", "interested", "regularly buying customer", "engaged", "partner of the house"],
    "ru": [
        "без взаимодействия",
        "первоначальное знакомство",
        "заинтересованность",
        "высококвалифицированный покупатель",
        "постоянный",
        "стратегическое сотрудничество",
    ],
    "de": [
        "Erstkontakt",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
        "Großkundenbetreuungsverhältnis",
        "Stammkundschaft",
        "Geschäftspartnerschaft",
        "Rahmenvertrag",
    ],
    "zh": [
        "没有任何往来的客户",
        "初步了解我们公司的潜在客户",
        "感兴趣",
        "经常购买并且推荐给其他人的老客户",
        "合作",
        "长期战略合作伙伴关系客户",
    ],
}


@pytest.fixture(scope="session")
def crowd() -> dict[str, np.ndarray]:
    """More than a million clients, in every cell some, in one more than a million."""
    n = 1_300_000
    place = np.arange(n)
    cell = np.where(place < 1_100_000, 35, place % 36)
    orders = np.where(place < 1_100_000, 1, cell % 6 + 1)
    client = np.repeat(place, orders)
    amount = np.repeat(np.array([1.0, 20, 300, 4_000, 50_000, 98_765_432.1])[cell // 6] / orders, orders)
    order = np.arange(client.size)
    return {
        "client": client,
        "at": np.full(client.size, np.datetime64("2026-01-02", "us")),
        "amount": amount.round(2),
        "order_id": order,
    }


def crowded(crowd: dict[str, np.ndarray], language: str) -> str:
    names = LONG[language]
    policy = {
        "version": 1,
        "ingest": {"currency": "EUR"},
        "classifiers": {
            "rfm": {},
            "abc": {},
            "matrix": {
                "x": {"measure": "frequency", "bands": names, "edges": [1, 2, 3, 4, 5]},
                "y": {"measure": "money_net", "bands": names, "edges": [10, 100, 1_000, 10_000, 100_000]},
                "groups": [{"name": names[3], "rules": [{}]}],
            },
            "tiers": {},
        },
    }
    return klientela.run(crowd, policy).html(language="ru" if language == "ru" else "en")


@pytest.mark.parametrize("language", LONG)
def test_long_labels_and_millions_do_not_overlap(crowd, tmp_path: Path, language: str):
    page = crowded(crowd, language)
    for width in (320, 390, 1280):
        folder = tmp_path / str(width)
        folder.mkdir()
        measured = measure(page, folder, width)
        assert measured["scroll"] <= width, measured["out"]
        assert measured["over"] == []
        counts = measured["counts"]
        assert len(counts) >= 36
        if language != "ru":
            assert any(
                re.fullmatch(r"1,[0-9]{3},[0-9]{3}" if width == 1280 else r"1\.[0-9]+M", each) for each in counts
            )


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out(page, tmp_path: Path, width: int):
    measured = measure(page, tmp_path, width)
    assert measured["tables"] > 0 and measured["text"] > 500
    assert measured["client"] == width
    assert measured["scroll"] <= measured["client"], measured["out"]
    assert measured["over"] == []
    assert measured["fetched"] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_picture_of_moves_can_be_read(base, tmp_path: Path, language: str):
    policy = {**klientela.synthetic.POLICY, "history": {"every": "month", "columns": ["rfm_segment"]}}
    result = klientela.run(base, policy)
    page = result.html(language=language)
    days = result.history().days
    heads = re.findall(r'<text class="head[^>]*>([^<]*)<', page)
    assert [head.split("\N{NO-BREAK SPACE}")[0] for head in heads] == [str(days[0].day), str(days[-1].day)]
    assert [head[-4:] for head in heads] == [str(days[0].year), str(days[-1].year)]
    for width in (390, 1280):
        folder = tmp_path / str(width)
        folder.mkdir()
        measured = measure(page, folder, width)
        assert measured["crossed"] == []
        assert len(measured["letters"]) > 30 and min(measured["letters"]) > 11
        assert measured["scroll"] <= width, measured["out"]


def test_cells_have_contrast_in_light_and_dark(page):
    """WCAG AA asks for 4.5 between text and what is behind it; the deepest cell of each colour has least."""
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    light, dark = re.findall(r":root\{([^}]*)\}", style[1])[:2]
    deepest = float(re.findall(r"\.i9\{--a:([.0-9]+)\}", style[1])[0])
    faint = float(re.findall(r"\.heat td \.of\{opacity:([.0-9]+)", style[1])[0])
    names = dict(re.findall(r"--([a-z0-9-]+):([^;]+)", light))
    for scheme in (light, dark):
        names |= dict(re.findall(r"--([a-z0-9-]+):([^;]+)", scheme))
        card, ink = (colour(names[name]) for name in ("card", "ink"))
        for name in ("accent-rgb", *(f"k{i}" for i in range(8)), "kn"):
            behind = mixed(colour(names[name]), card, deepest * float(names.get("deep", 1)))
            assert contrast(mixed(ink, behind, faint), behind) >= 4.5, name


def colour(text: str) -> np.ndarray:
    if not text.startswith("#"):
        return np.array([int(part) for part in text.split()])
    digits = text[1:] if len(text) == 7 else "".join(2 * each for each in text[1:])
    return np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)])


def mixed(above: np.ndarray, below: np.ndarray, share: float) -> np.ndarray:
    return above * share + below * (1 - share)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    def light_of(parts: np.ndarray) -> float:
        parts = parts / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted((light_of(one), light_of(other)))
    return (light + 0.05) / (dark + 0.05)


def measure(page: str, tmp_path: Path, width: int) -> dict[str, Any]:
    """What a browser finds on the page in a window of so many pixels."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)}")
    # The copy must be allowed to say what it measured; where scripts come from is tested above.
    copy = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", page, flags=re.IGNORECASE)
    copy, places = re.subn(r"</body>", lambda end: PROBE + end[0], copy, flags=re.IGNORECASE)
    assert places == 1
    (tmp_path / "page.html").write_text(copy, encoding="utf-8")
    # A window has a least width of its own; a frame has none.
    (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1400,1000",
            "--virtual-time-budget=10000",
            "--dump-dom",
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    said = re.search(r'<pre id="said">(.+?)</pre>', done.stdout, re.DOTALL)
    assert said is not None, done.stdout[-2000:] + done.stderr[-2000:]
    measured: dict[str, Any] = json.loads(html.unescape(said[1]))
    return measured
