"""The page in a browser: it stands alone, and on a phone nothing of it sticks out."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import klientela
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


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out(page, tmp_path: Path, width: int):
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
    measured = json.loads(html.unescape(said[1]))
    assert measured["tables"] > 0 and measured["text"] > 500
    assert measured["client"] == width
    assert measured["scroll"] <= measured["client"], measured["out"]
    assert measured["fetched"] == []
