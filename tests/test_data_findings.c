/* Each finding on a dataset that has it, and none on one that has nothing. */
#include "runner/data_findings.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { N_TRAIN = 3000, N_TEST = 60, N_FEATURES = 4, N_CLASSES = 3 };

struct sample {
    uint8_t train_pixels[N_TRAIN * N_FEATURES], train_labels[N_TRAIN];
    uint8_t test_pixels[N_TEST * N_FEATURES], test_labels[N_TEST];
    struct dataset dataset;
    struct known_dataset known;
};

static struct sample s;

/* Row i has the number i in its pixels, so all images differ; labels go round in steps of 2. */
static void fill(uint8_t *pixels, uint8_t *labels, size_t n, size_t from)
{
    for (size_t i = 0; i < n; i++) {
        const size_t number = from + i;
        pixels[i * N_FEATURES] = (uint8_t)(number % 251);
        pixels[i * N_FEATURES + 1] = (uint8_t)(number / 251);
        pixels[i * N_FEATURES + 2] = (uint8_t)(255 - number % 251);
        pixels[i * N_FEATURES + 3] = (uint8_t)(number % 7);
        labels[i] = (uint8_t)(i * 2 % N_CLASSES);
    }
}

static void set_up(void)
{
    memset(&s, 0, sizeof s);
    fill(s.train_pixels, s.train_labels, N_TRAIN, 0);
    fill(s.test_pixels, s.test_labels, N_TEST, N_TRAIN);
    s.dataset = (struct dataset){
        .name = "sample",
        .height = 2,
        .width = 2,
        .n_features = N_FEATURES,
        .n_classes = N_CLASSES,
        .class_values = {0, 1, 2},
        .train = {.n_rows = N_TRAIN, .pixels = s.train_pixels, .labels = s.train_labels},
        .test = {.n_rows = N_TEST, .pixels = s.test_pixels, .labels = s.test_labels},
        .hash = "0123"};
}

TestSuite(data_findings, .init = set_up, .timeout = 20);

/* The text of all findings, each on one line; release with free. */
static char *findings(size_t *n_warnings)
{
    struct inspection inspection;
    struct error error;
    char *text = NULL;
    size_t n_bytes = 0;
    cr_assert_eq(inspection_make(&inspection, &s.dataset, &error), STATUS_OK);
    FILE *out = open_memstream(&text, &n_bytes);
    cr_assert_not_null(out);
    *n_warnings = data_findings_write(out, &s.dataset, &inspection, &s.known);
    cr_assert_eq(fclose(out), 0);
    for (char *line; (line = strstr(text, "\n           "));)
        memmove(line + 1, line + 12, strlen(line + 12) + 1), *line = ' ';
    return text;
}

/* One finding of that kind and text, and no warning beside it. */
static void expect(const char *kind, const char *what)
{
    char line[512];
    size_t n_warnings;
    char *text = findings(&n_warnings);
    snprintf(line, sizeof line, "  %-7s  %s\n", kind, what);
    cr_assert_not_null(strstr(text, line), "no \"%s\" in:\n%s", line, text);
    cr_assert_eq(n_warnings, strcmp(kind, "warning") == 0, "%zu warnings in:\n%s", n_warnings,
                 text);
    free(text);
}

Test(data_findings, nothing)
{
    size_t n_warnings;
    char *text = findings(&n_warnings);
    cr_assert_str_eq(text,
                     "sample: 3000 training rows, 60 rows of t10k, 2 x 2 pixels, 3 classes\n"
                     "  label       train      t10k\n"
                     "  0            1000        20\n"
                     "  1            1000        20\n"
                     "  2            1000        20\n"
                     "  content  0123\n"
                     "  note     nothing is suspicious\n",
                     "%s", text);
    cr_assert_eq(n_warnings, 0);
    free(text);
}

Test(data_findings, content_of_another)
{
    s.known = (struct known_dataset){.by_content = "other", .has_content = true};
    expect("warning", "the content is that of other, not that of sample");
    s.known = (struct known_dataset){.has_content = true};
    expect("warning", "the content is not that of the sample that is known");
    s.known = (struct known_dataset){.by_content = "other"};
    expect("note", "the content is that of other");
}

Test(data_findings, classes)
{
    size_t seen = 0;
    for (size_t i = 0; i < N_TRAIN; i++)
        if (s.train_labels[i] == 1 && seen++ % 15)
            s.train_labels[i] = i % 2 ? 0 : 2;
    expect("note", "label 0 has 1467 training rows, label 1 has 67");
}

Test(data_findings, class_of_one_row)
{
    size_t seen = 0, n_warnings;
    for (size_t i = 0; i < N_TRAIN; i++)
        if (s.train_labels[i] == 1 && seen++)
            s.train_labels[i] = i % 2 ? 0 : 2;
    char *text = findings(&n_warnings);
    cr_assert_not_null(strstr(text, "  warning  label 1 has one training row\n"), "%s", text);
    cr_assert_not_null(strstr(text, "training rows, label 1 has 1\n"), "%s", text);
    cr_assert_eq(n_warnings, 2);
    free(text);
}

Test(data_findings, class_that_is_not_tested)
{
    for (size_t i = 0; i < N_TEST; i++)
        s.test_labels[i] = (uint8_t)(i % 2);
    expect("warning", "1 of 3 classes are not in t10k");
}

Test(data_findings, labels_with_gaps)
{
    s.dataset.class_values[0] = 1;
    s.dataset.class_values[1] = 7;
    s.dataset.class_values[2] = 200;
    expect("note", "the labels are not 0 to 2, but 3 values from 1 to 200");
}

Test(data_findings, sorted_labels)
{
    for (size_t i = 0; i < N_TRAIN; i++)
        s.train_labels[i] = (uint8_t)(i * N_CLASSES / N_TRAIN);
    expect("warning",
           "the labels of the training part are sorted: its first rows are of few classes");
}

Test(data_findings, labels_in_runs)
{
    for (size_t i = 0; i < N_TRAIN; i++)
        s.train_labels[i] = (uint8_t)(i / 10 % N_CLASSES);
    expect("warning", "the labels of the training part come in runs: they change 299 times, in "
                      "random order 2000 times");
    set_up();
    for (size_t i = 0; i < N_TEST; i++)
        s.test_labels[i] = (uint8_t)(i * N_CLASSES / N_TEST);
    expect("note", "the labels of t10k are sorted: its first rows are of few classes");
}

static void copy_image(uint8_t *to, const uint8_t *from)
{
    memcpy(to, from, N_FEATURES);
}

Test(data_findings, few_duplicates_are_a_note)
{
    copy_image(s.train_pixels + 9 * N_FEATURES, s.train_pixels + 3 * N_FEATURES);
    expect("note", "1 of 3000 training rows have the image of an earlier one: rows 9 (3)");
}

Test(data_findings, duplicates_with_other_labels)
{
    size_t n_warnings;
    for (size_t i = 1; i < 12; i += 3)
        copy_image(s.train_pixels + i * N_FEATURES, s.train_pixels);
    char *text = findings(&n_warnings);
    cr_assert_not_null(strstr(text, "  warning  4 of 3000 training rows have the image of an "
                                    "earlier one: rows 1 (0), 4 (0), 7 (0), ...\n"),
                       "%s", text);
    cr_assert_not_null(strstr(text, "  warning  4 of these have another label: rows 1 (0), 4 (0), "
                                    "7 (0), ...\n"),
                       "%s", text);
    cr_assert_eq(n_warnings, 2);
    free(text);
}

Test(data_findings, duplicates_between_the_parts)
{
    copy_image(s.test_pixels + 3 * N_FEATURES, s.train_pixels + 6 * N_FEATURES);
    expect("warning", "1 of 60 rows of t10k have the image of a training row: rows 3 (6)");
    set_up();
    copy_image(s.test_pixels + 6 * N_FEATURES, s.test_pixels + 3 * N_FEATURES);
    expect("warning", "1 of 60 rows of t10k have the image of an earlier one: rows 6 (3)");
}

Test(data_findings, blank_images)
{
    memset(s.train_pixels + 5 * N_FEATURES, 9, N_FEATURES);
    expect("note", "1 of 3000 images of the training part have one value in all pixels, the first "
                   "of them in row 5");
}

Test(data_findings, constant_features)
{
    for (size_t i = 0; i < N_TRAIN; i++)
        s.train_pixels[i * N_FEATURES + 3] = 7;
    expect("note", "1 of 4 features are constant in the training part");
}

Test(data_findings, pixels_that_were_scaled)
{
    size_t n_warnings;
    for (size_t i = 0; i < sizeof s.train_pixels; i++)
        s.train_pixels[i] = s.train_pixels[i] > 100;
    char *text = findings(&n_warnings);
    cr_assert_not_null(strstr(text, "  warning  no pixel of the training part exceeds 1: scaled "
                                    "before it was written, perhaps\n"),
                       "%s", text);
    free(text);
}
