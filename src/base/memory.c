#include "base/memory.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT_BYTES = 64 };
enum { HUGE_PAGE_BYTES = 1 << 21 };

void *memory_array(size_t n_items, size_t item_bytes)
{
    size_t n_bytes;
    if (__builtin_mul_overflow(n_items, item_bytes, &n_bytes) ||
        __builtin_add_overflow(n_bytes, (size_t)ALIGNMENT_BYTES, &n_bytes))
        return NULL;
    return aligned_alloc(ALIGNMENT_BYTES, n_bytes / ALIGNMENT_BYTES * ALIGNMENT_BYTES);
}

void *memory_zeroed(size_t n_items, size_t item_bytes)
{
    void *array = memory_array(n_items, item_bytes);
    if (array)
        memset(array, 0, n_items * item_bytes);
    return array;
}

enum status memory_resize(void **array, size_t used_bytes, size_t n_bytes, const char *what,
                          struct error *error)
{
    void *resized = memory_array(n_bytes, 1);
    if (!resized)
        return error_memory(error, what, n_bytes);
    if (used_bytes)
        memcpy(resized, *array, used_bytes);
    memory_free(*array);
    *array = resized;
    return STATUS_OK;
}

void memory_free(void *array)
{
    free(array);
}

void memory_prefer_huge_pages(void *array, size_t n_bytes)
{
    const size_t before = -(uintptr_t)array % HUGE_PAGE_BYTES; /* the first page that is whole */
    if (array && before < n_bytes) /* advice: that it is not taken is no error */
        madvise((char *)array + before, (n_bytes - before) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES,
                MADV_HUGEPAGE);
}

enum status memory_arrays(const struct memory_request *requests, size_t n_requests,
                          const char *what, struct error *error)
{
    size_t done = 0;
    for (; done < n_requests; done++) {
        const struct memory_request *r = &requests[done];
        *r->array = memory_array(r->n_items, r->item_bytes);
        if (!*r->array)
            break;
    }
    if (done == n_requests)
        return STATUS_OK;
    unsigned long long n_bytes;
    if (__builtin_mul_overflow(requests[done].n_items, requests[done].item_bytes, &n_bytes))
        n_bytes = ULLONG_MAX;
    for (size_t i = 0; i < n_requests; i++) {
        if (i < done)
            memory_free(*requests[i].array);
        *requests[i].array = NULL;
    }
    return error_memory(error, what, n_bytes);
}
