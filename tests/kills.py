#!/usr/bin/python3
"""A run that is killed at random moments, or whose journal a power cut left torn at any byte,
continues to the results of one that nothing happened to; no finished cell runs twice, and no process
and no file stays behind.

    tests/kills.py PROGRAM

KILLS kills (9), with SIGKILL in turn: the run, one of its workers, and the groups of all of them.
CUTS lengths of the last record (9; "all"). SEED draws the moments."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from from_outside import (GONE_WITHIN_S, ROOT, check, check_same_results, figure, glyphs, in_own_folder,
                          passed, processes, run_command, seconds_until, whole_lines)

KILLS = int(os.environ.get("KILLS", "9"))
CUTS = os.environ.get("CUTS", "9")
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
GRID, LONG_GRID = Path("grid.json"), Path("long.json")
JOURNAL = "glyphs-easy.jsonl"
WHOLE = Path("whole")


def make_grid():
    """The small grid and two commands, since what these start has to go as well."""
    grid = json.loads((ROOT / "tests/small.json").read_text(encoding="utf-8"))
    grid["external"] = {"test": {"command": [str(ROOT / "tests/external_command")],
                                 "parameters": [{"mode": ["good", "noise"]}]}}
    GRID.write_text(json.dumps(grid), encoding="utf-8")


def make_long_grid():
    """A fit that takes longer than this test waits for anything."""
    LONG_GRID.write_text(json.dumps({"classifiers": {"MLPClassifier": [
        {"hidden_layer_sizes": ["(1000,)"], "max_iter": [1000000], "tol": [0]}]}}), encoding="utf-8")


def start(results, grid=GRID):
    """In a process group of its own; --retry for the cells of workers that were killed."""
    with open("log.txt", "a", encoding="utf-8") as log:
        return subprocess.Popen(run_command(results, grid, "--jobs", "2", "--retry"), stderr=log,
                                start_new_session=True)


def check_ended_well(run, results):
    check(run.wait() == 0, f"{results}: a run that nothing happened to exited with "
          f"{run.returncode}: {Path('log.txt').read_text(encoding='utf-8')[-500:]}")


def workers(run):
    try:
        return [int(pid) for pid in
                Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def kill_run(run, _):
    run.kill()


def kill_worker(run, moments):
    """When there is none at this moment, the next one to come."""
    seconds_until(lambda: workers(run) or run.poll() is not None, 60)
    there = workers(run)
    if there:
        os.kill(moments.choice(there), signal.SIGKILL)


def kill_groups(run, _):
    groups = [run.pid, *workers(run)]
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has just ended, or leads no group yet


class Held:
    """What a run finished before it was killed: that must never change again."""

    def __init__(self, results):
        self.journal = results / JOURNAL
        self.lines = whole_lines(self.journal)
        self.results = results
        self.files = self.state()

    def state(self):
        states = {}
        for line in self.lines:
            record = json.loads(line)
            if record["status"] == "ok":
                status = (self.results / record["predictions"]).stat()
                states[record["predictions"]] = (status.st_ino, status.st_mtime_ns)
        return states

    def check_unchanged(self):
        check(whole_lines(self.journal)[: len(self.lines)] == self.lines,
              f"{self.journal}: a record changed after it was written")
        check(self.state() == self.files, f"{self.results}: a finished cell was written again")


def kill_once(results, kill, moments, length_s):
    """False when the run had ended before. Then how long what was killed took to be gone."""
    run = start(results)
    time.sleep(moments.uniform(0, length_s))
    if run.poll() is not None:
        check_ended_well(run, results)
        return None
    kill(run, moments)
    if kill == kill_worker:
        check(run.wait() in (0, 1), f"the end of a worker ended the run with {run.returncode}")
    run.wait()
    gone_s = seconds_until(lambda: not processes(), GONE_WITHIN_S)
    check(gone_s is not None, f"{len(processes())} processes are there {GONE_WITHIN_S} s after")
    return gone_s


def check_only_kills(results):
    """A worker that was killed is a cell that crashed, for this reason and no other."""
    for line in whole_lines(results / JOURNAL):
        record = json.loads(line)
        check(record["status"] == "ok" or "signal 9" in record["reason"],
              f"{record['status']}: {record.get('reason')}")


def continue_to_the_end(results, held):
    check_ended_well(start(results), results)
    held.check_unchanged()
    check_only_kills(results)
    check_same_results(WHOLE, results, "killed and continued")


def test_kills(length_s):
    """Each folder is killed, continued, killed again, ... until a run came to its end."""
    kinds = [kill_run, kill_worker, kill_groups]
    moments = random.Random(SEED)
    n_killed, n_folders, slowest_s = 0, 0, 0
    results = Path("killed")
    held = Held(results)
    while n_killed < KILLS:
        gone_s = kill_once(results, kinds[n_killed % len(kinds)], moments, length_s)
        held.check_unchanged()
        held = Held(results)
        if gone_s is not None:
            n_killed += 1
            slowest_s = max(slowest_s, gone_s)
        if gone_s is None or n_killed == KILLS:
            continue_to_the_end(results, held)
            shutil.rmtree(results)
            held = Held(results)
            n_folders += 1
    figure("kills_survived", n_killed)
    figure("kills_slowest_end_s", f"{slowest_s:.2f}")
    passed(f"{n_killed} kills at random moments of {n_folders} runs of {length_s:.1f} s (SEED={SEED});"
           f" all processes gone within {slowest_s:.2f} s, the results those of a whole run")


def test_long_fit():
    """A worker that would not come to the end of its fit, where it would find its parent gone."""
    run = start(Path("long"), LONG_GRID)
    journal = Path("long") / JOURNAL
    seconds_until(lambda: journal.exists() and workers(run), 60)
    check(workers(run), "no worker within a minute")
    run.kill()
    run.wait()
    gone_s = seconds_until(lambda: not processes(), GONE_WITHIN_S)
    check(gone_s is not None, f"a worker is there {GONE_WITHIN_S} s after its run was killed")
    passed(f"a worker within a long fit is gone {gone_s:.2f} s after its run")


def lengths_of_cut_record(n_bytes):
    """From nothing of it to all but its newline."""
    if CUTS == "all":
        return range(n_bytes)
    n_cuts = int(CUTS)
    return [i * (n_bytes - 1) // (n_cuts - 1) for i in range(n_cuts)]


def test_cuts():
    whole = (WHOLE / JOURNAL).read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    lengths = lengths_of_cut_record(len(last))
    for length in lengths:
        results = Path("cut")
        shutil.copytree(WHOLE, results)
        with open(results / JOURNAL, "r+b") as journal:
            journal.truncate(len(whole) - len(last) + length)
        held = Held(results)
        continue_to_the_end(results, held)
        torn = results / (JOURNAL + ".torn")
        aside = torn.read_bytes() if length else b"\n"
        check(aside == last[:length] + b"\n", f"not the {length} torn bytes are set aside")
        shutil.rmtree(results)
    figure("cut_journals_continued", len(lengths))
    passed(f"{len(lengths)} of {len(last)} cuts of the last record: set aside, and its cell ran again")


def test():
    glyphs(n_train=300, n_test=100)
    make_grid()
    make_long_grid()
    start_s = time.monotonic()
    check_ended_well(start(WHOLE), WHOLE)
    length_s = time.monotonic() - start_s
    test_long_fit()
    test_kills(length_s)
    test_cuts()


in_own_folder(test)
