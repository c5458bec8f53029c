/*
 * Allocation for arrays that vector code reads: 64-byte aligned and overflow-checked.
 * Release with memory_free. Thread-safe.
 */
#ifndef FMBENCH_BASE_MEMORY_H
#define FMBENCH_BASE_MEMORY_H

#include "base/error.h"

#include <stddef.h>

/* NULL when n_items x item_bytes overflows or memory is short. The content is undefined. */
void *memory_array(size_t n_items, size_t item_bytes);

/* As memory_array, all bytes zero. */
void *memory_zeroed(size_t n_items, size_t item_bytes);

/*
 * Moves the first used_bytes of *array (which may be NULL) into one of n_bytes, whose rest is
 * undefined. On failure *array is as it was, and `error` names `what`.
 */
enum status memory_resize(void **array, size_t used_bytes, size_t n_bytes, const char *what,
                          struct error *error);

/* Takes NULL. */
void memory_free(void *array);

/*
 * For an array that will be written whole: lets the system back it with huge pages, where it has
 * them, which saves most of the cost of the first write to each page.
 */
void memory_prefer_huge_pages(void *array, size_t n_bytes);

/* One array of several that a function needs. */
struct memory_request {
    void **array; /* receives the array */
    size_t n_items;
    size_t item_bytes;
};

/*
 * All of the n_requests arrays or none: on failure every *array is NULL and `error` names `what`.
 * Content undefined.
 */
enum status memory_arrays(const struct memory_request *requests, size_t n_requests,
                          const char *what, struct error *error);

#endif
