/* Counted work beside the peaks of a machine. */
#include "report/limits.h"

#include "base/memory.h"
#include "numerics/blas.h"
#include "numerics/work.h"
#include "report_folder.h"
#include "runner/speed.h"
#include "test_tree_helpers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct limits_peaks peaks = {.per_s = {[LIMITS_FLOAT_FLOPS] = 100e9,
                                                    [LIMITS_DOUBLE_FLOPS] = 50e9,
                                                    [LIMITS_HISTOGRAM_UPDATES] = 2e9,
                                                    [LIMITS_BYTE_DIFFERENCES] = 200e9,
                                                    [LIMITS_BYTE_PRODUCTS] = 400e9,
                                                    [LIMITS_BYTES_READ] = 20e9,
                                                    [LIMITS_BYTES_COPIED] = 10e9}};

static void add_measure(struct record *record, const char *name, double value)
{
    struct record_repeat *repeat = &record->repeats[0];
    struct record_measure *measure = &repeat->measures[repeat->n_measures++];
    snprintf(measure->name, sizeof measure->name, "%s", name);
    measure->value = value;
}

static void begin(struct record *record, const char *name, const char *parameter)
{
    folder_record_init(record, name, parameter, 0.5);
    snprintf(record->cell, sizeof record->cell, "%02zx%02zx", strlen(name), strlen(parameter));
    record->n_features = 784;
    record->n_classes = 10;
}

static void build(struct limits *limits, struct results *results, const char *folder)
{
    struct error error;
    cr_assert_eq(results_read(results, &(struct results_request){.directory = folder}, &error),
                 STATUS_OK, "%s", error.message);
    cr_assert_eq(limits_build(limits, results, &peaks, &error), STATUS_OK);
}

/* 60,000 x 10,000 x 784 differences or products. */
static void add_neighbors(const char *folder, const char *parameter)
{
    struct record record;
    begin(&record, "KNeighborsClassifier", parameter);
    record.repeats[0].predict_s = 8;
    folder_add(folder, &record);
}

Test(limits, each_family_has_its_own_kind_of_work, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct results results;
    struct limits limits;
    struct record record;
    folder_create(folder);
    begin(&record, "SVC", "{\"C\": 1}"); /* 2 s and 0.5 s */
    add_measure(&record, "fit_float_flops", 50e9);
    add_measure(&record, "fit_double_flops", 5e9);
    add_measure(&record, "predict_float_flops", 10e9);
    folder_add(folder, &record);
    begin(&record, "RandomForestClassifier", "{}");
    add_measure(&record, "histogram_updates", 1e9);
    folder_add(folder, &record);
    begin(&record, "ExtraTreeClassifier", "{}");
    add_measure(&record, "bytes_scanned", 4e9);
    folder_add(folder, &record);
    begin(&record, "GaussianNB", "{}");
    folder_add(folder, &record);
    add_neighbors(folder, "{\"p\": 1}");
    add_neighbors(folder, "{\"n_neighbors\": 3}");
    begin(&record, "SVC", "{}"); /* of an earlier version */
    record.n_features = record.n_classes = 0;
    folder_add(folder, &record);
    build(&limits, &results, folder);
    static const struct {
        enum limits_kind fit_kind, predict_kind;
        double fit_s, predict_s; /* least */
    } expected[] = {
        {LIMITS_FLOAT_FLOPS, LIMITS_FLOAT_FLOPS, 0.6, 0.1},
        {LIMITS_HISTOGRAM_UPDATES, 0, 0.5, NAN},
        {LIMITS_BYTES_READ, 0, 0.2, NAN},
        {LIMITS_BYTES_READ, 0, 60000.0 * 784 / 20e9, NAN},
        {0, LIMITS_BYTE_DIFFERENCES, NAN, 6e8 * 784 / 200e9},
        {0, LIMITS_BYTE_PRODUCTS, NAN, 6e8 * 784 / 400e9},
        {0, 0, NAN, NAN},
    };
    cr_assert_eq(limits.n_rows, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < limits.n_rows; i++) {
        const struct limits_row *row = &limits.rows[i];
        const double least[] = {row->fit.least_s, row->predict.least_s};
        const double wanted[] = {expected[i].fit_s, expected[i].predict_s};
        for (size_t p = 0; p < 2; p++)
            cr_assert(isnan(wanted[p]) ? isnan(least[p]) : fabs(least[p] / wanted[p] - 1) < 1e-12,
                      "%zu: %g, not %g", i, least[p], wanted[p]);
        cr_assert_eq(row->fit.kind, expected[i].fit_kind, "%zu", i);
        cr_assert_eq(row->predict.kind, expected[i].predict_kind, "%zu", i);
    }
    limits_destroy(&limits);
    results_destroy(&results);
    folder_remove(folder);
}

Test(limits, repeats_are_averaged_and_threads_share_the_work, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct results results;
    struct limits limits;
    struct record record;
    folder_create(folder);
    begin(&record, "MLPClassifier", "{}");
    record.threads = 2;
    record.n_repeats = 2;
    record.repeats[0].cpu_s = 5;
    add_measure(&record, "fit_float_flops", 20e9);
    record.repeats[1] = record.repeats[0];
    record.repeats[1].fit_s = 4;
    record.repeats[1].measures[0].value = 60e9;
    folder_add(folder, &record);
    build(&limits, &results, folder);
    cr_assert_float_eq(limits.rows[0].fit.seconds, 3, 1e-12);
    cr_assert_float_eq(limits.rows[0].fit.work.amount[LIMITS_FLOAT_FLOPS], 40e9, 1);
    cr_assert_float_eq(limits.rows[0].fit.least_s, 0.2, 1e-12);
    const struct limits_family family = limits_family_of(&limits, &limits.rows[0]);
    cr_assert_float_eq(family.cpu_s, 5, 1e-12);
    cr_assert_float_eq(family.least_cpu_s, 0.4, 1e-12);
    limits_destroy(&limits);
    results_destroy(&results);
    folder_remove(folder);
}

/* Rows that are not ok, or not ours, have no limit; a family sums its rows. */
Test(limits, families_are_sums_of_their_rows, .timeout = 10)
{
    char folder[FOLDER_BYTES];
    struct results results;
    struct limits limits;
    struct record record;
    folder_create(folder);
    for (int i = 1; i <= 2; i++) {
        begin(&record, "SVC", i == 1 ? "{\"C\": 1}" : "{\"C\": 10}");
        add_measure(&record, i == 1 ? "fit_float_flops" : "fit_double_flops", 50e9);
        folder_add(folder, &record);
    }
    begin(&record, "SVC", "{\"C\": 100}");
    record.status = RECORD_TIMEOUT;
    record.n_repeats = 0;
    folder_add(folder, &record);
    begin(&record, "SVC.x", "{\"C\": 1}");
    record.command = json_pack("[s]", "x");
    folder_add(folder, &record);
    build(&limits, &results, folder);
    cr_assert_eq(limits.n_rows, 2);
    const struct limits_family family = limits_family_of(&limits, &limits.rows[1]);
    cr_assert_eq(family.n_rows, 2);
    cr_assert_float_eq(family.seconds, 5, 1e-12);
    cr_assert_float_eq(family.least_s, 1.5, 1e-12);
    cr_assert_eq(family.kind, LIMITS_DOUBLE_FLOPS);
    limits_destroy(&limits);
    results_destroy(&results);
    folder_remove(folder);
}

#define HAS(text, part) cr_assert_not_null(strstr(text, part), "'%s' in:\n%s", part, text)

Test(limits, the_page_has_peaks_families_and_rows, .timeout = 10)
{
    char folder[FOLDER_BYTES], *text;
    size_t length;
    struct error error;
    struct record record;
    folder_create(folder);
    begin(&record, "SVC", "{\"C\": 1}");
    record.repeats[0].cpu_s = 2;
    add_measure(&record, "fit_float_flops", 50e9);
    folder_add(folder, &record);
    FILE *out = open_memstream(&text, &length);
    const struct results_request request = {.directory = folder};
    cr_assert_eq(limits_write(out, &request, &peaks, &error), STATUS_OK, "%s", error.message);
    fclose(out);
    HAS(text, "| GFLOP/s     |                100 |");
    HAS(text, "| SVC        | fashion | float32 arithmetic |    1 | 2.50 |          0.500 |");
    HAS(text, "|         20 % |        2.00 |         25 % |");
    HAS(text, "## fashion, 60000 training rows, 10000 test rows");
    HAS(text, "|  2.00 |  50 | 25.0 |     25 % |");
    free(text);
    folder_remove(folder);
}

Test(limits, products_are_counted_by_precision, .timeout = 10)
{
    enum { M = 3, N = 5, K = 7 };
    float a[M * K] = {0}, b[K * N] = {0}, c[M * N] = {0};
    double d[N * N] = {1}, e[K * N] = {0};
    blas_start();
    const struct work before = work_done();
    blas_sgemm(&(struct blas_gemm){
        .m = M, .n = N, .k = K, .alpha = 1, .a = a, .lda = K, .b = b, .ldb = N, .c = c, .ldc = N});
    blas_dsyrk_tn(N, K, 1, e, N, 0, d, N);
    const struct work work = work_between(before, work_done());
    cr_assert_float_eq(work.float_flops, 2 * M * N * K, 0.5);
    cr_assert_float_eq(work.double_flops, N * (N + 1) * K, 0.5);
}

static double measured(const char *class_name, const char *const *settings, size_t n_classes,
                       const char *name)
{
    static struct made_data data;
    struct fit_report report;
    made_random(&data, 3, 400, 30, n_classes, 40);
    const struct classifier_class *class = classifier_find(class_name);
    class->destroy(made_fit(class, &data, settings, 1, &report));
    for (size_t i = 0; i < report.n_measures; i++)
        if (strcmp(report.measures[i].name, name) == 0)
            return report.measures[i].value;
    return NAN;
}

/* One node that is split looks at every feature of every row: 400 x 30. */
Test(limits, searches_for_splits_count_the_values_they_look_at, .timeout = 20)
{
    static const char *const stump[] = {"max_depth=1", NULL},
                             *const random[] = {"max_depth=1", "splitter=1", NULL},
                             *const stage[] = {"max_depth=1", "n_estimators=1", NULL};
    cr_assert_float_eq(measured("DecisionTreeClassifier", stump, 3, "histogram_updates"), 12000, 0);
    cr_assert_float_eq(measured("DecisionTreeClassifier", random, 3, "bytes_scanned"), 24000, 0);
    /* Of two classes one tree; of three, three that one look serves; of nine, two looks. */
    const char *const boosting = "GradientBoostingClassifier";
    cr_assert_float_eq(measured(boosting, stage, 2, "histogram_updates"), 12000, 0);
    cr_assert_float_eq(measured(boosting, stage, 3, "histogram_updates"), 12000, 0);
    cr_assert_float_eq(measured(boosting, stage, 9, "histogram_updates"), 24000, 0);
}

Test(limits, this_machine_has_peaks, .timeout = 60)
{
    struct limits_peaks here;
    cr_assert_eq(speed_measure_peaks(&here, NULL), STATUS_OK);
    for (int k = 0; k < LIMITS_KINDS; k++)
        cr_assert(here.per_s[k] > 1e7 && here.per_s[k] < 1e14, "%d: %g", k, here.per_s[k]);
}
