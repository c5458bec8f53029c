#include "loader/glyphs.h"

#include "loader/glyph.h"
#include "numerics/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { N_FILES = 4, COMPRESSION_LEVEL = 1, GZ_BUFFER_BYTES = 1 << 17 };

static const struct variant {
    const char *name;
    uint64_t number; /* the child of the seed that it draws from */
    struct glyph_style style;
} variants[] = {
    {"easy",
     1,
     {.offset = {-2.5, 2.5},
      .radius = {8.5, 12.5},
      .stretch = {0.9, 1.1},
      .half_turn = {-0.15, 0.15},
      .half_width = {0.14, 0.26},
      .ink = {150.0, 255.0},
      .paper = {0.0, 40.0},
      .noise = {5.0, 30.0},
      .n_scratches = 0}},
    {"hard",
     2,
     {.offset = {-3.5, 3.5},
      .radius = {7.5, 12.0},
      .stretch = {0.8, 1.25},
      .half_turn = {-0.16, 0.16},
      .half_width = {0.14, 0.28},
      .ink = {110.0, 255.0},
      .paper = {0.0, 80.0},
      .noise = {5.0, 45.0},
      .n_scratches = 3}},
};

/* One of the four files while it is written. */
struct output {
    const char *name;           /* static */
    const char *suffix, *other; /* of its form, and of the one that it is not; static */
    bool is_images;
    uint64_t part; /* the child of the variant's key: 1 training, 2 test */
    size_t n_rows;
    char path[PATH_MAX], temporary[PATH_MAX], replaced[PATH_MAX];
};

static const struct variant *find_variant(const char *name)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (strcmp(variants[i].name, name) == 0)
            return &variants[i];
    return NULL;
}

static enum status check_rows(const char *what, size_t n_rows, size_t least, struct error *error)
{
    if (n_rows >= least && n_rows <= UINT32_MAX)
        return STATUS_OK;
    return error_set(error, STATUS_USAGE, "glyphs: %s is %zu, expected %zu to %lu", what, n_rows,
                     least, (unsigned long)UINT32_MAX);
}

static enum status make_folder(const char *path, struct error *error)
{
    if (mkdir(path, 0777) && errno != EEXIST)
        return error_set(error, STATUS_IO, "%s: cannot make the folder: %s", path, strerror(errno));
    return STATUS_OK;
}

static enum status name_output(struct output *output, const char *folder, struct error *error)
{
    const char *name = output->name, *suffix = output->suffix;
    const int lengths[] = {
        snprintf(output->path, PATH_MAX, "%s/%s%s", folder, name, suffix),
        snprintf(output->replaced, PATH_MAX, "%s/%s%s", folder, name, output->other),
        snprintf(output->temporary, PATH_MAX, "%s/.%s%s.%ld", folder, name, suffix, (long)getpid()),
    };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (lengths[i] < 0 || lengths[i] >= PATH_MAX)
            return error_set(error, STATUS_USAGE, "%s: the path is too long", folder);
    return STATUS_OK;
}

static void put_big_endian_32(uint8_t *bytes, size_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static bool put_header(gzFile file, const struct output *output)
{
    const size_t n_dimensions = output->is_images ? 3 : 1;
    const size_t sizes[3] = {output->n_rows, GLYPH_SIDE, GLYPH_SIDE};
    uint8_t header[4 + 4 * 3] = {0, 0, 0x08, (uint8_t)n_dimensions};
    for (size_t i = 0; i < n_dimensions; i++)
        put_big_endian_32(header + 4 + 4 * i, sizes[i]);
    const unsigned n_bytes = 4 + 4 * (unsigned)n_dimensions;
    return gzwrite(file, header, n_bytes) == (int)n_bytes;
}

static bool put_rows(gzFile file, const struct output *output, const struct variant *variant,
                     uint64_t key)
{
    uint8_t row[GLYPH_PIXELS];
    const unsigned n_bytes = output->is_images ? GLYPH_PIXELS : 1;
    for (uint64_t i = 0; i < output->n_rows; i++) {
        if (output->is_images)
            glyph_draw(row, &variant->style, key, i);
        else
            row[0] = glyph_label(key, i);
        if (gzwrite(file, row, n_bytes) != (int)n_bytes)
            return false;
    }
    return true;
}

static enum status io_error(const char *path, struct error *error)
{
    return error_set(error, STATUS_IO, "%s: cannot write the file: %s", path, strerror(errno));
}

static enum status write_output(const struct output *output, const struct variant *variant,
                                uint64_t seed, struct error *error)
{
    const uint64_t key = rng_derive(rng_derive(seed, variant->number), output->part);
    const char compressed[] = {'w', 'b', '0' + COMPRESSION_LEVEL, '\0'};
    const int descriptor = open(output->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return io_error(output->temporary, error);
    gzFile file = gzdopen(descriptor, output->suffix[0] ? compressed : "wbT");
    if (!file) {
        close(descriptor);
        return error_memory(error, "a gzip file to write", GZ_BUFFER_BYTES);
    }
    gzbuffer(file, GZ_BUFFER_BYTES);
    errno = 0;
    const bool is_written = put_header(file, output) && put_rows(file, output, variant, key);
    const enum status status = is_written ? STATUS_OK : io_error(output->temporary, error);
    if (gzclose(file) != Z_OK && !status)
        return io_error(output->temporary, error);
    return status;
}

static enum status write_all(struct output *outputs, const char *folder,
                             const struct variant *variant, uint64_t seed, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < N_FILES && !status; i++)
        status = name_output(&outputs[i], folder, error);
    for (size_t i = 0; i < N_FILES && !status; i++)
        status = write_output(&outputs[i], variant, seed, error);
    for (size_t i = 0; i < N_FILES && !status; i++)
        if (rename(outputs[i].temporary, outputs[i].path))
            status = error_set(error, STATUS_IO, "%s: cannot put the file in place: %s",
                               outputs[i].path, strerror(errno));
    /* What is left in the other form is an older dataset. */
    for (size_t i = 0; i < N_FILES; i++)
        if (!status)
            unlink(outputs[i].replaced);
        else if (outputs[i].temporary[0])
            unlink(outputs[i].temporary);
    return status;
}

enum status glyphs_write(const struct glyphs_request *request, struct error *error)
{
    char folder[PATH_MAX];
    struct output outputs[N_FILES] = {
        {.name = "train-images-idx3-ubyte", .is_images = true, .part = 1},
        {.name = "train-labels-idx1-ubyte", .is_images = false, .part = 1},
        {.name = "t10k-images-idx3-ubyte", .is_images = true, .part = 2},
        {.name = "t10k-labels-idx1-ubyte", .is_images = false, .part = 2},
    };
    for (size_t i = 0; i < N_FILES; i++) {
        outputs[i].n_rows = outputs[i].part == 1 ? request->n_train : request->n_test;
        outputs[i].suffix = request->is_plain ? "" : ".gz";
        outputs[i].other = request->is_plain ? ".gz" : "";
    }
    const struct variant *variant = find_variant(request->variant);
    if (!variant)
        return error_set(error, STATUS_USAGE,
                         "glyphs: unknown variant \"%s\", expected easy or hard", request->variant);
    enum status status = check_rows("n_train", request->n_train, GLYPH_SHAPES, error);
    if (!status)
        status = check_rows("n_test", request->n_test, 1, error);
    const int length =
        snprintf(folder, sizeof folder, "%s/glyphs-%s", request->directory, variant->name);
    if (!status && (length < 0 || length >= (int)sizeof folder))
        status = error_set(error, STATUS_USAGE, "%s: the path is too long", request->directory);
    if (!status)
        status = make_folder(request->directory, error);
    if (!status)
        status = make_folder(folder, error);
    return status ? status : write_all(outputs, folder, variant, request->seed, error);
}
