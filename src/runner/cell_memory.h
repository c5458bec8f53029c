/*
 * What memory a cell will need, told before it starts: a row that cannot fit is refused with the
 * reason instead of filling the machine first.
 *
 * An estimate, as if all features varied; tests hold it to within a factor of what is measured.
 * Thread-safe.
 */
#ifndef FMBENCH_RUNNER_CELL_MEMORY_H
#define FMBENCH_RUNNER_CELL_MEMORY_H

#include "base/error.h"
#include "runner/cell.h"

#include <stddef.h>
#include <stdint.h>

/* About what its worker holds at its peak: the program, the data and its views, the classifier,
   which may do with less than it would take without a limit (0: none). */
struct memory_need cell_memory_need(const struct cell *cell, size_t n_threads,
                                    uint64_t limit_bytes);

/*
 * STATUS_MEMORY when that is more than the limit (0: none), with what it is and what to do. What
 * an external classifier takes is not known: it is never refused.
 */
enum status cell_memory_check(const struct cell *cell, size_t n_threads, uint64_t limit_bytes,
                              struct error *error);

#endif
