#!/usr/bin/python3
"""What the disk refuses ends a run with a message and exit status 1; what was finished is intact,
nothing half written stays, and the same command continues once the cause is gone.

    tests/disk.py PROGRAM

A full disk is a small file system in memory, where this process may mount one, and a limit on the
size of files, which falls on any byte of a record. DISKS sizes of the former (5), PLACES in a record
of the latter (4)."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

from from_outside import (ROOT, check, check_same_results, figure, finished, glyphs, in_own_folder,
                          passed, paths, processes, run_command, seconds_until, whole_lines)

GRID = ROOT / "tests/small.json"
JOURNAL = "glyphs-easy.jsonl"
WHOLE = Path("whole")
DISKS = int(os.environ.get("DISKS", "5"))
PLACES = int(os.environ.get("PLACES", "4"))
# From one page to what is not quite enough.
SMALLEST_KIB, LARGEST_KIB = 4, 180
NOBODY = 65534


def run(results, *options, before=None, prefix=()):
    """Exit status and standard error."""
    command = [*prefix, *run_command(results, GRID, "--jobs", "2", *options)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, preexec_fn=before,
                          check=False)
    return done.returncode, done.stderr


def check_refused(outcome, words, text):
    status, said = outcome
    check(status == 1, f"{text}: exit status {status}: {said[-500:]}")
    for word in words:
        check(word in said, f"{text}: not a word of '{word}': {said[-500:]}")
    check(not processes(), f"{text}: processes are left")


def check_intact(results, text):
    """What is there is whole, and what it must be."""
    there, whole = paths(results), finished(WHOLE)
    for cell, records in finished(results).items():
        check(records == whole[cell], f"{text}: a record is not that of a whole run")
        predictions = records[0]["predictions"]
        check(there[predictions].read_bytes() == (WHOLE / predictions).read_bytes(),
              f"{text}: {predictions} is not whole")
    journal = results / JOURNAL
    check(not journal.exists() or journal.read_bytes()[-1:] in (b"", b"\n"),
          f"{text}: a half record is left")
    check(not [name for name in there if name.endswith(".tmp")], f"{text}: half a file is left")


def check_continues(results, text):
    held = whole_lines(results / JOURNAL)
    status, said = run(results)
    check(status == 0, f"{text}: continued, exit status {status}: {said[-500:]}")
    check(whole_lines(results / JOURNAL)[: len(held)] == held, f"{text}: a record changed")
    check_same_results(WHOLE, results, text)


def mount(*options):
    return (shutil.which("mount") is not None and
            subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0)


def test_full_tmpfs():
    results = Path("full")
    results.mkdir()
    n_records = set()
    for i in range(DISKS):
        kib = SMALLEST_KIB + i * (LARGEST_KIB - SMALLEST_KIB) // (DISKS - 1)
        text = f"a disk of {kib} KiB"
        if not mount("-t", "tmpfs", "-o", f"size={kib}k", "fmbench-test", str(results)):
            passed("skipped: this process may mount nothing")
            return
        try:
            check_refused(run(results), [str(results) + "/", "No space left on device; ",
                                         "make room, and the same command continues"], text)
            check_intact(results, text)
            n_records.add(len(finished(results)))
            check(mount("-o", "remount,size=10m", str(results)), "cannot enlarge it")
            check_continues(results, text)
        finally:
            subprocess.run(["umount", str(results)], check=True)
    check(len(n_records) > 2, f"the disks were full at the same record: {n_records}")
    figure("full_disks_survived", DISKS)
    passed(f"{DISKS} full disks, after {min(n_records)} to {max(n_records)} records, say so; then it goes on")


def test_read_only_tmpfs():
    results = Path("read-only")
    results.mkdir()
    if not mount("-t", "tmpfs", "fmbench-test", str(results)):
        passed("skipped: this process may mount nothing")
        return
    try:
        status, said = run(results, "--only", "SVC*")
        check(status == 0, said)
        check(mount("-o", "remount,ro", str(results)), "cannot make it read-only")
        check_refused(run(results), [str(results) + "/", "Read-only file system; make it writable"],
                      "a read-only disk")
        check_intact(results, "a read-only disk")
        check(mount("-o", "remount,rw", str(results)), "cannot make it writable again")
        check_continues(results, "a read-only disk")
    finally:
        subprocess.run(["umount", str(results)], check=True)
    passed("a read-only disk is named, and continued on when it is writable")


def test_limit_within_a_record():
    """The journal is the largest file, so that the limit is met by its last record that fits."""
    lines = [len(line) + 1 for line in whole_lines(WHOLE / JOURNAL)]
    start, length = sum(lines[:5]), lines[5]
    for i in range(PLACES):
        results = Path(f"limited{i}")
        limit = start + i * length // PLACES + 1
        text = f"files of at most {limit} bytes"
        check_refused(run(results, before=lambda limit=limit: resource.setrlimit(
                          resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))),
                      [f"cannot write {results / JOURNAL}: File too large; ", "make room"], text)
        check_intact(results, text)
        check(0 < len(finished(results)) < len(lines), f"{text}: nothing was finished, or all")
        check_continues(results, text)
    figure("limits_within_a_record_survived", PLACES)
    passed(f"limits at {PLACES} places of a record leave whole records, and go on")


def test_forbidden():
    """By the modes of the folder, which root does not heed: as another user, who has it read-only."""
    results = Path("forbidden")
    status, said = run(results, "--only", "SVC*")
    check(status == 0, said)
    results.chmod(0o555)
    is_root = os.geteuid() == 0
    if not is_root:
        (results / JOURNAL).chmod(0o444)
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    check_refused(run(results, prefix=prefix if is_root else ()),
                  [str(results) + "/", "Permission denied; make it writable"], "a forbidden folder")
    check_intact(results, "a forbidden folder")
    results.chmod(0o755)
    (results / JOURNAL).chmod(0o644)
    check_continues(results, "a forbidden folder")
    passed("a folder without permission to write is named, and continued in when there is")


def interfere(results, change):
    """Makes the change to the results of a run that has finished some cells; its standard error."""
    with subprocess.Popen(run_command(results, GRID, "--jobs", "2"), stderr=subprocess.PIPE,
                          text=True) as running:
        came = seconds_until(lambda: len(whole_lines(results / JOURNAL)) > 2, 60)
        check(came is not None, "no record within a minute")
        change()
        _, said = running.communicate()
    return running.returncode, said


def test_removed():
    results, aside = Path("removed"), Path("aside")
    outcome = interfere(results, lambda: results.rename(aside))
    check_refused(outcome, [str(results), "was removed"], "moved away")
    check(not results.exists(), "a folder that was moved away was made anew")
    check(len(finished(aside)) > 2, "what was finished is not in the folder that was moved")
    check_intact(aside, "moved away")
    aside.rename(results)
    check_continues(results, "moved away and back")
    shutil.rmtree(results)
    outcome = interfere(results, lambda: shutil.rmtree(results, ignore_errors=True))
    check_refused(outcome, [str(results), "was removed"], "removed")  # in part or altogether
    check(not finished(results), "records are in a removed folder")
    check_continues(results, "removed")
    passed("a folder that is moved away or removed while it is written to ends the run")


def test():
    os.chmod(".", 0o755)
    glyphs(n_train=200, n_test=50)
    status, said = run(WHOLE)
    check(status == 0, said)
    for part in (test_limit_within_a_record, test_forbidden, test_removed, test_read_only_tmpfs,
                 test_full_tmpfs):
        part()


in_own_folder(test)
