#include "loader/glyph.h"

#include "numerics/rng.h"

#include <math.h>

/* Children of a dataset's key. */
enum { KEY_LABELS = 1, KEY_IMAGES = 2 };

/* cos and sin of 36 degrees, by which a five-pointed star is folded. */
static const double cos_36 = 0.80901699437494742, sin_36 = 0.58778525229247313;

struct point {
    double x, y;
};

/* A position in the image, and the frame of the shape there: centre 0, radius 1. */
struct pose {
    struct point centre;
    double cosine, sine;
    double radius, stretch;
};

static double norm(double x, double y)
{
    return sqrt(x * x + y * y);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/*
 * The distance of p to a segment, from the projection on it, held between its ends. Where both ends
 * are one point the projection is no number or infinite, and still one of the ends.
 */
static double to_segment(struct point p, struct point from, struct point to)
{
    const double dx = to.x - from.x, dy = to.y - from.y, px = p.x - from.x, py = p.y - from.y;
    const double along = (px * dx + py * dy) / (dx * dx + dy * dy);
    const double t = smaller(larger(along, 0.0), 1.0);
    return norm(px - t * dx, py - t * dy);
}

/*
 * The shapes: the distance of p to the border, negative inside, in units of the radius; w is half
 * the width of a stroke. Near the border is where it has to be right.
 */

static double disc(struct point p, double w)
{
    (void)w;
    return norm(p.x, p.y) - 0.85;
}

static double ring(struct point p, double w)
{
    return fabs(norm(p.x, p.y) - 0.75) - w;
}

static double square(struct point p, double w)
{
    (void)w;
    return larger(fabs(p.x), fabs(p.y)) - 0.72;
}

/* Three half-planes; 0.866 is half the square root of 3. */
static double triangle(struct point p, double w)
{
    (void)w;
    return larger(p.y, 0.866 * fabs(p.x) - 0.5 * p.y) - 0.5;
}

static double plus(struct point p, double w)
{
    const double x = fabs(p.x), y = fabs(p.y);
    return larger(larger(x, y) - 0.9, smaller(x, y) - w);
}

static double cross(struct point p, double w)
{
    const struct point turned = {0.70710678118654752 * (p.x - p.y),
                                 0.70710678118654752 * (p.x + p.y)};
    return plus(turned, w);
}

static double bars(struct point p, double w)
{
    return larger(fabs(fabs(p.x) - 0.45) - w, fabs(p.y) - 0.8);
}

/* A disc without a second one beside its centre. */
static double crescent(struct point p, double w)
{
    (void)w;
    return larger(norm(p.x, p.y) - 0.9, 0.75 - norm(p.x - 0.4, p.y));
}

/* Folded along its axes until one edge is left, from the tip (0, -1) to the notch at radius 0.45.
 */
static double star(struct point p, double w)
{
    const struct point notch = {0.45 * sin_36, 0.45 * cos_36};
    double x = fabs(p.x), y = -p.y;
    (void)w;
    for (int i = 0; i < 2; i++) {
        const double beyond = larger(0.0, x * cos_36 - y * sin_36);
        x = fabs(x - 2.0 * beyond * cos_36);
        y += 2.0 * beyond * sin_36;
    }
    const double dx = notch.x, dy = notch.y - 1.0;
    return (dx * (y - 1.0) - dy * x) / norm(dx, dy);
}

static double zigzag(struct point p, double w)
{
    static const struct point corners[] = {{-0.9, 0.45}, {-0.3, -0.5}, {0.3, 0.5}, {0.9, -0.45}};
    double nearest = to_segment(p, corners[0], corners[1]);
    nearest = smaller(nearest, to_segment(p, corners[1], corners[2]));
    return smaller(nearest, to_segment(p, corners[2], corners[3])) - w;
}

static double (*const shapes[GLYPH_SHAPES])(struct point p, double w) = {
    disc, ring, square, triangle, cross, plus, bars, crescent, star, zigzag};

static double draw_from(struct rng *rng, struct interval interval)
{
    return interval.low + (interval.high - interval.low) * rng_uniform(rng);
}

static struct pose draw_pose(struct rng *rng, const struct glyph_style *style)
{
    struct pose pose;
    const double middle = 0.5 * (GLYPH_SIDE - 1);
    pose.centre.x = middle + draw_from(rng, style->offset);
    pose.centre.y = middle + draw_from(rng, style->offset);
    pose.radius = draw_from(rng, style->radius);
    pose.stretch = draw_from(rng, style->stretch);
    const double t = draw_from(rng, style->half_turn);
    pose.cosine = (1.0 - t * t) / (1.0 + t * t);
    pose.sine = 2.0 * t / (1.0 + t * t);
    return pose;
}

static struct point into_frame(const struct pose *pose, double x, double y)
{
    const double dx = x - pose->centre.x, dy = y - pose->centre.y;
    return (struct point){(pose->cosine * dx + pose->sine * dy) / (pose->radius * pose->stretch),
                          (pose->cosine * dy - pose->sine * dx) * pose->stretch / pose->radius};
}

/* Lays ink over a pixel whose centre is `distance` pixels outside of the border. */
static double blend(double under, double ink, double distance)
{
    const double cover = smaller(larger(0.5 - distance, 0.0), 1.0);
    return under + cover * (ink - under);
}

static struct point pixel(size_t i)
{
    const size_t row = i / GLYPH_SIDE;
    return (struct point){(double)(i % GLYPH_SIDE), (double)row};
}

static void lay_shape(double *image, struct rng *rng, const struct glyph_style *style,
                      unsigned label)
{
    const struct pose pose = draw_pose(rng, style);
    const double w = draw_from(rng, style->half_width), ink = draw_from(rng, style->ink);
    for (size_t i = 0; i < GLYPH_PIXELS; i++) {
        const struct point at = pixel(i), p = into_frame(&pose, at.x, at.y);
        image[i] = blend(image[i], ink, pose.radius * shapes[label](p, w));
    }
}

static void lay_scratch(double *image, struct rng *rng, const struct glyph_style *style,
                        double brightness)
{
    const struct interval place = {0.0, GLYPH_SIDE - 1}, length = {-9.0, 9.0};
    struct point from, to;
    from.x = draw_from(rng, place); /* one draw a statement: their order is part of the dataset */
    from.y = draw_from(rng, place);
    to.x = from.x + draw_from(rng, length);
    to.y = from.y + draw_from(rng, length);
    const double radius = draw_from(rng, style->radius);
    const double w = 0.5 * radius * draw_from(rng, style->half_width);
    for (size_t i = 0; i < GLYPH_PIXELS; i++) {
        image[i] = blend(image[i], brightness, to_segment(pixel(i), from, to) - w);
    }
}

/* The sum of four uniform bytes is close to normal, with standard deviation 147.8. */
static double draw_noise(struct rng *rng)
{
    const uint32_t word = rng_u32(rng);
    const uint32_t sum = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24);
    return ((double)sum - 510.0) / 147.8;
}

uint8_t glyph_label(uint64_t key, uint64_t row)
{
    uint32_t order[GLYPH_SHAPES];
    struct rng rng = rng_create(rng_derive(key, KEY_LABELS), row / GLYPH_SHAPES);
    for (uint32_t i = 0; i < GLYPH_SHAPES; i++)
        order[i] = i;
    rng_shuffle(&rng, order, GLYPH_SHAPES);
    return (uint8_t)order[row % GLYPH_SHAPES];
}

void glyph_draw(uint8_t pixels[GLYPH_PIXELS], const struct glyph_style *style, uint64_t key,
                uint64_t row)
{
    double image[GLYPH_PIXELS];
    struct rng rng = rng_create(rng_derive(key, KEY_IMAGES), row);
    const double paper = draw_from(&rng, style->paper), noise = draw_from(&rng, style->noise);
    for (size_t i = 0; i < GLYPH_PIXELS; i++)
        image[i] = paper;
    lay_shape(image, &rng, style, glyph_label(key, row));
    for (unsigned i = 0; i < style->n_scratches; i++)
        lay_scratch(image, &rng, style, i % 2 ? paper : draw_from(&rng, style->ink));
    for (size_t i = 0; i < GLYPH_PIXELS; i++) {
        const double value = image[i] + noise * draw_noise(&rng);
        pixels[i] = (uint8_t)(smaller(larger(value, 0.0), 255.0) + 0.5);
    }
}
