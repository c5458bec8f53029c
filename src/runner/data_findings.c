#include "runner/data_findings.h"

#include "report/field.h"

#include <stdarg.h>
#include <string.h>

/* Beyond this share of the rows a thing is no curiosity any more. */
static const double few = 0.001;
/* Rows in random order change their class about as often as expected: half of it is far off. */
static const double share_of_changes = 0.5;
/* Largest class to smallest. */
static const double uneven = 10, very_uneven = 100;

enum { NAME_COLUMNS = 7, TEXT_BYTES = 512, SCALED_PIXEL_MAX = 1 };

struct findings {
    FILE *out;
    size_t n_findings, n_warnings;
};

__attribute__((format(printf, 3, 4))) static void find(struct findings *findings, bool is_warning,
                                                       const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    field_write(findings->out, NAME_COLUMNS, is_warning ? "warning" : "note", text);
    findings->n_findings++;
    findings->n_warnings += is_warning;
}

static bool is_many(size_t n, size_t of)
{
    return (double)n > few * (double)of;
}

static void write_classes(FILE *out, const struct dataset *d, const struct inspection *inspection)
{
    fprintf(out, "  %-7s %9s %9s\n", "label", "train", "t10k");
    for (size_t k = 0; k < d->n_classes; k++)
        fprintf(out, "  %-7u %9zu %9zu\n", d->class_values[k], inspection->train.class_sizes[k],
                inspection->test.class_sizes[k]);
}

static void look_at_content(struct findings *f, const struct dataset *d,
                            const struct known_dataset *known)
{
    if (known->has_content && !known->is_that && known->by_content[0])
        find(f, true, "the content is that of %s, not that of %s", known->by_content, d->name);
    else if (known->has_content && !known->is_that)
        find(f, true, "the content is not that of the %s that is known", d->name);
    else if (!known->has_content && known->by_content[0])
        find(f, false, "the content is that of %s", known->by_content);
}

/* "5 (2), 7 (3)": the row, and the first with its image. */
static const char *examples_text(char text[static TEXT_BYTES], const struct duplicate_rows *rows)
{
    int used = 0;
    for (size_t i = 0; i < rows->n && i < DUPLICATE_EXAMPLES; i++)
        used += snprintf(text + used, (size_t)(TEXT_BYTES - used), "%s%zu (%zu)", i ? ", " : "",
                         rows->examples[i].row, rows->examples[i].first);
    return text;
}

static void look_at_duplicates(struct findings *f, const struct duplicates *found, size_t n_rows,
                               const char *what, const char *of)
{
    char examples[TEXT_BYTES];
    if (found->all.n)
        find(f, is_many(found->all.n, n_rows), "%zu of %zu %s have the image of %s: rows %s%s",
             found->all.n, n_rows, what, of, examples_text(examples, &found->all),
             found->all.n > DUPLICATE_EXAMPLES ? ", ..." : "");
    if (found->relabelled.n)
        find(f, is_many(found->relabelled.n, n_rows), "%zu of these have another label: rows %s%s",
             found->relabelled.n, examples_text(examples, &found->relabelled),
             found->relabelled.n > DUPLICATE_EXAMPLES ? ", ..." : "");
}

static void look_at_all_duplicates(struct findings *f, const struct inspection *inspection)
{
    const struct dataset_duplicates *found = &inspection->duplicates;
    const size_t n_train = inspection->train.n_rows, n_test = inspection->test.n_rows;
    look_at_duplicates(f, &found->train, n_train, "training rows", "an earlier one");
    look_at_duplicates(f, &found->test, n_test, "rows of t10k", "an earlier one");
    look_at_duplicates(f, &found->between, n_test, "rows of t10k", "a training row");
}

static void look_at_classes(struct findings *f, const struct dataset *d,
                            const struct inspection *inspection)
{
    const size_t *sizes = inspection->train.class_sizes;
    size_t smallest = 0, largest = 0, n_absent = 0;
    for (size_t k = 0; k < d->n_classes; k++) {
        if (sizes[k] < sizes[smallest])
            smallest = k;
        if (sizes[k] > sizes[largest])
            largest = k;
        n_absent += inspection->test.class_sizes[k] == 0;
    }
    const double ratio = (double)sizes[largest] / (double)sizes[smallest];
    if (sizes[smallest] == 1)
        find(f, true, "label %u has one training row", d->class_values[smallest]);
    if (ratio >= uneven)
        find(f, ratio >= very_uneven, "label %u has %zu training rows, label %u has %zu",
             d->class_values[largest], sizes[largest], d->class_values[smallest], sizes[smallest]);
    if (n_absent)
        find(f, true, "%zu of %zu classes are not in t10k", n_absent, d->n_classes);
    if (d->class_values[d->n_classes - 1] != d->n_classes - 1)
        find(f, false, "the labels are not 0 to %zu, but %zu values from %u to %u",
             d->n_classes - 1, d->n_classes, d->class_values[0], d->class_values[d->n_classes - 1]);
}

/* A limit keeps the first rows: of sorted ones, few classes. */
static void look_at_order(struct findings *f, const struct part_inspection *part, const char *what,
                          bool is_warning)
{
    if (part->is_sorted)
        find(f, is_warning, "the labels of %s are sorted: its first rows are of few classes", what);
    else if ((double)part->n_changes < share_of_changes * part->expected_changes)
        find(f, is_warning,
             "the labels of %s come in runs: they change %zu times, in random order %.0f times",
             what, part->n_changes, part->expected_changes);
}

static void look_at_pixels(struct findings *f, const struct part_inspection *part, const char *what)
{
    if (part->largest_pixel <= SCALED_PIXEL_MAX)
        find(f, true, "no pixel of %s exceeds %u: scaled before it was written, perhaps", what,
             part->largest_pixel);
    if (part->n_blank)
        find(f, is_many(part->n_blank, part->n_rows),
             "%zu of %zu images of %s have one value in all pixels, the first of them in row %zu",
             part->n_blank, part->n_rows, what, part->first_blank);
}

size_t data_findings_write(FILE *out, const struct dataset *dataset,
                           const struct inspection *inspection, const struct known_dataset *known)
{
    struct findings findings = {.out = out, .n_findings = 0};
    const size_t n_constant = inspection->n_constant_features;
    fprintf(out, "%s: %zu training rows, %zu rows of t10k, %zu x %zu pixels, %zu classes\n",
            dataset->name, dataset->train.n_rows, dataset->test.n_rows, dataset->height,
            dataset->width, dataset->n_classes);
    write_classes(out, dataset, inspection);
    field_write(out, NAME_COLUMNS, "content", dataset->hash);
    look_at_content(&findings, dataset, known);
    look_at_classes(&findings, dataset, inspection);
    look_at_order(&findings, &inspection->train, "the training part", true);
    look_at_order(&findings, &inspection->test, "t10k", false);
    look_at_all_duplicates(&findings, inspection);
    look_at_pixels(&findings, &inspection->train, "the training part");
    look_at_pixels(&findings, &inspection->test, "t10k");
    if (n_constant)
        find(&findings, n_constant == dataset->n_features,
             "%zu of %zu features are constant in the training part", n_constant,
             dataset->n_features);
    if (findings.n_findings == 0)
        field_write(out, NAME_COLUMNS, "note", "nothing is suspicious");
    return findings.n_warnings;
}
