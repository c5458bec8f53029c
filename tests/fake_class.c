#include "fake_class.h"

#include <string.h>

static uint8_t train_pixels[FAKE_TRAIN], test_pixels[FAKE_TEST];
static uint8_t train_labels[FAKE_TRAIN] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
                                           0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
static uint8_t test_labels[FAKE_TEST] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1};

const struct dataset fake_dataset = {
    .name = "tiny",
    .height = 1,
    .width = 1,
    .n_features = 1,
    .n_classes = FAKE_CLASSES,
    .class_values = {0, 1},
    .train = {.n_rows = FAKE_TRAIN, .pixels = train_pixels, .labels = train_labels},
    .test = {.n_rows = FAKE_TEST, .pixels = test_pixels, .labels = test_labels},
    .hash = "0123",
};

static const struct parameter_spec no_parameters[] = {{.name = NULL}};

static enum status create(void **model, const struct parameters *parameters, struct error *error)
{
    (void)parameters, (void)error;
    *model = NULL;
    return STATUS_OK;
}

static void destroy(void *model)
{
    (void)model;
}

static enum status predict(void *model, const struct parameters *readout, const struct features *x,
                           const struct execution *execution, uint8_t *restrict labels,
                           struct error *error)
{
    (void)model, (void)readout, (void)execution, (void)error;
    memset(labels, 0, x->n_rows);
    return STATUS_OK;
}

struct classifier_class fake_class(fake_fit *fit)
{
    return (struct classifier_class){.name = "Fake",
                                     .summary = "",
                                     .parameters = no_parameters,
                                     .create = create,
                                     .fit = fit,
                                     .predict = predict,
                                     .destroy = destroy};
}
