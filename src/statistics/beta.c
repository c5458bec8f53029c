#include "statistics/beta.h"

#include <math.h>

/*
 * The continued fraction 8.17.22 of the Digital Library of Mathematical Functions by the modified
 * method of Lentz: Thompson and Barnett, "Coulomb and Bessel functions of complex arguments and
 * order" (Journal of Computational Physics 64, 1986). It takes about sqrt(max(a, b)) terms where
 * x < (a + 1) / (a + b + 2).
 */
static double continued_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 / fmax(fabs(1 - (a + b) * x / (a + 1)), tiny);
    double value = d, factor = 0;
    for (double m = 1; fabs(factor - 1) > 1e-15 && m < 1e6; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double terms[] = {even, odd};
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + terms[i] / c;
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            value *= factor;
        }
    }
    return value;
}

double incomplete_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2))
        return 1 - incomplete_beta(b, a, 1 - x);
    const double front =
        exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a;
    return front * continued_fraction(a, b, x);
}
