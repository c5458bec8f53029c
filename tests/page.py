"""Opens pages in headless Chromium and uses them as a reader would.

    tests/page.py PAGE...
"""
import base64
import contextlib
import json
import os
import pathlib
import sys
import time
import urllib.parse

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

WIDE, PHONE = (1280, 900), (360, 740)
MAX_BYTES, MAX_LOAD_MS = 4_000_000, 1000
SHOTS = os.environ.get("SHOTS")
STANZAS = json.loads((pathlib.Path(__file__).resolve().parent.parent / "configs" /
                      "datasets.json").read_text(encoding="utf-8"))


@contextlib.contextmanager
def browser():
    options = webdriver.ChromeOptions()
    for argument in "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars":
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options)
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """A page in the browser, with what the test asks of it."""

    def __init__(self, driver, path):
        self.driver, self.path = driver, pathlib.Path(path).resolve()
        self.resize(WIDE)
        self.open()
        self.table = json.loads(self.run(
            "return document.getElementById('data-table').textContent"))

    def open(self, address=""):
        self.driver.get("about:blank")
        self.driver.get(self.path.as_uri() + address)
        self.wait(lambda: self.run("return document.documentElement.dataset.ready"))

    def reload(self):
        self.open("#" + urllib.parse.urlsplit(self.driver.current_url).fragment)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def wait(self, is_so):
        WebDriverWait(self.driver, 30).until(lambda _: is_so())

    def resize(self, size):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE})

    def dark(self, is_dark):
        value = "dark" if is_dark else "light"
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": value}]})

    def lines(self):
        """The texts of the table's body."""
        return self.run("return [...document.querySelectorAll('#rows tbody tr')].map("
                        "line => [...line.cells].map(cell => cell.textContent))")

    def titles(self):
        return self.run("return [...document.querySelectorAll('#rows thead th')].map("
                        "cell => cell.textContent)")

    def see(self, selector):
        """Scrolls to a chart and waits until it is drawn."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({behavior: 'instant'})",
                 selector)
        self.wait(lambda: self.run(
            "return document.querySelector(arguments[0]).dataset.drawn", selector))

    def n_marks(self, selector):
        return self.run("return document.querySelectorAll(arguments[0] + ' .points path').length",
                        selector)

    def shot(self, name):
        if not SHOTS:
            return
        size = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        for top in range(0, size[1], 400):
            self.run("window.scrollTo({top: arguments[0], behavior: 'instant'})", top)
            time.sleep(0.1)
        self.run("window.scrollTo({top: 0, behavior: 'instant'})")
        time.sleep(0.5)
        height = self.run("return document.documentElement.scrollHeight")
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1}})
        path = pathlib.Path(SHOTS) / f"{self.path.parent.name}-{self.path.stem}-{name}.png"
        path.write_bytes(base64.b64decode(picture["data"]))

    def results(self, dataset):
        return [next((r for r in row["results"] if r["dataset"] == dataset), None)
                for row in self.table["rows"]]


def check_weight(page):
    size = page.path.stat().st_size
    assert size < MAX_BYTES, f"{size} bytes"
    loads = []
    for _ in range(3):
        page.open()
        loads.append(page.run("return performance.getEntriesByType('navigation')[0].loadEventEnd"))
    assert min(loads) < MAX_LOAD_MS, f"loads in {loads} ms"


def check_views(page):
    """Each view has the numbers of the table for its datasets."""
    names = [dataset["name"] for dataset in page.table["datasets"]]
    views = names + (["side-by-side"] if len(names) > 1 else [])
    buttons = page.driver.find_elements(By.CSS_SELECTOR, "#views button")
    assert [button.get_attribute("data-view") for button in buttons] == views
    for view in views:
        page.find(f"#views button[data-view='{view}']").click()
        lines = {tuple(line[:2]): line for line in page.lines()}
        shown = names if view == "side-by-side" else [view]
        titles = page.titles()
        for dataset in shown:
            prefix = dataset + " " if len(shown) > 1 else ""
            at = {key: titles.index(prefix + key) for key in ("accuracy", "fit s", "group")}
            for row, result in zip(page.table["rows"], page.results(dataset)):
                line = lines[row["classifier"], row["label"]]
                if "accuracy" not in result:
                    assert line[at["accuracy"]] == result["status"]
                    continue
                assert line[at["accuracy"]].rstrip("\u2020") == f"{result['accuracy']:.4f}"
                assert abs(float(line[at["fit s"]]) - result["fit_s"]) <= 0.006 * result["fit_s"] + 0.0005
                if "tie_group" in result:
                    assert line[at["group"]] == str(result["tie_group"])


def check_names(page):
    """Datasets and classes are called what configs/datasets.json calls them, others by themselves."""
    for dataset in page.table["datasets"]:
        stanza = STANZAS.get(dataset["name"], {})
        title = page.find(f"#views button[data-view='{dataset['name']}']").text
        assert title == stanza.get("title", dataset["name"]), title
        for index, label in enumerate(dataset["classes"]):
            word = page.run("return className(arguments[0], arguments[1])", dataset["name"], label)
            assert word == (stanza["classes"][index] if stanza else str(label)), word


def check_sorting(page):
    """By mouse and by keyboard, both ways."""
    page.find("#views button").click()
    column = page.titles().index("accuracy")

    def accuracies():
        texts = [line[column].rstrip("\u2020") for line in page.lines()]
        return [float(text) for text in texts if text[:1].isdigit()]

    def header():
        return page.find(f"#rows thead th:nth-child({column + 1})")

    header().click()
    assert accuracies() == sorted(accuracies(), reverse=True) and len(set(accuracies())) > 3
    header().send_keys(Keys.ENTER)
    assert accuracies() == sorted(accuracies())


def check_filter(page):
    """Words of name and parameter, and only of these; the address keeps it."""
    page.find("#filter").send_keys("svc rbf")
    expected = [[row["classifier"], row["label"]] for row in page.table["rows"]
                if all(word in (row["classifier"] + " " + row["label"]).lower()
                       for word in ("svc", "rbf"))]
    assert expected and sorted(line[:2] for line in page.lines()) == sorted(expected)
    page.reload()
    assert page.find("#filter").get_attribute("value") == "svc rbf"
    assert sorted(line[:2] for line in page.lines()) == sorted(expected)
    page.find("#filter").clear()
    page.find("#filter").send_keys("no such row")
    assert [line[0] for line in page.lines()] == ["no row matches the filter"]
    page.open("#")


def check_published(page):
    if not page.driver.find_elements(By.ID, "published"):
        assert all("published" not in result for row in page.table["rows"]
                   for result in row["results"])
        return
    assert "published" not in page.titles()
    page.find("#published").click()
    page.reload()
    column = page.titles().index("published")
    lines = {tuple(line[:2]): line for line in page.lines()}
    for row, result in zip(page.table["rows"], page.results(page.table["datasets"][0]["name"])):
        if "published" in result:
            assert lines[row["classifier"], row["label"]][column] == f"{result['published']:.3f}"
    page.find("#published").click()


def with_accuracy(page, names, key="accuracy"):
    return sum(all(key in (page.results(name)[i] or {}) for name in names)
               for i in range(len(page.table["rows"])))


def check_charts(page):
    """A mark for every row that has what the chart shows."""
    names = [dataset["name"] for dataset in page.table["datasets"]]
    if len(names) > 1:
        page.see("#chart-pair")
        assert page.n_marks("#chart-pair") == with_accuracy(page, names[:2])
        page.see("#chart-ranks")
        assert page.n_marks("#chart-ranks") == len(names) * with_accuracy(page, names, "rank")
    for chart in "#chart-fit", "#chart-predict":
        page.see(chart)
        assert page.n_marks(chart) == with_accuracy(page, names[:1])


def check_maps(page):
    places = page.run("return [...document.querySelectorAll('.map')].map((place, i) => {"
                      "place.id = 'map-' + i; return place.id; })")
    known = json.loads(page.run("return document.getElementById('data-pictures').textContent"))
    kinds = [(picture, kind) for picture in known.values() if picture for kind in ("pca", "tsne")
             if picture[kind]]
    assert len(places) == len(kinds)
    for place, (picture, kind) in zip(places, kinds):
        page.see("#" + place)
        assert page.n_marks("#" + place) == len(picture[kind])


def check_row(page):
    """Chosen by keyboard, a row shows its figures, matrices and images, also after a reload."""
    page.open("#")
    rows = page.driver.find_elements(By.CSS_SELECTOR, "#rows tbody tr")
    texts = page.lines()
    number = next(i for i, line in enumerate(texts) if line[0] == "GaussianNB")
    rows[number].send_keys(Keys.ENTER)
    page.reload()
    assert page.find("#row-detail h3").text.startswith("GaussianNB")
    assert page.find("#rows tr[aria-selected=true]").text.startswith("GaussianNB")
    index = [row["classifier"] for row in page.table["rows"]].index("GaussianNB")
    results = page.table["rows"][index]["results"]
    detail = page.find("#row-detail").text
    places = page.run("return [...document.querySelectorAll('.confusion')].map((place, i) => {"
                      "place.id = 'confusion-' + i; return place.id; })")
    assert len(places) == len(results)
    for place, result in zip(places, results):
        assert f"{result['accuracy']:.4f}" in detail
        page.see("#" + place)
        drawn = page.run("return document.getElementById(arguments[0]).data[0].text", place)
        counts = [[int(text.rsplit(": ", 1)[1]) for text in line] for line in drawn]
        assert counts == result["confusion"]
    n_images = page.run("return document.querySelectorAll('#row-detail .tiles li').length")
    assert n_images == sum(len(result.get("surest_errors", [])) for result in results)


def check_failed_row(page):
    bad = [(index, result) for index, row in enumerate(page.table["rows"])
           for result in row["results"] if result["status"] == "failed"]
    if bad:
        index, result = bad[0]
        row = page.table["rows"][index]
        page.open("#" + urllib.parse.urlencode({"row": f"{row['classifier']}: {row['label']}"}))
        assert result["reason"] in page.find("#row-detail").text


def check_sizes(page):
    for size in WIDE, PHONE:
        page.resize(size)
        page.reload()
        width = page.run("return document.documentElement.scrollWidth")
        assert width <= size[0], f"{width} pixels in a window of {size[0]}"
    page.shot("phone")
    page.resize(WIDE)


def check_dark(page):
    def ground():
        return page.run("return getComputedStyle(document.body).backgroundColor")

    page.reload()
    light = ground()
    page.shot("light")
    page.dark(True)
    assert ground() != light
    page.reload()
    page.shot("dark")
    page.dark(False)


def check_console_and_network(page):
    complaints = page.driver.get_log("browser")
    assert not complaints, complaints
    for entry in page.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            assert url.startswith(("file://", "data:", "about:", "blob:")), url


CHECKS = (check_weight, check_views, check_names, check_sorting, check_filter, check_published, check_charts,
          check_maps, check_row, check_failed_row, check_sizes, check_dark,
          check_console_and_network)


def main():
    for path in sys.argv[1:]:
        with browser() as driver:
            page = Page(driver, path)
            for check in CHECKS:
                try:
                    check(page)
                except Exception as error:
                    raise AssertionError(f"{path}: {check.__name__}") from error
        n_rows, n_datasets = len(page.table["rows"]), len(page.table["datasets"])
        print(f"page: {path}: {len(CHECKS)} checks passed, {n_rows} rows, {n_datasets} datasets")


main()
