#include "statistics/student_t.h"

#include "statistics/beta.h"

#include <math.h>

double student_t_p(double t, double df)
{
    if (isinf(df))
        return erfc(fabs(t) / sqrt(2));
    return incomplete_beta(df / 2, 0.5, df / (df + t * t));
}

double student_t_critical(double p, double df)
{
    double low = 0, high = 1;
    while (student_t_p(high, df) > p)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        const double middle = (low + high) / 2;
        if (student_t_p(middle, df) > p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
