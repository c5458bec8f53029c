/* Gives a target each file that is named, and says how many there were. */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        return -1;
    const long size = ftell(file);
    uint8_t *data = size < 0 ? NULL : malloc((size_t)size + 1);
    rewind(file);
    const int failed = !data || fread(data, 1, (size_t)size, file) != (size_t)size;
    if (!failed)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    fclose(file);
    return failed ? -1 : 0;
}

int main(int n_arguments, char **arguments)
{
    for (int i = 1; i < n_arguments; i++)
        if (replay(arguments[i])) {
            perror(arguments[i]);
            return 1;
        }
    printf("%d inputs replayed\n", n_arguments - 1);
    return n_arguments > 1 ? 0 : 1;
}
