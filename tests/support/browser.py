"""A real browser with the mock's page in it. Selenium is imported when it is used: it need not be installed."""

from collections.abc import Callable
from shutil import which
from typing import Any
from urllib.parse import urlencode

from tests.support.requirements import missing

WAIT_S = 30
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server")


def start() -> Any:
    """A Chromium without a window; a test that gets none is skipped."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        missing("selenium is not installed: pip install -e '.[browser-tests]'")
    browser = which("chromium") or which("google-chrome") or which("chromium-browser")
    driver = which("chromedriver")
    if browser is None or driver is None:
        missing("Chromium and its driver are not installed: apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for option in _OPTIONS:
        options.add_argument(option)
    return webdriver.Chrome(service=Service(driver), options=options)


class Page:
    """The page in a tab. `send` asks for a stream by the query string."""

    def __init__(self, driver: Any, url: str) -> None:
        self.driver = driver
        self.url = url

    def send(self, **fields: str | int) -> "Page":
        """Opens the page, which sends at once. Fields as on the page: tokens, itl_ms, …; `knobs` for any other."""
        self.driver.get(f"{self.url}/?{urlencode({'go': 1, 'ttft_ms': 1, **fields})}")
        return self

    def text(self, name: str) -> str:
        """What the element with this id holds, every space of it."""
        return str(self.driver.find_element("id", name).get_property("textContent"))

    def click(self, name: str) -> None:
        """Clicks the element with this id."""
        self.driver.find_element("id", name).click()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for something to become true; fails if it does not."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, WAIT_S, poll_frequency=0.05).until(lambda _driver: condition(), what)

    def ending(self) -> str:
        """What the page calls the stream's end, as soon as it has one."""

        def now() -> str:
            return str(self.driver.find_element("id", "state").get_attribute("data-ending"))

        self.until(lambda: now() not in ("idle", "waiting", "streaming"), "the stream did not end")
        return now()

    def streaming(self, tokens: int = 5) -> str:
        """Waits until some tokens have arrived; gives the record's id."""
        self.until(lambda: int(self.text("tokens").replace("–", "0")) >= tokens, "no tokens arrived")
        self.until(lambda: self.text("truth-id") != "–", "the page has no record")
        return self.text("truth-id")
