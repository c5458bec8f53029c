/*
 * What products of a variable and its multiplier are to become in the interior-point method of
 * linear_interior.c: in turns for the prediction of Mehrotra, its correction, and the centrality
 * corrections of Gondzio.
 */
#ifndef FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_TARGET_H
#define FMBENCH_CLASSIFIERS_LINEAR_INTERIOR_TARGET_H

#include <math.h>

enum linear_interior_aim { AIM_PREDICT, AIM_CORRECT, AIM_CENTRE };

struct linear_interior_target {
    enum linear_interior_aim aim;
    double product; /* 0 for AIM_PREDICT */
    double ahead;   /* AIM_CENTRE: the share of the direction where products are looked at */
};

/* What would bring a product back to the range about the target, if it has left it; from above by
   no more than the range is wide. */
static inline double linear_interior_centring(double product, double target)
{
    const double spread = 10, low = target / spread, high = target * spread;
    if (product < low)
        return low - product;
    return product > high ? fmax(high - product, -high) : 0;
}

#endif
