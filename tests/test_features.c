#include "loader/features.h"

#include <criterion/criterion.h>
#include <math.h>

static const uint8_t bytes[4 * 3] = {0, 7, 10, 2, 7, 20, 4, 7, 30, 6, 7, 255};

Test(features, scaling_of_known_values)
{
    struct scaling scaling;
    cr_assert_eq(scaling_create(&scaling, bytes, 4, 3, NULL), STATUS_OK);
    cr_assert_float_eq(scaling.mean[0], 3.0, 1e-15);
    cr_assert_float_eq(scaling.scale[0], sqrt(5.0), 1e-15);
    cr_assert_float_eq(scaling.mean[1], 7.0, 1e-15);
    cr_assert_float_eq(scaling.scale[1], 1.0, 0.0, "a constant feature has scale 1");
    cr_assert_float_eq(scaling.levels[0 * N_LEVELS + 6], (float)(3.0 / sqrt(5.0)), 1e-7);
    scaling_destroy(&scaling);
}

Test(features, views_agree_and_follow_the_order)
{
    const uint32_t order[4] = {2, 0, 3, 1};
    struct scaling scaling;
    struct features f;
    cr_assert_eq(scaling_create(&scaling, bytes, 4, 3, NULL), STATUS_OK);
    const struct features_source source = {.bytes = bytes,
                                           .n_rows = 4,
                                           .n_features = 3,
                                           .order = order,
                                           .scaling = &scaling,
                                           .views = VIEW_COLUMNS | VIEW_STANDARDISED};
    cr_assert_eq(features_create(&f, &source, NULL), STATUS_OK);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 3; j++) {
            const uint8_t byte = bytes[order[i] * 3 + j];
            cr_assert_eq(features_row(&f, i)[j], byte);
            cr_assert_eq(f.columns[j * 4 + i], byte);
            cr_assert_float_eq(f.standardised[i * 3 + j],
                               ((double)byte - scaling.mean[j]) / scaling.scale[j], 1e-6);
        }
    features_destroy(&f);
    scaling_destroy(&scaling);
}
