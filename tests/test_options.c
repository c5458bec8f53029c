#include "runner/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char RUN_OPTIONS[] = "gdotTrsjpmwRDHnfyh";

#define PARSE(options, error, ...)                                                                 \
    options_parse(options, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *),                       \
                  (char *[]){__VA_ARGS__}, RUN_OPTIONS, error)

static void expect_refusal(const char *argument, const char *value, const char *part)
{
    struct options o;
    struct error error = {STATUS_OK, ""};
    char *arguments[2];
    arguments[0] = strdup(argument);
    arguments[1] = value ? strdup(value) : NULL;
    cr_assert_eq(options_parse(&o, value ? 2 : 1, arguments, RUN_OPTIONS, &error), STATUS_USAGE,
                 "%s %s", argument, value ? value : "");
    cr_assert_not_null(strstr(error.message, part), "'%s' in: %s", part, error.message);
    free(arguments[0]);
    free(arguments[1]);
}

Test(options, defaults, .timeout = 10)
{
    struct options o;
    cr_assert_eq(options_parse(&o, 0, NULL, RUN_OPTIONS, NULL), STATUS_OK);
    cr_assert_null(o.grid, "the published one");
    cr_assert_eq(o.repeats, 1);
    cr_assert_eq(o.threads, 1);
    cr_assert_eq(o.jobs, 0);
    cr_assert_eq(o.memory_bytes, 0);
    cr_assert_not(o.force || o.retry || o.no_share || o.help);
}

Test(options, values_of_each_type, .timeout = 10)
{
    struct options o;
    struct error error;
    cr_assert_eq(PARSE(&o, &error, "--grid", "g.json", "--dataset=a", "--dataset", "b", "--repeats",
                       "3", "--seed=7", "--jobs", "2", "--threads", "4", "--timeout", "1.5",
                       "--memory", "8G", "--limit-train=600", "--force", "--only", "x"),
                 STATUS_OK, "%s", error.message);
    cr_assert_str_eq(o.grid, "g.json");
    cr_assert_eq(o.datasets.n, 2);
    cr_assert_str_eq(o.datasets.items[0], "a");
    cr_assert_str_eq(o.datasets.items[1], "b");
    cr_assert_eq(o.repeats, 3);
    cr_assert_eq(o.seed, 7);
    cr_assert_eq(o.jobs, 2);
    cr_assert_eq(o.threads, 4);
    cr_assert_float_eq(o.timeout_s, 1.5, 0);
    cr_assert_eq(o.memory_bytes, (uint64_t)8 << 30);
    cr_assert_eq(o.limit_train, 600);
    cr_assert(o.force);
    cr_assert_str_eq(o.only.items[0], "x");
}

Test(options, the_largest_seed_keeps_every_bit, .timeout = 10)
{
    struct options o;
    cr_assert_eq(PARSE(&o, NULL, "--seed", "9007199254740991"), STATUS_OK);
    cr_assert_eq(o.seed, (UINT64_C(1) << 53) - 1);
}

Test(options, a_value_that_looks_like_an_option_needs_an_equals_sign, .timeout = 10)
{
    struct options o;
    cr_assert_eq(PARSE(&o, NULL, "--results=--force"), STATUS_OK);
    cr_assert_str_eq(o.results, "--force");
    cr_assert_not(o.force);
    cr_assert_eq(PARSE(&o, NULL, "--results", "-"), STATUS_OK);
    cr_assert_str_eq(o.results, "-");
    expect_refusal("--results", "--force", "--results needs a value before --force");
    expect_refusal("--results", "--force", "--results=--force");
    expect_refusal("--only", "--", "--only needs a value");
    expect_refusal("--seed", "--5", "--seed needs a value");
}

Test(options, bytes, .timeout = 10)
{
    struct options o;
    cr_assert_eq(PARSE(&o, NULL, "--memory", "1048576"), STATUS_OK);
    cr_assert_eq(o.memory_bytes, 1048576);
    cr_assert_eq(PARSE(&o, NULL, "--memory", "512M"), STATUS_OK);
    cr_assert_eq(o.memory_bytes, (uint64_t)512 << 20);
    cr_assert_eq(PARSE(&o, NULL, "--memory", "1.5G"), STATUS_OK);
    cr_assert_eq(o.memory_bytes, (uint64_t)1536 << 20);
}

Test(options, refusals, .timeout = 10)
{
    expect_refusal("--repeat", "3", "unknown option '--repeat', did you mean '--repeats'?");
    expect_refusal("--reference", "x", "unknown option '--reference'");
    expect_refusal("--jobs", NULL, "--jobs needs a value");
    expect_refusal("--jobs", "0", "outside [1, 1024]");
    expect_refusal("--jobs", "1.5", "'1.5' is not a number");
    expect_refusal("--jobs", "two", "'two' is not a number");
    expect_refusal("--seed", "-1", "outside");
    expect_refusal("--seed", "9007199254740992", "outside [0, 9007199254740991]");
    expect_refusal("--seed", "9007199254740993", "outside [0, 9007199254740991]");
    expect_refusal("--memory", "8X", "a number of bytes such as 8G");
    expect_refusal("--memory", "8GB", "a number of bytes such as 8G");
    expect_refusal("--timeout", "nan", "not a number");
    expect_refusal("--force=yes", NULL, "--force takes no value");
}

Test(options, a_shard_is_one_of_so_many, .timeout = 10)
{
    struct options o;
    struct error error;
    cr_assert_eq(options_parse(&o, 0, NULL, RUN_OPTIONS, NULL), STATUS_OK);
    cr_assert(o.shard == 1 && o.n_shards == 1);
    cr_assert_eq(PARSE(&o, &error, "--shard", "3/12"), STATUS_OK, "%s", error.message);
    cr_assert(o.shard == 3 && o.n_shards == 12);
    static const char *const malformed[] = {"",      "3",    "/",          "3/",         "/3",
                                            "1/2/3", "1/2x", " 1/2",       "1/ 2",       "-1/2",
                                            "1/+2",  "a/b",  "12345678/1", "1/12345678", "1.0/2"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        expect_refusal("--shard", malformed[i], "is not I/N");
    expect_refusal("--shard", "0/4", "0 is outside [1, 4]");
    expect_refusal("--shard", "5/4", "5 is outside [1, 4]");
    expect_refusal("--shard", "0/0", "outside");
}
