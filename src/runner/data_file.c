#include "runner/data_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *data_file(char path[static DATA_FILE_BYTES], const char *given, const char *relative)
{
    if (given)
        return given;
    if (access(relative, F_OK) == 0)
        return relative;
    char program[DATA_FILE_BYTES];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return relative;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return relative;
    *slash = '\0';
    const int needed = snprintf(path, DATA_FILE_BYTES, "%s/../share/fmbench/%s", program, relative);
    return needed < DATA_FILE_BYTES && access(path, F_OK) == 0 ? path : relative;
}
