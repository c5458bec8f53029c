"""What the tests in Python of the program from outside have in common, as tests/common.sh has it
for those in bash: the program, a folder of their own, the processes they started, what they say."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(sys.argv[1] if len(sys.argv) > 1 else "build/fmbench").resolve()
TEST_NAME = Path(sys.argv[0]).stem
# Inherited by whatever is started, so that it is found wherever it went.
MARK = f"FMBENCH_TEST={uuid.uuid4()}"
os.environ.update([MARK.split("=")])
# How soon whatever was killed or stopped is gone; TIME_FACTOR is for machines that are busy, as in
# tests/time_limits.c.
GONE_WITHIN_S = max(1.0, float(os.environ.get("TIME_FACTOR", "1")))
# What differs from one run to the next by its nature: times and the peak of memory, whose keys tell
# their units (src/report/record.h), and how many cells ran at once.
MEASURED = re.compile(r"(.*_s|.*_time|time_per_repeat|.*_rss_bytes|jobs)")


def passed(text):
    print(f"{TEST_NAME}: {text}", flush=True)


def check(condition, text):
    if not condition:
        sys.exit(f"{TEST_NAME}: FAILED: {text}")


def figure(name, value):
    """For the page of figures, where there is to be one."""
    if os.environ.get("FIGURES"):
        with open(os.environ["FIGURES"], "a", encoding="utf-8") as file:
            print(name, value, file=file)


def in_own_folder(test):
    """Calls the test in a folder that goes with it, and with whatever it started."""
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    try:
        test()
    finally:
        for pid in processes():
            os.kill(pid, 9)
        os.chdir("/")
        shutil.rmtree(folder)


def glyphs(n_train, n_test):
    """The synthetic dataset in the folder data."""
    subprocess.run([PROGRAM, "glyphs", "--data", "data", "--n-train", str(n_train),
                    "--n-test", str(n_test)], check=True, capture_output=True)


def run_command(results, grid, *options):
    return [PROGRAM, "run", "--data", "data", "--dataset", "glyphs-easy", "--grid", grid,
            "--results", results, *options]


def processes():
    """Those that the test started and that live, itself left out. The dead have no environment."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                if MARK.encode() in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
            except OSError:
                pass  # it has ended
    return found


def seconds_until(condition, at_most_s):
    """How long it took; None when that was not enough."""
    start_s = time.monotonic()
    while not condition():
        if time.monotonic() - start_s > at_most_s:
            return None
        time.sleep(0.005)
    return time.monotonic() - start_s


def whole_lines(path):
    """Without the torn one that may be the last."""
    if not path.exists():
        return []
    return path.read_bytes().split(b"\n")[:-1]


def without_measured(value):
    if isinstance(value, dict):
        return {key: without_measured(inner) for key, inner in value.items()
                if not MEASURED.fullmatch(key)}
    return value


def finished(results):
    """Cell -> the records that ended well, of all journals, without what is measured."""
    cells = {}
    for journal in Path(results).glob("*.jsonl"):
        for line in whole_lines(journal):
            record = json.loads(line)
            if record["status"] == "ok":
                cells.setdefault(record["cell"], []).append(without_measured(record))
    return cells


def paths(results):
    """Relative name -> path of all in it; what only tells of what happened is left out."""
    results = Path(results)
    return {str(path.relative_to(results)): path for path in results.rglob("*")
            if path.suffix != ".torn" and "log" not in (path.name, path.parent.name)}


def check_same_results(one, other, text):
    """Each cell once, with the same record; the same files, the predictions to the bit."""
    cells, other_cells = finished(one), finished(other)
    check(all(len(records) == 1 for records in other_cells.values()), f"{text}: a cell ran twice")
    check(cells.keys() == other_cells.keys(),
          f"{text}: {len(other_cells)} cells, not {len(cells)}")
    for cell, records in cells.items():
        check(records == other_cells[cell],
              f"{text}: records differ:\n{records}\n{other_cells[cell]}")
    there, other_there = paths(one), paths(other)
    check(there.keys() == other_there.keys(),
          f"{text}: other files: {sorted(there.keys() ^ other_there.keys())}")
    for name, path in there.items():
        if name.endswith(".gz"):
            check(path.read_bytes() == other_there[name].read_bytes(), f"{text}: {name} differs")
