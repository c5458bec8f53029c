/* What this machine has: for limits, defaults and records. Thread-safe. */
#ifndef FMBENCH_RUNNER_MACHINE_H
#define FMBENCH_RUNNER_MACHINE_H

#include <stddef.h>
#include <stdint.h>

int machine_n_cores(void); /* that this process may use */

/* Installed memory, or the limit of the control group where that is smaller: machine_memory.h. */
uint64_t machine_memory_bytes(void);

void machine_processor_name(char *name, size_t size);
void machine_host_name(char *name, size_t size);

#endif
