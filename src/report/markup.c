#include "report/markup.h"

#include <stdarg.h>
#include <stdlib.h>

int markup_item(FILE *out, const struct markup *markup, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return -1;
    markup->item(out, text);
    free(text);
    return 0;
}
