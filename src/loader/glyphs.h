/*
 * The synthetic datasets, glyphs-easy and glyphs-hard: ten shapes, drawn by the program, for tests
 * and for a first run without any download. In the easy one nearest neighbours are right most of
 * the time; in the hard one position, size, rotation, contrast and scratches leave every family
 * room to differ.
 */
#ifndef FMBENCH_LOADER_GLYPHS_H
#define FMBENCH_LOADER_GLYPHS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct glyphs_request {
    const char *directory; /* gets a folder "glyphs-VARIANT" with the four files */
    const char *variant;   /* "easy" or "hard" */
    size_t n_train;        /* 10 .. 2^32 - 1 */
    size_t n_test;         /* 1 .. 2^32 - 1 */
    uint64_t seed;
    bool is_plain; /* files without compression: large, but they need not be read whole (idx.h) */
};

/*
 * Writes the four files, gzip or plain, under temporary names and renames them when all are whole;
 * files of these names, with .gz or without, are replaced. A row depends on (variant, seed, part,
 * row number) alone, so a smaller dataset is the beginning of a larger one. Runs in one thread: the
 * process that calls it may fork workers that use OpenMP. Thread-safe. STATUS_USAGE for a request
 * that cannot be met, STATUS_IO when the system refuses.
 */
enum status glyphs_write(const struct glyphs_request *request, struct error *error);

#endif
