/* The content of the table, before it has a format: what the formatters share. */
#ifndef FMBENCH_REPORT_TABLE_MODEL_H
#define FMBENCH_REPORT_TABLE_MODEL_H

#include "report/agreement.h"
#include "report/markup.h"
#include "report/reference.h"
#include "report/results.h"
#include "report/standings.h"
#include "report/table.h"

struct table_column {
    const struct results_dataset *dataset; /* borrowed */
    bool is_synthetic;
    bool has_published;         /* some cell of the column has a published accuracy */
    bool other_size;            /* a published column exists, for another number of rows */
    size_t n_train, n_test;     /* 0 when the journal is empty */
    struct standings standings; /* of the table's rows, by table_judge */
};

struct table_cell {
    const struct record *record; /* borrowed; NULL: none */
    double published;            /* NAN: none */
};

struct table_row {
    const char *name;        /* borrowed */
    const json_t *parameter; /* borrowed */
    char *label, *key;       /* of the parameters, owned */
    const char *word;        /* borrowed; where there is no record */
    bool is_beyond_2017;
    struct table_cell *cells; /* n_columns, owned */
    /* For sorting: accuracy on the first dataset or -1, the largest of the classifier, and the
       place in the plan of this row and of the first one of the classifier. */
    double value, best_value;
    size_t order, first_order;
};

/* Two of the columns, first < second. */
struct table_comparison {
    size_t first, second;
    struct agreement_between between;
};

struct table {
    size_t n_columns, n_rows, n_comparisons;
    struct table_column *columns;         /* owned */
    struct table_row *rows;               /* owned, sorted */
    struct table_comparison *comparisons; /* of each pair of columns, owned, by table_judge */
};

struct table_sources {
    const struct results *results;
    const struct reference *reference; /* may be NULL */
    const struct table_planned *planned;
    size_t n_planned;
};

/* Borrows from the sources. table_destroy takes a zeroed struct. */
enum status table_build(struct table *table, const struct table_sources *sources,
                        struct error *error);
void table_destroy(struct table *table);

/*
 * The standings of each column and the comparisons of columns, from the predictions in the results
 * folder that the table was built from. Errors of standings_build; table_destroy still takes the
 * table then.
 */
enum status table_judge(struct table *table, const char *directory, struct error *error);

/* NULL where the predictions of the cell are not there. */
const struct standing *table_standing(const struct table *table, size_t row, size_t column);

/* Has this cell an accuracy to show? */
bool table_has_accuracy(const struct table_cell *cell);

/* Did the iteration limit stop a repeat before the stopping rule did? */
bool table_is_stopped(const struct record *record);

/* Medians over the repeats; n_repeats >= 1. */
double table_fit_s(const struct record *record);
double table_predict_s(const struct record *record);

/* The status in words ("out of memory"), without the reason. */
void table_status(char text[static 64], const struct table_row *row, const struct table_cell *cell);
/* The reason for it; "" where there is none. Borrowed. */
const char *table_reason(const struct table_row *row, const struct table_cell *cell);

/* One cell for programs, an object without classifier and parameter; NULL when memory is short.
   What does not exist is absent. */
json_t *table_entry(const struct table *table, size_t row, size_t column);

/* The formatters: 0, or -1 when memory is short. */
int table_write_text(FILE *out, const struct markup *markup, const struct table *table);
int table_write_csv(FILE *out, const struct table *table);
int table_write_json(FILE *out, const struct table *table);

#endif
