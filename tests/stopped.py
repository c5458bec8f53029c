#!/usr/bin/python3
"""A run that is stopped by a signal, on a terminal or without, ends at once with all that it started,
leaves whole records and the terminal as it was, and continues. One that holds a results folder keeps
another out of it, which says who it is; one that is dead does not.

    tests/stopped.py PROGRAM"""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
from pathlib import Path

from from_outside import (GONE_WITHIN_S, MARK, ROOT, check, check_same_results, figure, glyphs, in_own_folder,
                          passed, paths, processes, run_command, seconds_until, whole_lines)

PATIENCE_S = 60
SMALL = ROOT / "tests/small.json"
LONG = Path("long.json")  # the small grid, and a command that stays, with what it started
JOURNAL = "glyphs-easy.jsonl"
WHOLE = Path("whole")
COLOUR = re.compile(rb"\x1b\[(\d*)m")


def make_grid():
    grid = json.loads(SMALL.read_text(encoding="utf-8"))
    grid["external"] = {"test": {"command": [str(ROOT / "tests/external_command")],
                                 "parameters": [{"mode": ["stay"]}]}}
    LONG.write_text(json.dumps(grid), encoding="utf-8")


def run(results):
    """Without the command that stays; exit status and standard error."""
    done = subprocess.run(run_command(results, LONG, "--jobs", "2", "--only", "[!t]*"),
                          stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


class Terminal:
    """A terminal of a test's own, and all that was written to it."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.modes = termios.tcgetattr(self.slave)
        self.written = b""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        with contextlib.suppress(OSError):  # how the end is told
            while piece := os.read(self.master, 4096):
                self.written += piece

    def start(self, command):
        """As the foreground process group of the terminal, as from a shell."""
        return subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                start_new_session=True, preexec_fn=self.control,
                                env=os.environ | {"TERM": "xterm-256color"})

    def control(self):
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def check_as_before(self, text):
        check(termios.tcgetattr(self.slave) == self.modes, f"{text}: the terminal's modes changed")
        os.close(self.slave)
        self.reader.join()
        os.close(self.master)
        shown, hidden = self.written.rfind(b"\x1b[?25h"), self.written.rfind(b"\x1b[?25l")
        check(hidden <= shown, f"{text}: the cursor is hidden")
        colours = COLOUR.findall(self.written)
        check(not colours or colours[-1] in (b"", b"0"), f"{text}: the terminal has a colour")
        drawn = self.written[self.written.rfind(b"\x1b[J"):]
        check(b"cells done," not in drawn, f"{text}: what was drawn is still there")
        check(b"the same command continues" in drawn, f"{text}: no word about it: {drawn}")


def is_under_way(results):
    """Some cells are finished, and the command has started what it starts."""
    return len(whole_lines(results / JOURNAL)) > 2 and n_sleeping() == 2


def n_sleeping():
    n = 0
    for pid in processes():
        with contextlib.suppress(OSError):
            n += Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x004321\0"
    return n


def check_stopped(running, results, number, text):
    """How long it took until all were gone."""
    gone_s = seconds_until(lambda: running.poll() is not None and not processes(), GONE_WITHIN_S)
    check(gone_s is not None,
          f"{text}: {len(processes())} processes are there {GONE_WITHIN_S} s after")
    check(running.returncode == 128 + number, f"{text}: exit status {running.returncode}")
    check((results / JOURNAL).read_bytes().endswith(b"\n"), f"{text}: the journal is torn")
    left = [name for name in paths(results) if name.endswith((".tmp", "scratch", ".lock"))]
    check(not left, f"{text}: left behind: {left}")
    return gone_s


def stop_once(terminal, how, number, text):
    """Starts a run, on a terminal or without, stops it, and continues it."""
    results = Path(text.replace(" ", "-"))
    command = run_command(results, LONG, "--jobs", "2")
    if terminal:
        running = terminal.start(command)
    else:
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    check(seconds_until(lambda: is_under_way(results), PATIENCE_S) is not None,
          f"{text}: not under way within {PATIENCE_S} s")
    how(running)
    gone_s = check_stopped(running, results, number, text)
    held = whole_lines(results / JOURNAL)
    status, said = run(results)
    check(status == 0, f"{text}: continued, exit status {status}: {said[-500:]}")
    check(whole_lines(results / JOURNAL)[: len(held)] == held, f"{text}: a record changed")
    check_same_results(WHOLE, results, text)
    return gone_s


def test_signals():
    slowest_s = 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        name = number.name
        terminal = Terminal()
        slowest_s = max(
            slowest_s,
            stop_once(terminal, lambda running: running.send_signal(number), number,
                      f"{name} on a terminal"),
            stop_once(None, lambda running: running.send_signal(number), number, f"{name} without"))
        terminal.check_as_before(name)
    terminal = Terminal()
    slowest_s = max(slowest_s, stop_once(terminal, lambda _: os.write(terminal.master, b"\x03"),
                                         signal.SIGINT, "the key on a terminal"))
    terminal.check_as_before("the key")
    figure("signals_slowest_end_s", f"{slowest_s:.2f}")
    passed(f"SIGINT, SIGTERM and SIGHUP: everything gone within {slowest_s:.2f} s, the terminal as"
           " before, and continued")


def test_nohup():
    results = Path("nohup")
    running = subprocess.Popen(["nohup", *run_command(results, SMALL)], stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    check(seconds_until(lambda: whole_lines(results / JOURNAL), PATIENCE_S) is not None,
          "nohup: no record")
    running.send_signal(signal.SIGHUP)
    check(running.wait() == 0, f"nohup: exit status {running.returncode}")
    check_same_results(WHOLE, results, "nohup")
    passed("under nohup a hangup stops nothing")


def test_two_runs():
    results = Path("two")
    first = subprocess.Popen(run_command(results, LONG, "--jobs", "2"), stderr=subprocess.DEVNULL)
    check(seconds_until(lambda: is_under_way(results), PATIENCE_S) is not None, "not under way")
    status, said = run(results)
    check(status == 1, f"the second of two runs: exit status {status}")
    holder = f"two is in use by another run (process {first.pid} on {socket.gethostname()}); "
    check(holder in said, f"the second of two runs says: {said}")
    check(first.poll() is None, "the second of two runs ended the first")
    first.kill()
    first.wait()
    # At once, while what the first has started may still be about to end.
    (results / ".lock").write_text(f"process {os.getpid()} on {socket.gethostname()}\n",
                                   encoding="utf-8")
    status, said = run(results)
    check(status == 0, f"after a dead run: exit status {status}: {said[-500:]}")
    check(seconds_until(lambda: not processes(), GONE_WITHIN_S) is not None, "processes are left")
    check_same_results(WHOLE, results, "after a dead run")
    passed("of two runs the second says who the first is; one that is dead is in nobody's way")


def test():
    check(MARK in os.popen("env").read(), "what is started is not marked")
    glyphs(n_train=200, n_test=50)
    make_grid()
    status, said = run(WHOLE)
    check(status == 0, said)
    test_signals()
    test_nohup()
    test_two_runs()


in_own_folder(test)
