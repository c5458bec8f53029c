/* The CSV reader; the first byte chooses the limit, and whether the file is gzip. */
#include "loader/csv.h"

#include "target.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const uint8_t choice = data[0];
    const struct csv_request request = {
        .path = target_file(choice & 0x80 ? "input.csv.gz" : "input.csv", data + 1, size - 1),
        .limit = choice & 0xf,
    };
    struct csv csv;
    struct error error = {STATUS_OK, ""};
    unsigned sum = 0;
    target_check(csv_read(&csv, &request, &error), &error);
    for (size_t i = 0; i < csv.n_kept * csv.n_features; i++)
        sum += csv.pixels[i];
    for (size_t i = 0; i < csv.n_kept; i++)
        sum += csv.labels[i];
    if (!csv.pixels && (sum || csv.n_kept || csv.n_rows))
        abort();
    if (csv.pixels && (csv.n_kept > csv.n_rows || (request.limit && csv.n_kept > request.limit)))
        abort();
    csv_destroy(&csv);
    return 0;
}
