/*
 * What is fuzzed: a reader of files, given any bytes as its file.
 *
 * Each target is a file tests/fuzz/NAME.c with the function that libFuzzer calls; `make fuzz` runs
 * it under a fuzzer, and tests/fuzz/replay.c runs it on the inputs in tests/fuzz/corpus/NAME that
 * a fuzzer has found to reach something of their own.
 */
#ifndef FMBENCH_TESTS_FUZZ_TARGET_H
#define FMBENCH_TESTS_FUZZ_TARGET_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A folder in memory for this process, removed at its end. */
const char *target_folder(void);

/* Makes it the content of NAME in that folder; returns the path, valid until the next call. */
const char *target_file(const char *name, const uint8_t *data, size_t size);

/* Aborts unless a reader that failed says why, and one that did not is silent. */
void target_check(enum status status, const struct error *error);

#endif
