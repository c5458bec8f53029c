#include "base/utf8.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(utf8, a_code_point_is_whole_or_absent, .timeout = 10)
{
    static const char text[] = "a\u00e9\u20ac\U0001f600z"; /* 1, 2, 3, 4 and 1 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t n = 0; n < sizeof expected / sizeof *expected; n++)
        cr_assert_eq(utf8_fit_bytes(text, n), expected[n], "%zu", n);
}

Test(utf8, other_bytes_count_one_each, .timeout = 10)
{
    cr_assert_eq(utf8_fit_bytes("\x80\xff\xc3", 2), 2);
    cr_assert_eq(utf8_fit_bytes("\x80\xff\xc3", 9), 3);
    cr_assert_eq(utf8_fit_bytes("\xe2\x82q", 2), 2, "a first byte without what follows it");
    cr_assert_eq(utf8_fit_bytes("\xc0\x80", 1), 1, "an overlong form");
}

Test(utf8, columns, .timeout = 10)
{
    static const char text[] = "a\u00e9\u6f22z"; /* 1, 2, 3 and 1 bytes in 1, 1, 2 and 1 columns */
    static const size_t n_bytes[] = {0, 1, 3, 3, 6, 7, 7}, n_columns[] = {0, 1, 2, 2, 4, 5, 5};
    for (size_t n = 0; n < sizeof n_bytes / sizeof *n_bytes; n++) {
        size_t columns = 99;
        cr_assert_eq(utf8_fit_columns(text, n, &columns), n_bytes[n], "%zu", n);
        cr_assert_eq(columns, n_columns[n], "%zu", n);
    }
}

Test(utf8, columns_of_a_beginning, .timeout = 10)
{
    static const char text[] = "a\u00e9\u6f22z";
    static const size_t n_bytes[] = {0, 1, 3, 6, 7, SIZE_MAX}, n_columns[] = {0, 1, 2, 4, 5, 5};
    for (size_t n = 0; n < sizeof n_bytes / sizeof *n_bytes; n++)
        cr_assert_eq(utf8_columns(text, n_bytes[n]), n_columns[n], "%zu bytes", n_bytes[n]);
}
