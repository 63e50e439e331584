"""The HTML report in a real browser: hostile text in it does nothing, and the page asks for nothing."""

from pathlib import Path

from sseprobe.reporters import by_format
from tests.support.browser import start
from tests.support.hostile import HOSTILE, Walk
from tests.support.reports import FULL

SEEN = """
return {
    scripts: document.scripts.length,
    images: document.images.length,
    links: document.links.length,
    fetched: performance.getEntriesByType("resource").length,
    rows: document.querySelectorAll("tbody tr").length,
    text: document.body.textContent,
};
"""


def test_a_hostile_report(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(by_format("html")(Walk(HOSTILE["markup"])(FULL), width=80, colour=False), encoding="utf-8")
    driver = start()
    try:
        driver.get(path.as_uri())
        seen = driver.execute_script(SEEN)
        complaints = driver.get_log("browser")
    finally:
        driver.quit()
    assert "<script>alert(1)</script><img src=x onerror=y>&amp;" in seen.pop("text")
    assert seen.pop("rows") > 10
    assert seen == {"scripts": 0, "images": 0, "links": 0, "fetched": 0}
    assert complaints == []
