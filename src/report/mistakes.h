/* Which classes and images the rows of a dataset get wrong. */
#ifndef FMBENCH_REPORT_MISTAKES_H
#define FMBENCH_REPORT_MISTAKES_H

#include "report/outcomes.h"

/* counts: n_classes x n_classes, true class by predicted class, over all repeats of a row that has
   predictions. */
void mistakes_confusion(const struct outcomes *outcomes, size_t row, size_t *restrict counts);

struct mistake {
    size_t image;
    uint8_t truth, predicted; /* places in the classes */
    size_t n_family, n_rows;  /* rows of the same classifier, and of all, that predict the same */
};

/*
 * The images that a row gets wrong most surely, at most `most` of them; returns how many. A model
 * keeps no other word of its confidence than its labels: all repeats of the row predict the same
 * wrong class, and then the more rows of its classifier predict it too, the surer. Of equally sure
 * ones those come first that fewer of all rows predict, which are the classifier's own; the rest is
 * the order of the images. Other rows are seen by their typical repeats.
 */
size_t mistakes_surest(const struct outcomes *outcomes, size_t row, struct mistake *mistakes,
                       size_t most);

struct hard_image {
    size_t image, n_wrong; /* rows whose typical repeat is wrong */
};

/* The images that most rows get wrong, at most `most` of them, those of as many in their order;
   returns how many. */
size_t mistakes_hardest(const struct outcomes *outcomes, struct hard_image *images, size_t most);

/* counts: n_classes, the rows that predict each class in their typical repeat. */
void mistakes_votes(const struct outcomes *outcomes, size_t image, size_t *restrict counts);

#endif
