#include "memory_meter.h"

#ifdef __SANITIZE_ADDRESS__

void meter_start(void)
{
}

size_t meter_peak_bytes(void)
{
    return 0;
}

#else

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* Those of the GNU C library, under their other names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static atomic_intptr_t now_bytes, peak_bytes;

static void count(intptr_t more_bytes)
{
    const intptr_t now = atomic_fetch_add(&now_bytes, more_bytes) + more_bytes;
    intptr_t peak = atomic_load(&peak_bytes);
    while (now > peak && !atomic_compare_exchange_weak(&peak_bytes, &peak, now))
        ;
}

static void *counted(void *block)
{
    count((intptr_t)malloc_usable_size(block));
    return block;
}

void meter_start(void)
{
    atomic_store(&now_bytes, 0);
    atomic_store(&peak_bytes, 0);
}

size_t meter_peak_bytes(void)
{
    return (size_t)atomic_load(&peak_bytes);
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return counted(__libc_calloc(n, size));
}

void *realloc(void *old, size_t size)
{
    const intptr_t before = (intptr_t)malloc_usable_size(old);
    void *block = __libc_realloc(old, size);
    if (block || size == 0)
        count((intptr_t)malloc_usable_size(block) - before);
    return block;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = counted(__libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}

void free(void *block)
{
    const int saved = errno;
    count(-(intptr_t)malloc_usable_size(block));
    __libc_free(block);
    errno = saved;
}

#endif
