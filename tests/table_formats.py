"""Reads table.json, table.csv and results/*.jsonl in the current folder as other programs would."""
import csv
import html.parser
import itertools
import json
import sys

import jsonschema

# The keys of the original benchmark, which its dashboard looks for in a row.
DASHBOARD_KEYS = {"name", "parameter", "score", "num_repeat", "mean_accuracy", "std_accuracy",
                  "start_time", "done_time", "time_per_repeat"}


def check_schema(schema, table):
    """The table is valid; a table with any of these faults is not."""
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(table)

    def is_refused(change):
        copy = json.loads(json.dumps(table))
        change(copy)
        assert not validator.is_valid(copy), change.__doc__

    def unknown_key(copy):
        copy["rows"][0]["results"][0]["accurracy"] = 1

    def missing_key(copy):
        del copy["rows"][0]["classifier"]

    def wrong_range(copy):
        copy["rows"][0]["results"][0]["accuracy"] = 1.5

    for change in unknown_key, missing_key, wrong_range:
        is_refused(change)


def check_figures(table):
    """The statistics are there and belong together."""
    rows = [(row, result) for row in table["rows"] for result in row["results"]]
    ok = [result for _, result in rows if result["status"] == "ok"]
    bad = [result for _, result in rows if result["status"] == "failed"]
    assert ok and bad, "the run has rows of both kinds"
    assert all("reason" in result and "accuracy" not in result for result in bad)
    for result in ok:
        low, high = result["interval"]
        assert low <= result["accuracy"] <= high
        low, high = result["rank_interval"]
        assert low <= high and result["rank"] >= 1 and result["tie_group"] >= 1
        n_images = sum(map(sum, result["confusion"]))
        n_right = sum(line[k] for k, line in enumerate(result["confusion"]))
        assert abs(n_right / n_images - result["accuracy"]) < 1e-12
    for dataset in table["datasets"]:
        ranked = [r for r in ok if r["dataset"] == dataset["name"]]
        best = max(ranked, key=lambda r: r["accuracy"])
        assert best["rank"] == 1 and best["tie_group"] == 1
    names = [dataset["name"] for dataset in table["datasets"]]
    pairs = [tuple(comparison["datasets"]) for comparison in table["comparisons"]]
    assert sorted(pairs) == sorted(itertools.combinations(names, 2)), "every pair of datasets once"
    for comparison in table["comparisons"]:
        assert comparison["n_rows"] == len(comparison["moves"]) > 1
        low, high = (comparison["spearman"][key] for key in ("low", "high"))
        assert -1 <= low <= high <= 1


def check_csv(table):
    """A line for each row and dataset, with the same figures."""
    with open("table.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    results = [result for row in table["rows"] for result in row["results"]]
    assert len(lines) == len(results)
    for line, result in zip(lines, results):
        assert line["status"] == result["status"]
        assert line["accuracy"] == ("" if "accuracy" not in result else repr(result["accuracy"]))
        if "interval" in result:
            assert float(line["interval_low"]) == result["interval"][0]
            assert int(line["rank_high"]) == result["rank_interval"][1]


class Cells(html.parser.HTMLParser):
    """The texts of the cells of the table's body, and the tags that are open."""

    def __init__(self):
        super().__init__()
        self.rows, self.open = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} ends where it did not begin"

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.rows[-1][-1] += data


def check_html(table):
    """Each element ends, and each row has its accuracies."""
    cells = Cells()
    with open("table.html", encoding="utf-8") as file:
        cells.feed(file.read())
    assert not cells.open
    lines = [line for line in cells.rows if line]
    assert len(lines) == len(table["rows"])
    for line, row in zip(lines, table["rows"]):
        assert line[:2] == [row["classifier"], row["label"]]
        for result in row["results"]:
            if "accuracy" in result:
                assert any(text.startswith(f"{result['accuracy']:.4f}") for text in line)


def check_dashboard(path):
    """As the original dashboard reads a journal: lines joined by commas are a JSON array."""
    with open(path, encoding="utf-8") as file:
        rows = json.loads("[" + ",".join(file.read().splitlines()) + "]")
    done = [row for row in rows if row["status"] == "ok"]
    assert done
    for row in done:
        assert DASHBOARD_KEYS <= row.keys()
        assert abs(sum(row["score"]) / row["num_repeat"] - row["mean_accuracy"]) < 1e-12


# What a record of a run must name of what it was made with.
ENVIRONMENT_KEYS = {"source", "compiler", "flags", "blas", "blas_kernel", "simd", "processor",
                    "cores", "jobs", "repeats", "timeout_s", "memory_limit_bytes"}


def check_records(schema, path):
    """Each line is valid, and names all that it was made with; one with any of these faults is not."""
    validator = jsonschema.Draft7Validator(schema)
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    for record in records:
        validator.validate(record)
        assert ENVIRONMENT_KEYS <= record["environment"].keys(), record["environment"].keys()
        assert {"host", "version"} <= record.keys()
    first = records[0]
    for change in ({"seeds": 0}, {"dataset": {"name": "a"}}, {"environment": {"simd": "sse"}},
                   {"score": [2]}):
        assert not validator.is_valid({**first, **change}), change


def read_json(path):
    """What a file of JSON holds."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    schema, record_schema = map(read_json, sys.argv[1:3])
    table = read_json("table.json")
    check_schema(schema, table)
    check_figures(table)
    check_csv(table)
    check_html(table)
    for dataset in table["datasets"]:
        check_dashboard(f"results/{dataset['name']}.jsonl")
        check_records(record_schema, f"results/{dataset['name']}.jsonl")
    print(f"table_formats: {len(table['rows'])} rows on {len(table['datasets'])} datasets read from "
          "JSON, CSV, HTML and the journals")


main()
