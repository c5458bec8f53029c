#include "runner/json_locate.h"

#include <criterion/criterion.h>

#define LOCATE(text, ...)                                                                          \
    json_locate(text, (const struct json_step[]){__VA_ARGS__},                                     \
                sizeof((const struct json_step[]){__VA_ARGS__}) / sizeof(struct json_step))

static const char text[] = "{\n"                              /* 1 */
                           "  \"a\": [1, 2,\n"                /* 2 */
                           "    {\"b\": 3},\n"                /* 3 */
                           "    [4, [5,\n"                    /* 4 */
                           "     6]]],\n"                     /* 5 */
                           "  \"ab\":\n"                      /* 6 */
                           "    {\"}]\\\"\": \"[{\\\\\",\n"   /* 7 */
                           "     \"a\": null, \"b\": -1e5,\n" /* 8 */
                           "     \"b c\": true},\n"           /* 9 */
                           "  \"c\": {}, \"d\": [],\n"        /* 10 */
                           "  \"e\": 0\n"                     /* 11 */
                           "}\n";

Test(json_locate, keys_and_items, .timeout = 10)
{
    cr_assert_eq(json_locate(text, NULL, 0), 1);
    cr_assert_eq(LOCATE(text, {.key = "a"}), 2);
    cr_assert_eq(LOCATE(text, {.key = "a"}, {.index = 1}), 2);
    cr_assert_eq(LOCATE(text, {.key = "a"}, {.index = 2}), 3);
    cr_assert_eq(LOCATE(text, {.key = "a"}, {.index = 2}, {.key = "b"}), 3);
    cr_assert_eq(LOCATE(text, {.key = "a"}, {.index = 3}, {.index = 1}), 4);
    cr_assert_eq(LOCATE(text, {.key = "a"}, {.index = 3}, {.index = 1}, {.index = 1}), 5);
    cr_assert_eq(LOCATE(text, {.key = "d"}), 10);
    cr_assert_eq(LOCATE(text, {.key = "e"}), 11, "empty containers before it");
}

Test(json_locate, strings_hide_what_is_in_them, .timeout = 10)
{
    cr_assert_eq(LOCATE(text, {.key = "ab"}), 6, "the key, not its value, and not the key 'a'");
    cr_assert_eq(LOCATE(text, {.key = "ab"}, {.key = "b"}), 8, "behind brackets in strings");
    cr_assert_eq(LOCATE(text, {.key = "ab"}, {.key = "b c"}), 9);
    cr_assert_eq(LOCATE(text, {.key = "b"}), 1, "one of that name stands deeper");
}

Test(json_locate, a_key_written_with_escapes, .timeout = 10)
{
    static const char escaped[] = "{\"x\": 1,\n\"\\u0061\\/\\\"\\t\\ud83d\\ude00\": [7,\n8]}";
    cr_assert_eq(LOCATE(escaped, {.key = "a/\"\t\U0001f600"}), 2);
    cr_assert_eq(LOCATE(escaped, {.key = "a/\"\t\U0001f600"}, {.index = 1}), 3);
    cr_assert_eq(LOCATE("{\"x\": 1,\n\"caf\\u00e9\": 2}", {.key = "caf\u00e9"}), 2);
}

Test(json_locate, a_path_that_ends_early, .timeout = 10)
{
    cr_assert_eq(LOCATE(text, {.key = "nothing"}), 1);
    cr_assert_eq(LOCATE(text, {.key = "a"}, {.index = 9}), 2, "past the last item");
    cr_assert_eq(LOCATE("[\n1]", {.key = "b"}), 1, "a list has no keys");
    cr_assert_eq(LOCATE("{\n\"b\": 1}", {.index = 0}), 1, "an object has no items");
    cr_assert_eq(LOCATE(text, {.key = "e"}, {.index = 0}), 11, "a number has no items");
    cr_assert_eq(LOCATE(text, {.key = "c"}, {.key = "x"}), 10);
    cr_assert_eq(LOCATE(text, {.key = "d"}, {.index = 0}), 10);
    cr_assert_eq(LOCATE("\n\n 7", {.index = 0}), 3);
}
