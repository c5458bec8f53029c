"""Rows in the form that LIBSVM and LIBLINEAR read: lists of (index, value), ended by index -1."""
import ctypes
import re
import subprocess

from fmbench_peer import np

NODE = np.dtype([("index", np.int32), ("value", np.float64)], align=True)


def nodes(rows, kept, bias=None):
    """An array of len(rows) lists: the columns `kept` of the matrix, with their indices from 1, then
    a column of the value `bias` if there is one."""
    n_rows, n_kept = len(rows), int(kept.sum())
    n_nodes = n_kept + (bias is not None) + 1
    table = np.empty((n_rows, n_nodes), NODE)
    table["index"][:, :n_kept] = np.flatnonzero(kept) + 1
    table["value"][:, :n_kept] = rows[:, kept]
    if bias is not None:
        table["index"][:, n_kept] = rows.shape[1] + 1
        table["value"][:, n_kept] = bias
    table["index"][:, -1] = -1
    return table


def pointers(table, node_type):
    """A pointer to each list, as the libraries take them; `table` must stay."""
    n_rows = len(table)
    array = (ctypes.POINTER(node_type) * n_rows)()
    address = np.ctypeslib.as_array(ctypes.cast(array, ctypes.POINTER(ctypes.c_size_t)), (n_rows,))
    address[:] = table.ctypes.data + np.arange(n_rows) * table.strides[0]
    return array


def fill(problem, rows, labels):
    """Sets what a problem of either library has in common; returns what must stay."""
    y = np.ascontiguousarray(labels, np.float64)
    problem.l = len(y)
    problem.y = y.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    problem.x = ctypes.cast(rows, type(problem.x))
    return y


def predict(function, model, rows):
    return np.array([function(model, row) for row in rows])


def debian_version(package):
    """The libraries do not tell theirs in Python."""
    query = ["dpkg-query", "-W", "-f", "${Version}", package]
    try:
        found = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return re.sub(r"[^0-9.].*", "", found)
