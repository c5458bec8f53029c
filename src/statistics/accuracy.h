/*
 * How far an accuracy can be trusted, when n_repeats trained models classified the same n_images.
 *
 * Whether model r classifies image i rightly is seen as mean + image i + training r + their
 * interaction, images and trainings drawn at random: the two-way crossed analysis of variance,
 * Cornfield and Tukey, "Average values of mean squares in factorials" (Annals of Mathematical
 * Statistics 27, 1956).
 */
#ifndef FMBENCH_STATISTICS_ACCURACY_H
#define FMBENCH_STATISTICS_ACCURACY_H

#include <stddef.h>
#include <stdint.h>

struct accuracy {
    double mean;
    double sd_training; /* of the accuracy of one model by its training, on all images there are;
                           NAN for one repeat */
    double sd_test;     /* of the mean by the choice of the images */
    double low, high;   /* 95 % interval, both sources in it; of one repeat the images alone */
};

/*
 * right: n_repeats x n_images, 1 or 0; n_images >= 2, n_repeats >= 1. The interval is Wilson's,
 * "Probable inference, the law of succession, and statistical inference" (JASA 22, 1927), at the
 * number of independent images that has the same variance, with Student's t at Satterthwaite's
 * degrees of freedom ("An approximate distribution of estimates of variance components",
 * Biometrics Bulletin 2, 1946). Thread-safe.
 */
struct accuracy accuracy_of(const uint8_t *right, size_t n_repeats, size_t n_images);

#endif
