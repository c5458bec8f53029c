/* Expected values: numpy.linalg.eigh of the covariances of the same rows, signs as documented. */
#include "statistics/principal.h"

#include "numerics/blas.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N_ROWS = 5, N_FEATURES = 4, N_COMPONENTS = 2 };

static const uint8_t pixels[N_ROWS * N_FEATURES] = {0, 10, 3,  7,  255, 9, 4,  0,  100, 200,
                                                    5, 1,  30, 60, 250, 2, 12, 90, 31,  40};

Test(principal, components_of_a_small_matrix, .timeout = 10)
{
    static const double scores[N_ROWS * N_COMPONENTS] = {
        12.794611448766918,  -55.996887421679304, -162.30124551413567, 107.56135493736328,
        -50.167284821747856, -76.2286192639605,   172.09898698196213,  94.58290611910475,
        27.574931905154486,  -69.91875437082824};
    static const double shares[N_COMPONENTS] = {0.5090408791214975, 0.2943705884802892};
    struct principal p;
    struct error error;
    blas_start();
    cr_assert_eq(principal_create(&p, pixels, N_ROWS, N_FEATURES, N_COMPONENTS, &error), STATUS_OK);
    for (size_t i = 0; i < N_ROWS * N_COMPONENTS; i++)
        cr_assert_float_eq(p.scores[i], scores[i], 1e-9, "%zu: %.12g", i, p.scores[i]);
    for (size_t c = 0; c < N_COMPONENTS; c++)
        cr_assert_float_eq(p.shares[c], shares[c], 1e-12);
    principal_destroy(&p);
}

Test(principal, equal_rows_have_no_variance, .timeout = 10)
{
    static const uint8_t equal[3 * N_FEATURES] = {0};
    struct principal p;
    struct error error;
    blas_start();
    cr_assert_eq(principal_create(&p, equal, 3, N_FEATURES, N_COMPONENTS, &error), STATUS_OK);
    for (size_t i = 0; i < 3 * N_COMPONENTS; i++)
        cr_assert_eq(p.scores[i], 0);
    cr_assert_eq(p.shares[0], 0);
    principal_destroy(&p);
}
