#include "report/finish.h"

#include <errno.h>
#include <string.h>

enum status report_finish(FILE *out, const char *what, struct error *error)
{
    if (fflush(out) == 0 && !ferror(out))
        return STATUS_OK;
    return error_set(error, STATUS_IO, "cannot write %s: %s", what, strerror(errno));
}
