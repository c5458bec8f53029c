#include "runner/cell.h"

#include "numerics/rng.h"
#include "runner/parameter_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The purposes that random numbers are drawn for. */
enum { PURPOSE_SHUFFLE = 1, PURPOSE_CLASSIFIER = 2 };

/* `CLASS key=value;...` with every parameter, or with those alone that shape the fit. */
static char *configuration_text(const struct classifier_class *class,
                                const struct parameters *parameters, bool fit_only)
{
    const struct parameter_spec *table = class->parameters;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs(class->name, out);
    for (size_t i = 0; table[i].name; i++) {
        json_t *value = parameter_to_json(&table[i], &parameters->values[i]);
        char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
        if (shown && !(fit_only && table[i].is_readout))
            fprintf(out, " %s=%s;", table[i].name, shown);
        free(shown);
        json_decref(value);
    }
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}

static enum status hash_text(char hex[DIGEST_HEX_BYTES], const char *text, struct error *error)
{
    const struct digest_part part = {.bytes = text, .n_bytes = strlen(text)};
    return digest_sha256(hex, &part, 1, error);
}

static enum status set_rng_key(struct cell *cell, const struct parameters *effective,
                               struct error *error)
{
    char hex[DIGEST_HEX_BYTES];
    char *text = configuration_text(cell->point->class, effective, true);
    if (!text)
        return error_memory(error, "a cell", 0);
    const enum status status = hash_text(hex, text, error);
    free(text);
    if (status)
        return status;
    hex[16] = '\0';
    cell->rng_key = rng_derive(strtoull(hex, NULL, 16), cell->seed);
    return STATUS_OK;
}

static enum status set_identity(const struct cell *cell, const struct parameters *parameters,
                                bool fit_only, char identity[DIGEST_HEX_BYTES], struct error *error)
{
    char *configuration = configuration_text(cell->point->class, parameters, fit_only);
    char *text = NULL;
    char *external = external_identity(cell->point);
    enum status status = STATUS_OK;
    if (!configuration || !external ||
        asprintf(&text, "dataset=%s %s%s seed=%" PRIu64 " repeats=%zu", cell->dataset->hash,
                 configuration, external, cell->seed, cell->n_repeats) < 0) {
        text = NULL;
        status = error_memory(error, "a cell", 0);
    }
    if (!status)
        status = hash_text(identity, text, error);
    free(configuration);
    free(external);
    free(text);
    return status;
}

static bool is_shared(const struct classifier_class *class, const struct parameters *effective)
{
    return !class->is_shared || class->is_shared(effective);
}

enum status cell_init(struct cell *cell, const struct cell_request *request, struct error *error)
{
    *cell = (struct cell){.point = request->point,
                          .dataset = request->dataset,
                          .n_repeats = request->n_repeats,
                          .seed = request->seed};
    struct parameters effective = request->point->parameters;
    if (request->point->class->canonical)
        request->point->class->canonical(&effective);
    enum status status = set_rng_key(cell, &effective, error);
    if (!status)
        status = set_identity(cell, &request->point->parameters, false, cell->identity, error);
    if (!status)
        status = set_identity(cell, &effective, false, cell->problem, error);
    if (!status)
        status = set_identity(cell, &effective, is_shared(cell->point->class, &effective),
                              cell->fit, error);
    return status;
}

/* No limit is the largest. */
static void raise_number(struct parameter_value *value, const struct parameter_value *asked)
{
    if (!value->is_none && (asked->is_none || asked->numbers[0] > value->numbers[0]))
        *value = *asked;
}

void cell_fit_parameters(const struct cell *cell, struct parameters *parameters)
{
    const struct parameter_spec *table = cell->point->class->parameters;
    *parameters = cell->point->parameters;
    for (const struct cell *reader = cell->reader; reader; reader = reader->reader)
        for (size_t i = 0; table[i].name; i++)
            if (table[i].is_readout && table[i].type == PARAMETER_INTEGER)
                raise_number(&parameters->values[i], &reader->point->parameters.values[i]);
}

size_t cell_n_readers(const struct cell *cell)
{
    size_t n = 0;
    for (; cell; cell = cell->reader)
        n++;
    return n;
}

uint64_t cell_shuffle_key(const struct cell *cell, size_t repeat)
{
    return rng_derive(rng_derive(cell->seed, PURPOSE_SHUFFLE), repeat);
}

uint64_t cell_classifier_key(const struct cell *cell, size_t repeat)
{
    return rng_derive(rng_derive(cell->rng_key, PURPOSE_CLASSIFIER), repeat);
}
