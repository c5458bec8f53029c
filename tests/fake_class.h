/* A classifier of a test's own, whose fit does what the test wants, and tiny data for it. */
#ifndef FMBENCH_TESTS_FAKE_CLASS_H
#define FMBENCH_TESTS_FAKE_CLASS_H

#include "classifiers/classifier.h"
#include "loader/dataset.h"

enum { FAKE_TRAIN = 20, FAKE_TEST = 10, FAKE_CLASSES = 2 };

extern const struct dataset fake_dataset; /* the first seven test rows are of class 0 */

typedef enum status fake_fit(void *model, const struct training_set *set,
                             const struct execution *execution, struct fit_report *report,
                             struct error *error);

/* Without parameters. It says class 0 for all rows. */
struct classifier_class fake_class(fake_fit *fit);

#define FIT(name)                                                                                  \
    static enum status name(void *model, const struct training_set *set,                           \
                            const struct execution *execution, struct fit_report *report,          \
                            struct error *error)
#define UNUSED (void)model, (void)set, (void)execution, (void)report, (void)error

#endif
