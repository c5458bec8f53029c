/* The IDX reader; the first byte chooses what is asked for, and whether the file is gzip. */
#include "loader/idx.h"

#include "target.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const uint8_t choice = data[0];
    const struct idx_request request = {
        .path = target_file(choice & 0x80 ? "input.gz" : "input", data + 1, size - 1),
        .n_dimensions = 1 + choice % IDX_DIMENSIONS_MAX,
        .limit = choice >> 3 & 0xf,
    };
    struct idx idx;
    struct error error = {STATUS_OK, ""};
    unsigned sum = 0;
    target_check(idx_read(&idx, &request, &error), &error);
    for (size_t i = 0; idx.bytes && i < idx.n_kept * idx.sizes[1] * idx.sizes[2]; i++)
        sum += idx.bytes[i];
    if (!idx.bytes && (sum || idx.n_kept || idx.sizes[0]))
        abort();
    idx_destroy(&idx);
    return 0;
}
