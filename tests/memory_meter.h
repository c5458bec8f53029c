/*
 * How much memory is allocated at once, by whatever library: the test program's own malloc counts.
 * Under AddressSanitizer, which has its own, nothing is counted.
 */
#ifndef FMBENCH_TESTS_MEMORY_METER_H
#define FMBENCH_TESTS_MEMORY_METER_H

#include <stddef.h>

void meter_start(void);

/* The most since then that was allocated beyond what there was. */
size_t meter_peak_bytes(void);

#endif
