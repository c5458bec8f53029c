/* The NumPy reader; the first byte chooses the limit, and whether the file is an archive. */
#include "loader/npy.h"

#include "target.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char member[PATH_MAX + 16];
    if (size == 0)
        return 0;
    const bool is_archive = data[0] & 0x80;
    const char *path = target_file(is_archive ? "input.npz" : "input.npy", data + 1, size - 1);
    snprintf(member, sizeof member, "%s/arr_0.npy", path);
    const struct npy_request request = {
        .path = is_archive ? member : path, .is_member = is_archive, .limit = data[0] & 0xf};
    struct npy npy;
    struct error error = {STATUS_OK, ""};
    unsigned sum = 0;
    target_check(npy_read(&npy, &request, &error), &error);
    const size_t n = npy.n_kept * npy.sizes[1] * npy.sizes[2] * npy.sizes[3];
    for (size_t i = 0; npy.bytes && i < n; i++)
        sum += npy.bytes[i];
    if (!npy.bytes && (sum || npy.n_kept || npy.sizes[0]))
        abort();
    npy_destroy(&npy);
    return 0;
}
