/*
 * Drawing one grey image of the synthetic datasets: a shape on noise.
 *
 * The same bytes on every machine: only + - x / and sqrt, which IEEE 754 defines to the last bit,
 * and random numbers that depend on (key, row) alone. Thread-safe.
 */
#ifndef FMBENCH_LOADER_GLYPH_H
#define FMBENCH_LOADER_GLYPH_H

#include <stddef.h>
#include <stdint.h>

enum { GLYPH_SIDE = 28, GLYPH_PIXELS = GLYPH_SIDE * GLYPH_SIDE, GLYPH_SHAPES = 10 };

struct interval {
    double low, high;
};

/* What an image is drawn from: every value is uniform in its interval, lengths are in pixels. */
struct glyph_style {
    struct interval offset;     /* of the centre from the image's, in each direction */
    struct interval radius;     /* of the circle around the shape */
    struct interval stretch;    /* width over height */
    struct interval half_turn;  /* tangent of half the angle of rotation */
    struct interval half_width; /* of a stroke, relative to the radius */
    struct interval ink, paper; /* brightness, 0 .. 255 */
    struct interval noise;      /* standard deviation, in steps of brightness */
    unsigned n_scratches;       /* strokes that belong to no shape, of either brightness */
};

/* Row `row` of the dataset with this key: every ten rows from a multiple of ten have each shape. */
uint8_t glyph_label(uint64_t key, uint64_t row);

void glyph_draw(uint8_t pixels[GLYPH_PIXELS], const struct glyph_style *style, uint64_t key,
                uint64_t row);

#endif
