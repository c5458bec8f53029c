"""What the peers share: reads the request of fmbench, times fit and predict, writes the reply.

A peer is a script that calls serve(PACKAGE, run). run(task) imports what it needs, takes the
parameters of the class that it is the peer of, in the names and defaults of scikit-learn 0.19, and
returns an Answer. The form of the files is described in the README ("Other implementations").
"""
import json
import struct
import sys
import time

EXIT_ABSENT = 69


def give_up(package):
    print("Debian package %s" % package, file=sys.stderr)
    sys.exit(EXIT_ABSENT)


try:
    import numpy as np
except ImportError:
    give_up("python3-numpy")


def read_idx(path):
    """Unsigned bytes of any number of dimensions."""
    with open(path, "rb") as file:
        magic = file.read(4)
        if magic[:3] != b"\0\0\x08":
            raise ValueError("%s is no IDX file of bytes" % path)
        sizes = struct.unpack(">%dI" % magic[3], file.read(4 * magic[3]))
        return np.frombuffer(file.read(), np.uint8).reshape(sizes)


def write_labels(path, labels):
    with open(path, "wb") as file:
        file.write(b"\0\0\x08\x01" + struct.pack(">I", len(labels)))
        file.write(np.asarray(labels, dtype=np.uint8).tobytes())


class Task:
    """One fit to do. Rows are images as they are: bytes, one feature a pixel."""

    def __init__(self, request):
        self.peer_of = request["peer_of"]
        self.parameters = request["parameters"]
        self.seed = request["seed"]
        self.threads = request["threads"]
        self.classes = np.array(request["classes"])
        self.labels = read_idx(request["train_labels"])
        self.train = read_idx(request["train_images"]).reshape(request["n_train"], -1)
        self.test = read_idx(request["test_images"]).reshape(request["n_test"], -1)

    def standardised(self, dtype=np.float64):
        """Training and test rows by mean and population standard deviation of the training rows;
        a constant feature gets scale 1."""
        train = self.train.astype(np.float64)
        mean, scale = train.mean(axis=0), train.std(axis=0)
        scale[scale == 0] = 1
        train -= mean
        train /= scale
        test = (self.test - mean) / scale
        return np.ascontiguousarray(train, dtype), np.ascontiguousarray(test, dtype)

    def class_numbers(self):
        """The training labels as 0 .. n_classes - 1."""
        return np.searchsorted(self.classes, self.labels)


class Answer:
    def __init__(self, version, labels, clock, n_iter=None):
        self.version, self.labels, self.n_iter = version, labels, n_iter
        self.fit_s, self.predict_s = clock.laps


class Clock:
    """Seconds of the two things that are timed: call lap() behind each."""

    def __init__(self):
        self.laps, self.start = [], time.perf_counter()

    def lap(self):
        now = time.perf_counter()
        self.laps.append(now - self.start)
        self.start = now


def serve(package, run):
    with open(sys.argv[-1], encoding="utf-8") as file:
        request = json.load(file)
    try:
        answer = run(Task(request))
    except ImportError:
        give_up(package)
    write_labels(request["labels"], answer.labels)
    reply = {"fit_s": answer.fit_s, "predict_s": answer.predict_s, "version": answer.version}
    if answer.n_iter is not None:
        reply["n_iter"] = int(answer.n_iter)
    with open(request["reply"], "w", encoding="utf-8") as file:
        json.dump(reply, file)
