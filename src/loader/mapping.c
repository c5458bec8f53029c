#include "loader/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum status mapping_create(struct mapping *mapping, int descriptor, const char *path,
                           size_t n_bytes, struct error *error)
{
    *mapping = (struct mapping){.start = NULL};
    const int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    void *start = own < 0 ? MAP_FAILED : mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, own, 0);
    if (start == MAP_FAILED) {
        error_set(error, STATUS_DATA, "%s: cannot map %zu bytes of the file: %s", path, n_bytes,
                  strerror(errno));
        if (own >= 0)
            close(own);
        return STATUS_DATA;
    }
    *mapping = (struct mapping){.start = start, .n_bytes = n_bytes, .descriptor = own};
    return STATUS_OK;
}

void mapping_destroy(struct mapping *mapping)
{
    if (mapping->start) {
        munmap(mapping->start, mapping->n_bytes);
        close(mapping->descriptor);
    }
    *mapping = (struct mapping){.start = NULL};
}
