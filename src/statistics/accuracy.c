#include "statistics/accuracy.h"

#include "statistics/student_t.h"

#include <math.h>

static const double ALPHA = 0.05;

/* Sums of squares about the means; those of one factor divided by the size of the other. */
struct squares {
    double mean, images, trainings, residual;
};

static double mean_of_repeat(const uint8_t *right, size_t n_images)
{
    size_t n_right = 0;
    for (size_t i = 0; i < n_images; i++)
        n_right += right[i];
    return (double)n_right / (double)n_images;
}

static double mean_of_image(const uint8_t *right, size_t n_repeats, size_t n_images, size_t image)
{
    size_t n_right = 0;
    for (size_t r = 0; r < n_repeats; r++)
        n_right += right[r * n_images + image];
    return (double)n_right / (double)n_repeats;
}

static struct squares squares_of(const uint8_t *right, size_t n_repeats, size_t n_images)
{
    const double n = (double)n_images, m = (double)n_repeats;
    struct squares s = {.mean = mean_of_repeat(right, n_repeats * n_images)};
    for (size_t r = 0; r < n_repeats; r++)
        s.trainings += pow(mean_of_repeat(right + r * n_images, n_images) - s.mean, 2);
    for (size_t i = 0; i < n_images; i++)
        s.images += pow(mean_of_image(right, n_repeats, n_images, i) - s.mean, 2);
    /* The total is that of values that are 0 or 1. */
    s.residual = n * m * s.mean * (1 - s.mean) - m * s.images - n * s.trainings;
    return s;
}

static void set_interval(struct accuracy *a, double variance, double df, size_t n_images)
{
    const double p = a->mean, t = student_t_critical(ALPHA, df);
    const double n = variance > 0 ? p * (1 - p) / variance : (double)n_images;
    const double centre = (p + t * t / (2 * n)) / (1 + t * t / n);
    const double half = t / (1 + t * t / n) * sqrt(p * (1 - p) / n + t * t / (4 * n * n));
    a->low = fmax(0, centre - half);
    a->high = fmin(1, centre + half);
}

struct accuracy accuracy_of(const uint8_t *right, size_t n_repeats, size_t n_images)
{
    const struct squares s = squares_of(right, n_repeats, n_images);
    const double n = (double)n_images, m = (double)n_repeats;
    struct accuracy a = {.mean = s.mean, .sd_training = NAN};
    const double by_images = s.images / (n - 1) / n;
    double by_training = 0, df = INFINITY;
    a.sd_test = sqrt(by_images);
    if (n_repeats > 1) {
        const double interaction = fmax(0, s.residual) / ((m - 1) * (n - 1)) / n;
        const double component = fmax(0, s.trainings / (m - 1) - interaction);
        a.sd_training = sqrt(component);
        by_training = component / m;
        if (by_training > 0)
            df = pow(by_images + by_training, 2) /
                 (pow(by_images, 2) / (n - 1) + pow(by_training, 2) / (m - 1));
    }
    set_interval(&a, by_images + by_training, df, n_images);
    return a;
}
