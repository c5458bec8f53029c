#!/usr/bin/python3
"""Datasets with traps: each classifier gives a right answer, or says clearly why it gives none.

    tests/traps.py PROGRAM

Each dataset is small and made here; all configurations of traps.json run on all of them, on one
thread and on two, and those of traps_beyond.json on those that are small for them too. CELL_CPU_S: what a cell may take (10)."""

import gzip
import json
import math
import os
import random
import struct
import subprocess
from pathlib import Path

from from_outside import PROGRAM, ROOT, check, in_own_folder, passed

GRID, BEYOND = ROOT / "tests/traps.json", ROOT / "tests/traps_beyond.json"
CELL_CPU_S = float(os.environ.get("CELL_CPU_S", "10"))
SIDE = 6  # of the images, unless their size is the trap


class Dataset:
    """Rows of (image, label) for training and for testing; an image is bytes."""

    def __init__(self, train, test, height=SIDE, width=SIDE):
        self.train, self.test = train, test
        self.height, self.width = height, width

    def write(self, name):
        """The first test images are there again, behind all others: for check_identical."""
        folder = Path("data", name)
        folder.mkdir(parents=True)
        self.test = self.test + self.test[:7]
        for part, rows in (("train", self.train), ("t10k", self.test)):
            images = struct.pack(">4I", 0x803, len(rows), self.height, self.width)
            labels = struct.pack(">2I", 0x801, len(rows))
            (folder / f"{part}-images-idx3-ubyte").write_bytes(
                images + b"".join(image for image, _ in rows))
            (folder / f"{part}-labels-idx1-ubyte").write_bytes(
                labels + bytes(label for _, label in rows))


class Classes:
    """Separable classes: a random image each, and rows that hardly differ from it."""

    def __init__(self, seed, labels, n_features=SIDE * SIDE, noise=15):
        self.chance, self.noise = random.Random(seed), noise
        self.centres = {label: [self.chance.randrange(noise, 256 - noise)
                                for _ in range(n_features)] for label in labels}

    def row(self, label):
        return bytes(value + self.chance.randint(-self.noise, self.noise)
                     for value in self.centres[label]), label

    def rows(self, n_of_each):
        """In turn, so that none is sorted by label."""
        return [self.row(label) for _ in range(n_of_each) for label in self.centres]


def two_labels():
    classes = Classes(1, [3, 250])
    return Dataset(classes.rows(20), classes.rows(15))


def one_pixel():
    rows = [(bytes([value]), label) for label, first in ((0, 20), (1, 200))
            for value in range(first, first + 20)]
    return Dataset(rows[::2], rows[1::2], 1, 1)


def large_images():
    classes = Classes(2, [0, 1, 2], 100 * 100)
    return Dataset(classes.rows(15), classes.rows(5), 100, 100)


def all_labels():
    classes = Classes(3, range(256), noise=1)
    return Dataset(classes.rows(2), classes.rows(1))


def all_zero():
    blank = bytes(SIDE * SIDE)
    return Dataset([(blank, (1, 0, 1, 2, 1)[i % 5]) for i in range(60)], [(blank, 1)] * 20)


def some_zero():
    """All images of a class are blank."""
    classes = Classes(4, [0, 1, 2])
    classes.centres[1] = None
    blank = (bytes(SIDE * SIDE), 1)

    def rows(n):
        return [row for _ in range(n) for row in (classes.row(0), blank, classes.row(2))]
    return Dataset(rows(20), rows(10))


def varying(constants=b""):
    """Classes that overlap; the same rows whatever constants are behind their pixels."""
    classes = Classes(5, [0, 1, 2, 3], noise=90)
    train, test = ([(image + constants, label) for image, label in classes.rows(n)]
                   for n in (15, 50))
    return Dataset(train, test, SIDE + len(constants) // SIDE, SIDE)


def with_constant():
    return varying(bytes([0, 255, 7, 0, 128, 1]))


def contradicting():
    """Four images, of which each has two labels: twice the one, once the other."""
    classes = Classes(6, [0, 1, 2, 3])
    images = [classes.row(label)[0] for label in range(4)]
    rows = [(images[label], label if i % 3 else (label + 1) % 4)
            for i in range(15) for label in range(4)]
    return Dataset(rows, [(images[label], label) for label in range(4)] * 5)


def test_in_train():
    """Nothing tells the labels but the image itself."""
    classes = Classes(7, [0], noise=100)
    rows = [(classes.row(0)[0], i % 3) for i in range(60)]
    return Dataset(rows, rows[:30])


def one_row_of_a_class():
    classes = Classes(8, [0, 1])
    train, test = classes.rows(20), classes.rows(20)
    classes.centres[2] = [255 - value for value in classes.centres[0]]
    return Dataset(train[:9] + [classes.row(2)] + train[9:], test)


def two_rows():
    rows = Classes(9, [0, 1]).rows(1)
    return Dataset(rows, rows * 5)


MAKERS = [two_labels, one_pixel, large_images, all_labels, all_zero, some_zero, varying,
          with_constant, contradicting, test_in_train, one_row_of_a_class, two_rows]


def one_label():
    rows = [Classes(10, [7]).row(7)] * 5
    return Dataset(rows, rows)


def alien_label():
    """A label of the test rows that no training row has."""
    rows = Classes(11, [0, 1, 2]).rows(5)
    return Dataset([row for row in rows if row[1] < 2], rows)


REFUSED = [(one_label, "train-labels-idx1-ubyte: expected at least 2 classes, found only label 7"),
           (alien_label, "t10k-labels-idx1-ubyte: label 2 of row 2 is not in the training part")]

TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier")
# Their few epochs end wherever the last rows have moved them.
EPOCHS = ("SGDClassifier", "Perceptron", "PassiveAggressiveClassifier")
SEPARABLE = ("two_labels", "one_pixel", "large_images", "all_labels", "some_zero",
             "one_row_of_a_class", "two_rows")


class Cell:
    """A record, what it predicts, and the test rows that it was to predict."""

    def __init__(self, line, results, dataset):
        self.record = json.loads(line, parse_constant=lambda word: check(
            False, f"{word} in a record: {line}"))
        self.name, self.parameters = self.record["name"], self.record["parameter"]
        self.status, self.reason = self.record["status"], self.record.get("reason")
        self.key = self.name + " " + json.dumps(self.parameters, sort_keys=True)
        self.rows = dataset.test
        self.n_classes = len({label for _, label in dataset.train})
        if self.status == "ok":
            content = gzip.decompress((results / self.record["predictions"]).read_bytes())
            self.labels = content[-len(self.rows):]

    def accuracy(self):
        right = sum(label == own for label, (_, own) in zip(self.labels, self.rows))
        return right / len(self.rows)

    def measures(self):
        """Names; work that was not done is not there."""
        return {name for name in self.record.get("measures", {}) if not name.endswith("_flops")}


def refusal(name, cell):
    """Why the cell cannot have predictions, or None."""
    if cell.parameters.get("n_neighbors") == 5 and name == "two_rows":
        return "n_neighbors: 5 is more than the 2 training rows"
    if cell.parameters.get("priors") and cell.n_classes != 2:
        return f"priors: 2 values for {cell.n_classes} classes; give one a class"
    return None


def floor_on_separable(name, cell):
    """The least accuracy. As low where thresholds and neighbours are on few pixels or rows."""
    if name == "all_labels" and (
            # Three of five neighbours are of other classes; one class of 256 is two rows of 512,
            # which at this C are no more than errors that a hinge can afford; stages are few.
            (cell.parameters.get("n_neighbors"), cell.parameters.get("weights")) == (5, "uniform")
            or (cell.parameters.get("loss"), cell.parameters.get("multi_class")) == ("hinge", "ovr")
            or cell.name == "GradientBoostingClassifier"):
        return 0
    if name == "two_rows" and (cell.name, cell.parameters.get("penalty")) == (
            "LogisticRegression", "l1"):
        return 0  # no gradient is above 1: the optimum is w = 0
    return 0.8 if cell.name in TREES + EPOCHS else 0.95


def floor(name, cell):
    """The least accuracy of the cell on this dataset."""
    if name in SEPARABLE:
        return floor_on_separable(name, cell)
    # The prior of a class or the vote of its rows decides.
    if name in ("all_zero", "contradicting"):
        return 0 if cell.name in EPOCHS + ("KNeighborsClassifier",) else 1
    if name == "test_in_train":
        finds_itself = (cell.parameters.get("n_neighbors") == 1 or
                        cell.parameters.get("weights") == "distance")
        return 1 if cell.name in TREES or finds_itself else 0
    return 0


def check_identical(name, cell):
    """The same image has the same label, wherever it stands."""
    label_of = {}
    for (image, _), label in zip(cell.rows, cell.labels):
        check(label_of.setdefault(image, label) == label,
              f"{name}: {cell.key}: an image is {label} and {label_of[image]}")


def check_cell(name, cell):
    why = refusal(name, cell)
    check((cell.status, cell.reason) == (("failed", why) if why else ("ok", None)),
          f"{name}: {cell.key}: {cell.status}: {cell.reason}, not {why or 'ok'}")
    if why:
        return
    check_identical(name, cell)
    check(cell.accuracy() == cell.record["score"][0], f"{name}: {cell.key}: another score")
    check(cell.accuracy() >= floor(name, cell),
          f"{name}: {cell.key}: accuracy {cell.accuracy():.3f}, not {floor(name, cell)}")
    cpu_s = max(cell.record["cpu_s"])
    check(cpu_s <= CELL_CPU_S, f"{name}: {cell.key}: {cpu_s:.1f} s, more than {CELL_CPU_S:g}")


def run(grid, results, datasets, *options):
    """Dataset -> its cells by key. That some refuse is exit status 1."""
    names = [argument for name in datasets for argument in ("--dataset", name)]
    done = subprocess.run([PROGRAM, "run", "--data", "data", "--grid", grid, "--results", results,
                           *names, *options], capture_output=True, text=True)
    check(done.returncode in (0, 1), f"exit status {done.returncode}: {done.stderr[-500:]}")
    cells = {}
    for name, dataset in datasets.items():
        lines = (results / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        of_name = [Cell(line, results, dataset) for line in lines]
        cells[name] = {cell.key: cell for cell in of_name}
        for cell in of_name:
            check_cell(name, cell)
    n_refused = sum(cell.status != "ok" for of_name in cells.values() for cell in of_name.values())
    check(done.returncode == (n_refused > 0), f"exit status {done.returncode}, {n_refused} refused")
    return cells


def check_measures(cells):
    """A measure that is not a number is left out of a record: all have those of any."""
    for key in cells["varying"]:
        of_key = [of_name[key] for of_name in cells.values() if of_name[key].status == "ok"]
        names = set().union(*(cell.measures() for cell in of_key))
        for cell in of_key:
            check(cell.measures() == names,
                  f"{cell.record['dataset']['name']}: {key}: no {names - cell.measures()}")


def check_constants(cells):
    """What is the same in all images tells nothing, to those who draw neither features, nor their
    order, nor weights for them."""
    draws = TREES + ("RandomForestClassifier", "GradientBoostingClassifier", "MLPClassifier")
    n_compared = 0
    for key, cell in cells["with_constant"].items():
        if cell.name not in draws and cell.status == "ok":
            check(cell.labels == cells["varying"][key].labels, f"constant features: {key}")
            check(cell.accuracy() < 1, f"constant features: {key} has nothing to get wrong")
            n_compared += 1
    return n_compared


def test_refused():
    for maker, why in REFUSED:
        maker().write(maker.__name__)
        done = subprocess.run([PROGRAM, "run", "--data", "data", "--grid", GRID, "--results", "no",
                               "--dataset", maker.__name__], capture_output=True, text=True)
        check(done.returncode == 3 and why in done.stderr,
              f"{maker.__name__}: exit status {done.returncode}: {done.stderr}")
    passed(f"{len(REFUSED)} datasets that are none: refused before anything runs")


def test():
    datasets = {maker.__name__: maker() for maker in MAKERS}
    for name, dataset in datasets.items():
        dataset.write(name)
    cells = run(GRID, Path("one"), datasets)
    n_cells = sum(len(of_name) for of_name in cells.values())
    passed(f"{n_cells} cells on {len(cells)} datasets with traps: right, or with a reason")
    check_measures(cells)
    n_compared = check_constants(cells)
    passed(f"constant features change none of {n_compared} predictions")
    two = run(GRID, Path("two"), datasets, "--threads", "2", "--jobs", "1")
    for name, of_name in cells.items():
        for key, cell in of_name.items():
            check(cell.status != "ok" or cell.labels == two[name][key].labels,
                  f"{name}: {key}: other predictions with two threads")
    passed("the same predictions with two threads")
    small = {name: dataset for name, dataset in datasets.items()
             if name not in ("large_images", "all_labels")}
    beyond = run(BEYOND, Path("beyond"), small)
    passed(f"{sum(map(len, beyond.values()))} cells of a grid beyond 2017 are right")
    test_refused()


in_own_folder(test)
