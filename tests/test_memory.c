#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static bool is_aligned(const void *array)
{
    return (uintptr_t)array % 64 == 0;
}

Test(memory, arrays_are_aligned_and_as_long_as_asked, .timeout = 10)
{
    for (size_t n = 0; n < 200; n++) {
        unsigned char *array = memory_array(n, 3), *zeroed = memory_zeroed(n, 3);
        cr_assert(array && zeroed && is_aligned(array) && is_aligned(zeroed), "%zu", n);
        for (size_t i = 0; i < 3 * n; i++)
            cr_assert_eq(zeroed[i], 0);
        memset(array, 1, 3 * n); /* a sanitizer build sees what is outside */
        memset(zeroed, 1, 3 * n);
        memory_free(array);
        memory_free(zeroed);
    }
    memory_free(NULL);
}

Test(memory, sizes_that_overflow_are_refused, .timeout = 10)
{
    cr_assert_null(memory_array(SIZE_MAX, 1), "with what alignment adds");
    cr_assert_null(memory_array(SIZE_MAX - 63, 1));
    cr_assert_null(memory_array(SIZE_MAX / 2 + 1, 2), "the product is 0");
    cr_assert_null(memory_array(SIZE_MAX / 4, 5));
    cr_assert_null(memory_zeroed(SIZE_MAX / 2 + 1, 2));
}

Test(memory, several_arrays_at_once, .timeout = 10)
{
    double *a = NULL;
    char *b = NULL;
    const struct memory_request requests[] = {{(void **)&a, 10, sizeof *a}, {(void **)&b, 7, 1}};
    cr_assert_eq(memory_arrays(requests, 2, "numbers", NULL), STATUS_OK);
    cr_assert(a && b && is_aligned(a) && is_aligned(b));
    memset(a, 1, 10 * sizeof *a);
    memset(b, 1, 7);
    memory_free(a);
    memory_free(b);
}

Test(memory, all_arrays_or_none, .timeout = 10)
{
    struct error error;
    char left;
    void *a = &left, *b = &left, *c = &left;
    const struct memory_request requests[] = {{&a, 10, 8}, {&b, SIZE_MAX - 10, 1}, {&c, 10, 8}};
    cr_assert_eq(memory_arrays(requests, 3, "numbers", &error), STATUS_MEMORY);
    cr_assert(!a && !b && !c);
    cr_assert_eq(error.status, STATUS_MEMORY);
    cr_assert_str_eq(error.message, "cannot allocate 18446744073709551605 bytes for numbers");
    const struct memory_request overflow = {&a, SIZE_MAX / 2 + 2, 2};
    a = &left;
    cr_assert_eq(memory_arrays(&overflow, 1, "numbers", &error), STATUS_MEMORY);
    cr_assert_null(a);
    cr_assert_str_eq(error.message, "cannot allocate 18446744073709551615 bytes for numbers",
                     "the largest number, not the product's last 64 bits");
}
