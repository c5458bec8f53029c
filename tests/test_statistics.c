/* Expected values: SciPy 1.10 and NumPy 1.24 on the same numbers, from the function that is named.
 */
#include "statistics/accuracy.h"
#include "statistics/beta.h"
#include "statistics/bootstrap.h"
#include "statistics/order.h"
#include "statistics/ranks.h"
#include "statistics/student_t.h"
#include "statistics/tests.h"

#include <criterion/criterion.h>
#include <math.h>

static void assert_near(double value, double expected)
{
    cr_assert(fabs(value - expected) <= 1e-11 * fmax(1e-5, fabs(expected)), "%.17g, not %.17g",
              value, expected);
}

/* scipy.special.betainc */
Test(statistics, incomplete_beta)
{
    assert_near(incomplete_beta(0.5, 0.5, 0.3), 0.3690101195655454);
    assert_near(incomplete_beta(2, 3, 0.25), 0.26171875);
    assert_near(incomplete_beta(60, 41, 0.5), 0.02844396682049039);
    assert_near(incomplete_beta(5000, 5101, 0.5), 0.8425486002041888);
    assert_near(incomplete_beta(1, 0.5, 1e-6), 5.000001250000626e-07);
    assert_near(incomplete_beta(30, 2, 0.99), 0.9616104854047645);
    assert_near(incomplete_beta(3, 4, 0), 0);
    assert_near(incomplete_beta(3, 4, 1), 1);
}

/* scipy.stats.t.sf, norm.sf, norm.isf, and where scipy.optimize.brentq finds t.sf(t, df) = p / 2 */
Test(statistics, student_t)
{
    assert_near(student_t_p(2, 3), 0.1393259685588431);
    assert_near(student_t_p(-1.3, 2.4), 0.30438421751896044);
    assert_near(student_t_p(0, 5), 1);
    assert_near(student_t_p(12, 2), 0.00687293367715846);
    assert_near(student_t_p(1.96, INFINITY), 0.04999579029644087);
    assert_near(student_t_p(4.5, 1e4), 6.872097853878456e-06);
    assert_near(student_t_critical(0.05, 2), 0.95 * sqrt(2 / (1 - 0.95 * 0.95)));
    assert_near(student_t_critical(0.05, INFINITY), 1.9599639845400545);
    assert_near(student_t_critical(0.05, 7.5), 2.3330396268649736);
    assert_near(student_t_critical(0.001, 30), 3.6459586350420214);
}

/* scipy.stats.binomtest(min(b, c), b + c, 0.5) */
Test(statistics, mcnemar)
{
    assert_near(mcnemar_p(0, 0), 1);
    assert_near(mcnemar_p(0, 5), 0.0625);
    assert_near(mcnemar_p(10, 25), 0.016673847800120715);
    assert_near(mcnemar_p(25, 10), 0.016673847800120715);
    assert_near(mcnemar_p(300, 345), 0.083105140650487);
    assert_near(mcnemar_p(7, 7), 1);
    assert_near(mcnemar_p(12, 0), 0.00048828125);
}

/* scipy.stats.ttest_ind(a, b, equal_var=False) */
Test(statistics, welch)
{
    const double a[] = {0.8711, 0.8725, 0.8702}, b[] = {0.8690, 0.8701, 0.8744, 0.8688};
    assert_near(welch_p(sample_of(a, 3), sample_of(b, 4)), 0.6602801700234631);
    const double constant[] = {0.5, 0.5}, other[] = {0.75, 0.75};
    assert_near(welch_p(sample_of(constant, 2), sample_of(constant, 2)), 1);
    assert_near(welch_p(sample_of(constant, 2), sample_of(other, 2)), 0);
}

/* By hand: sorted .005 .01 .03 .04, times 4 3 2 1, none below the one before. */
Test(statistics, holm)
{
    struct error error;
    double p[] = {0.01, 0.04, 0.03, 0.005};
    cr_assert_eq(holm_adjust(p, 4, &error), STATUS_OK);
    assert_near(p[0], 0.03);
    assert_near(p[1], 0.06);
    assert_near(p[2], 0.06);
    assert_near(p[3], 0.02);
    double high[] = {0.6, 0.7};
    cr_assert_eq(holm_adjust(high, 2, &error), STATUS_OK);
    assert_near(high[0], 1);
    assert_near(high[1], 1);
}

enum { N_IMAGES = 50, N_REPEATS = 3 };

static void assert_accuracy(struct accuracy a, const double expected[5])
{
    assert_near(a.mean, expected[0]);
    assert_near(a.sd_training, expected[1]);
    assert_near(a.sd_test, expected[2]);
    assert_near(a.low, expected[3]);
    assert_near(a.high, expected[4]);
}

/* The mean squares by NumPy, the quantiles by scipy.stats. */
Test(statistics, accuracy_of_trainings_that_differ)
{
    uint8_t right[N_REPEATS * N_IMAGES];
    for (int r = 0; r < N_REPEATS; r++)
        for (int i = 0; i < N_IMAGES; i++)
            right[r * N_IMAGES + i] = (i * 7 + (r * i) % 3) % 10 < 5 + 2 * r;
    const double expected[] = {0.7066666666666667, 0.19483116709979795, 0.04727494722282231,
                               0.2974037281910196, 0.9320231713278333};
    assert_accuracy(accuracy_of(right, N_REPEATS, N_IMAGES), expected);
}

Test(statistics, accuracy_of_trainings_that_differ_by_chance)
{
    uint8_t right[N_REPEATS * N_IMAGES];
    for (int r = 0; r < N_REPEATS; r++)
        for (int i = 0; i < N_IMAGES; i++)
            right[r * N_IMAGES + i] = (i * 7 + r * 5 + (i * r) % 3) % 10 < 7 + (r == 1);
    const double expected[] = {0.7466666666666667, 0, 0.03507038598004185, 0.6724959890090121,
                               0.8088151407793045};
    assert_accuracy(accuracy_of(right, N_REPEATS, N_IMAGES), expected);
}

Test(statistics, accuracy_of_one_training)
{
    uint8_t right[N_IMAGES];
    for (int i = 0; i < N_IMAGES; i++)
        right[i] = i * 7 % 10 < 7;
    const struct accuracy a = accuracy_of(right, 1, N_IMAGES);
    cr_assert(isnan(a.sd_training));
    assert_near(a.sd_test, 0.06546536707079771);
    assert_near(a.low, 0.561050062982757);
    assert_near(a.high, 0.8098708093290444);
    for (int i = 0; i < N_IMAGES; i++)
        right[i] = 1;
    assert_near(accuracy_of(right, 1, N_IMAGES).low, 0.9286524008666412);
    assert_near(accuracy_of(right, 1, N_IMAGES).high, 1);
}

/* scipy.stats.spearmanr, kendalltau, rankdata(method="min") of the negated values */
Test(statistics, ranks)
{
    const double a[] = {0.91, 0.85, 0.85, 0.72, 0.88, 0.60, 0.91};
    const double b[] = {0.97, 0.95, 0.90, 0.91, 0.97, 0.70, 0.99};
    const double expected[] = {1, 4, 4, 6, 3, 7, 1};
    double ranks[7];
    ranks_of(a, 7, ranks);
    for (int i = 0; i < 7; i++)
        assert_near(ranks[i], expected[i]);
    const struct agreement agreement = ranks_agreement(a, b, 7);
    assert_near(agreement.spearman, 0.9082951062292476);
    assert_near(agreement.kendall, 0.8207826816681232);
    assert_near(agreement.swapped, 1.0 / 18);
}

Test(statistics, agreement_with_a_constant_is_not_a_number)
{
    const double a[] = {0.5, 0.5, 0.5}, b[] = {0.1, 0.2, 0.3};
    const struct agreement agreement = ranks_agreement(a, b, 3);
    cr_assert(isnan(agreement.spearman) && isnan(agreement.kendall) && isnan(agreement.swapped));
}

/* numpy.percentile(values, [2.5, 97.5]) */
Test(statistics, bootstrap_intervals)
{
    double values[] = {3, 1, 4, 1.5, 9, 2.6};
    const struct interval p = bootstrap_percentile(values, 6);
    assert_near(p.low, 1.0625);
    assert_near(p.high, 8.375);
    const struct interval b = bootstrap_basic(5, values, 6);
    assert_near(b.low, 10 - 8.375);
    assert_near(b.high, 10 - 1.0625);
}

/* Each count is binomial: mean 1, variance 1 - 1/n. */
Test(statistics, bootstrap_counts)
{
    enum { N = 1000, SAMPLES = 200 };
    struct rng rng = rng_create(7, 0);
    float counts[N];
    double squares = 0;
    for (int s = 0; s < SAMPLES; s++) {
        double sum = 0;
        bootstrap_counts(&rng, N, counts);
        for (int i = 0; i < N; i++) {
            sum += counts[i];
            squares += (counts[i] - 1) * (counts[i] - 1);
        }
        cr_assert_eq(sum, N);
    }
    cr_assert_float_eq(squares / (N * SAMPLES), 1, 0.02);
}

Test(statistics, median)
{
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2};
    assert_near(median_of(odd, 3), 3);
    assert_near(median_of(even, 4), 2.5);
}
