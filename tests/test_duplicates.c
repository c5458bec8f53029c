#include "loader/duplicates.h"

#include <criterion/criterion.h>

/* Images of 2 pixels. */
static uint8_t train_pixels[] = {1, 2, 3, 4, 1, 2, 1, 2, 5, 6, 3, 4};
static uint8_t train_labels[] = {0, 1, 0, 1, 2, 1};
static uint8_t test_pixels[] = {7, 7, 1, 2, 7, 7, 3, 4, 7, 7, 2, 1};
static uint8_t test_labels[] = {0, 1, 0, 1, 2, 0};

static struct dataset_duplicates find(void)
{
    const struct dataset dataset = {.n_features = 2,
                                    .train = {6, train_pixels, train_labels},
                                    .test = {6, test_pixels, test_labels}};
    struct dataset_duplicates found;
    struct error error;
    cr_assert_eq(duplicates_find(&found, &dataset, &error), STATUS_OK);
    return found;
}

static void expect_row(const struct duplicate_rows *rows, size_t i, size_t row, size_t first)
{
    cr_assert_eq(rows->examples[i].row, row, "row %zu", rows->examples[i].row);
    cr_assert_eq(rows->examples[i].first, first, "first %zu", rows->examples[i].first);
}

Test(duplicates, within_the_training_part)
{
    const struct dataset_duplicates found = find();
    cr_assert_eq(found.train.all.n, 3);
    expect_row(&found.train.all, 0, 2, 0);
    expect_row(&found.train.all, 1, 3, 0);
    expect_row(&found.train.all, 2, 5, 1);
    cr_assert_eq(found.train.relabelled.n, 1);
    expect_row(&found.train.relabelled, 0, 3, 0);
}

/* Rows of t10k that the training part has too are none of these. */
Test(duplicates, within_t10k)
{
    const struct dataset_duplicates found = find();
    cr_assert_eq(found.test.all.n, 2);
    expect_row(&found.test.all, 0, 2, 0);
    expect_row(&found.test.all, 1, 4, 0);
    cr_assert_eq(found.test.relabelled.n, 1);
    expect_row(&found.test.relabelled, 0, 4, 0);
}

Test(duplicates, between_the_parts)
{
    const struct dataset_duplicates found = find();
    cr_assert_eq(found.between.all.n, 2);
    expect_row(&found.between.all, 0, 1, 0);
    expect_row(&found.between.all, 1, 3, 1);
    cr_assert_eq(found.between.relabelled.n, 1);
    expect_row(&found.between.relabelled, 0, 1, 0);
}

/* What both parts have, twice in each: within t10k the first is one of t10k. */
Test(duplicates, an_image_that_is_everywhere)
{
    uint8_t pixels[] = {9, 9, 9, 9}, labels[] = {0, 1, 1, 1};
    const struct dataset dataset = {
        .n_features = 1, .train = {2, pixels, labels}, .test = {2, pixels + 2, labels + 2}};
    struct dataset_duplicates found;
    struct error error;
    cr_assert_eq(duplicates_find(&found, &dataset, &error), STATUS_OK);
    cr_assert_eq(found.train.all.n, 1);
    cr_assert_eq(found.train.relabelled.n, 1);
    cr_assert_eq(found.test.all.n, 1);
    cr_assert_eq(found.test.relabelled.n, 0);
    expect_row(&found.test.all, 0, 1, 0);
    cr_assert_eq(found.between.all.n, 2);
    cr_assert_eq(found.between.relabelled.n, 2);
    expect_row(&found.between.all, 1, 1, 0);
}

/* Three examples, and all are counted. */
Test(duplicates, more_than_there_are_examples)
{
    uint8_t pixels[100] = {0}, labels[100] = {0};
    const struct dataset dataset = {
        .n_features = 1, .train = {99, pixels, labels}, .test = {1, pixels + 99, labels + 99}};
    struct dataset_duplicates found;
    struct error error;
    cr_assert_eq(duplicates_find(&found, &dataset, &error), STATUS_OK);
    cr_assert_eq(found.train.all.n, 98);
    expect_row(&found.train.all, 2, 3, 0);
    cr_assert_eq(found.between.all.n, 1);
    cr_assert_eq(found.test.all.n, 0);
}
