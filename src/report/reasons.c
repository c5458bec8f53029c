#include "report/reasons.h"

#include <string.h>

size_t reasons_number(struct reasons *reasons, const char *text)
{
    size_t i = 0;
    while (i < reasons->n && strcmp(reasons->texts[i], text) != 0)
        i++;
    if (i == reasons->n)
        reasons->texts[reasons->n++] = text;
    return i + 1;
}
