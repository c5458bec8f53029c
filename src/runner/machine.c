#include "runner/machine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int machine_n_cores(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed))
        return 1;
    return CPU_COUNT(&allowed);
}

/* The number in a file of one line; UINT64_MAX when there is none, as in "max". */
static uint64_t number_in_file(const char *path)
{
    uint64_t number = UINT64_MAX;
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%" SCNu64, &number) != 1)
        number = UINT64_MAX;
    if (file)
        fclose(file);
    return number;
}

uint64_t machine_memory_bytes(void)
{
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const uint64_t limit = number_in_file(limits[i]);
        if (limit < bytes)
            bytes = limit;
    }
    return bytes;
}

void machine_processor_name(char *name, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        char *value = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && value) {
            value[strcspn(value, "\n")] = '\0';
            snprintf(name, size, "%s", value + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

void machine_host_name(char *name, size_t size)
{
    if (gethostname(name, size))
        snprintf(name, size, "unknown");
    name[size - 1] = '\0';
}
