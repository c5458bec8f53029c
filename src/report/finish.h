/* The end of a report: what was written has arrived, or an error. */
#ifndef FMBENCH_REPORT_FINISH_H
#define FMBENCH_REPORT_FINISH_H

#include "base/error.h"

#include <stdio.h>

/* STATUS_IO "cannot write WHAT: ..." when any of it could not be written. */
enum status report_finish(FILE *out, const char *what, struct error *error);

#endif
