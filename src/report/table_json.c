/* The whole table for programs, in the form of schemas/table.schema.json. */
#include "report/json_text.h"
#include "report/mistakes.h"
#include "report/table_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, SURE_MISTAKES = 12, HARD_IMAGES = 40 };

static int set_integer(json_t *object, const char *key, uint64_t value)
{
    return json_object_set_new(object, key, json_text_integer(value));
}

static int append_integer(json_t *array, uint64_t value)
{
    return json_array_append_new(array, json_text_integer(value));
}

/* The same value is in it only once. */
static int append_distinct(json_t *array, json_t *value)
{
    size_t i;
    const json_t *other;
    json_array_foreach(array, i, other) if (json_equal(other, value))
    {
        json_decref(value);
        return 0;
    }
    return json_array_append_new(array, value);
}

/* The true class in the words of the labels, not their places. */
static uint64_t label_of(const struct outcomes *o, uint8_t place)
{
    return o->classes[place];
}

static json_t *hard_image(const struct outcomes *o, const struct hard_image *image, size_t n_rows)
{
    size_t counts[OUTCOMES_CLASSES_MAX];
    json_t *object = json_object(), *predicted = json_array();
    mistakes_votes(o, image->image, counts);
    int failed = json_object_set_new(object, "predicted", predicted) |
                 set_integer(object, "image", image->image) |
                 set_integer(object, "label", label_of(o, o->truth[image->image])) |
                 set_integer(object, "n_wrong", image->n_wrong) |
                 set_integer(object, "n_rows", n_rows);
    for (size_t k = 0; k < o->n_classes && !failed; k++)
        failed = append_integer(predicted, counts[k]);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static int set_images(json_t *object, const struct standings *s)
{
    struct hard_image images[HARD_IMAGES];
    const size_t n = mistakes_hardest(&s->outcomes, images, HARD_IMAGES);
    json_t *hardest = json_array(), *classes = json_array();
    int failed = json_object_set_new(object, "hardest", hardest) |
                 json_object_set_new(object, "classes", classes);
    for (size_t i = 0; i < n && !failed; i++)
        failed = json_array_append_new(hardest, hard_image(&s->outcomes, &images[i], s->n_known));
    for (size_t k = 0; k < s->outcomes.n_classes && !failed; k++)
        failed = append_integer(classes, s->outcomes.classes[k]);
    return failed;
}

/* The distinct seeds, numbers of threads, hosts and versions of the rows. */
static int set_runs(json_t *object, const struct results_dataset *dataset)
{
    json_t *seeds = json_array(), *threads = json_array();
    json_t *hosts = json_array(), *versions = json_array();
    int failed = json_object_set_new(object, "seeds", seeds) |
                 json_object_set_new(object, "threads", threads) |
                 json_object_set_new(object, "hosts", hosts) |
                 json_object_set_new(object, "versions", versions);
    for (size_t i = 0; i < dataset->n_rows && !failed; i++) {
        const struct record *record = dataset->rows[i].record;
        failed = append_distinct(seeds, json_text_integer(record->seed)) |
                 append_distinct(threads, json_integer(record->threads)) |
                 append_distinct(hosts, json_text_string(record->host)) |
                 append_distinct(versions, json_text_string(record->version));
    }
    return failed;
}

static size_t count_ok(const struct results_dataset *dataset)
{
    size_t n_ok = 0;
    for (size_t i = 0; i < dataset->n_rows; i++)
        n_ok += dataset->rows[i].record->status == RECORD_OK;
    return n_ok;
}

static json_t *dataset_object(const struct table_column *column)
{
    const struct results_dataset *dataset = column->dataset;
    json_t *object = json_object();
    int failed = json_object_set_new(object, "name", json_text_string(dataset->name)) |
                 json_object_set_new(object, "synthetic", json_boolean(column->is_synthetic)) |
                 set_integer(object, "n_rows", dataset->n_rows) |
                 set_integer(object, "n_ok", count_ok(dataset)) | set_runs(object, dataset);
    if (dataset->n_rows) {
        const struct record *record = dataset->rows[0].record;
        failed |= json_object_set_new(object, "hash", json_text_string(record->dataset_hash)) |
                  set_integer(object, "n_train", record->n_train) |
                  set_integer(object, "n_test", record->n_test);
        if (record->n_features)
            failed |= set_integer(object, "n_features", record->n_features) |
                      set_integer(object, "n_classes", record->n_classes);
    }
    if (column->standings.n_known)
        failed |= set_images(object, &column->standings);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static int set_confusion(json_t *entry, const struct outcomes *o, size_t row)
{
    const size_t n = o->n_classes;
    size_t *counts = malloc(n * n * sizeof *counts);
    json_t *confusion = json_array(), *recall = json_array();
    int failed = json_object_set_new(entry, "confusion", confusion) |
                 json_object_set_new(entry, "recall", recall) | (counts ? 0 : -1);
    if (!failed)
        mistakes_confusion(o, row, counts);
    for (size_t k = 0; k < n && !failed; k++) {
        json_t *line = json_array();
        size_t n_images = 0;
        failed = json_array_append_new(confusion, line);
        for (size_t p = 0; p < n && !failed; p++) {
            n_images += counts[k * n + p];
            failed = append_integer(line, counts[k * n + p]);
        }
        /* A class that only a prediction has has no images to recall. */
        failed |= json_array_append_new(
            recall,
            n_images ? json_real((double)counts[k * n + k] / (double)n_images) : json_null());
    }
    free(counts);
    return failed;
}

static int set_mistakes(json_t *entry, const struct outcomes *o, size_t row)
{
    struct mistake mistakes[SURE_MISTAKES];
    const size_t n = mistakes_surest(o, row, mistakes, SURE_MISTAKES);
    json_t *list = json_array();
    int failed = json_object_set_new(entry, "surest_errors", list);
    for (size_t i = 0; i < n && !failed; i++) {
        const struct mistake *m = &mistakes[i];
        json_t *object = json_object();
        failed = json_array_append_new(list, object) | set_integer(object, "image", m->image) |
                 set_integer(object, "label", label_of(o, m->truth)) |
                 set_integer(object, "predicted", label_of(o, m->predicted));
    }
    return failed;
}

static json_t *row_object(const struct table *table, size_t i)
{
    const struct table_row *row = &table->rows[i];
    json_t *object = json_object(), *results = json_array();
    int failed = json_object_set_new(object, "classifier", json_text_string(row->name)) |
                 json_object_set_new(object, "parameter", json_deep_copy(row->parameter)) |
                 json_object_set_new(object, "label", json_text_string(row->label)) |
                 json_object_set_new(object, "beyond_2017", json_boolean(row->is_beyond_2017)) |
                 json_object_set_new(object, "results", results);
    for (size_t c = 0; c < table->n_columns && !failed; c++) {
        const struct outcomes *o = &table->columns[c].standings.outcomes;
        json_t *entry = table_entry(table, i, c);
        failed = json_array_append_new(results, entry);
        if (!failed && table_standing(table, i, c))
            failed = set_confusion(entry, o, i) | set_mistakes(entry, o, i);
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static int set_estimate(json_t *object, const char *key, const struct estimate *e)
{
    if (isnan(e->value))
        return 0;
    return json_object_set_new(object, key,
                               json_pack("{s:f, s:f, s:f}", "estimate", e->value, "low",
                                         e->interval.low, "high", e->interval.high));
}

static json_t *comparison_object(const struct table *table, const struct table_comparison *c)
{
    const struct agreement_between *b = &c->between;
    json_t *object = json_object(), *moves = json_array();
    json_t *names = json_pack("[s, s]", table->columns[c->first].dataset->name,
                              table->columns[c->second].dataset->name);
    int failed = json_object_set_new(object, "datasets", names) |
                 set_integer(object, "n_rows", b->n_rows) |
                 json_object_set_new(object, "moves", moves);
    if (b->n_rows > 1)
        failed |= set_estimate(object, "spearman", &b->spearman) |
                  set_estimate(object, "kendall", &b->kendall) |
                  set_estimate(object, "swapped", &b->swapped);
    for (size_t i = 0; i < b->n_rows && !failed; i++) {
        const struct rank_move *m = &b->moves[i];
        failed = json_array_append_new(
            moves, json_pack("{s:I, s:[I, I]}", "row", (json_int_t)m->row, "ranks",
                             (json_int_t)m->ranks[0], (json_int_t)m->ranks[1]));
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

/* One item of a list a line; takes the item. */
static int write_item(FILE *out, size_t i, json_t *item)
{
    fputs(i ? ",\n" : "\n", out);
    const int failed = !item || json_text_write(out, item);
    json_decref(item);
    return failed;
}

int table_write_json(FILE *out, const struct table *table)
{
    int failed = 0;
    fprintf(out, "{\"version\":%d,\"datasets\":[", VERSION);
    for (size_t c = 0; c < table->n_columns && !failed; c++)
        failed = write_item(out, c, dataset_object(&table->columns[c]));
    fputs("],\n\"rows\":[", out);
    for (size_t i = 0; i < table->n_rows && !failed; i++)
        failed = write_item(out, i, row_object(table, i));
    fputs("],\n\"comparisons\":[", out);
    for (size_t i = 0; i < table->n_comparisons && !failed; i++)
        failed = write_item(out, i, comparison_object(table, &table->comparisons[i]));
    fputs("]}\n", out);
    return failed ? -1 : 0;
}
