/* What an external command answers: the text up to a byte 0xff, and labels after it. */
#include "runner/external_files.h"

#include "target.h"

#include <stdlib.h>
#include <string.h>

enum { N_TEST = 5 };

static const struct dataset dataset = {
    .n_classes = 3, .class_values = {0, 7, 255}, .test = {.n_rows = N_TEST}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1];
    const uint8_t *mark = size ? memchr(data, 0xff, size) : NULL;
    const size_t n_text = mark ? (size_t)(mark - data) : size;
    const size_t n_labels = mark ? size - n_text - 1 : 0;
    uint8_t predicted[N_TEST];
    struct external_reply reply;
    struct error error = {STATUS_OK, ""}, second = {STATUS_OK, ""};
    target_file(external_reply_name, data ? data : nothing, n_text);
    target_file(external_labels_name, n_labels ? mark + 1 : nothing, n_labels);
    target_check(external_read_reply(&reply, target_folder(), 10, &error), &error);
    const enum status status = external_read_labels(predicted, target_folder(), &dataset, &second);
    target_check(status, &second);
    for (size_t i = 0; !status && i < N_TEST; i++)
        if (predicted[i] >= dataset.n_classes)
            abort();
    return 0;
}
