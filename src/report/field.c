#include "report/field.h"

#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { MARGIN = 2 };

static void write_clean(FILE *out, const char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        fputc(iscntrl((unsigned char)text[i]) ? '?' : text[i], out);
}

static void start_line(FILE *out, size_t indent)
{
    fprintf(out, "\n%*s", (int)indent, "");
}

/* The words of the text, from `column` on in lines that start at `indent`. */
static void write_words(FILE *out, const char *text, size_t column, size_t indent)
{
    for (const char *word = text; *word; word += strspn(word, " ")) {
        const size_t n_bytes = strcspn(word, " ");
        const size_t width = utf8_columns(word, n_bytes);
        if (indent + width > FIELD_COLUMNS) {
            start_line(out, MARGIN);
            column = MARGIN;
        } else if (word != text && column + 1 + width > FIELD_COLUMNS) {
            start_line(out, indent);
            column = indent;
        } else if (word != text) {
            fputc(' ', out);
            column++;
        }
        write_clean(out, word, n_bytes);
        column += width;
        word += n_bytes;
    }
    fputc('\n', out);
}

void field_write(FILE *out, size_t name_columns, const char *name, const char *text)
{
    const size_t indent = MARGIN + name_columns + MARGIN;
    const size_t used = utf8_columns(name, strlen(name));
    fprintf(out, "%*s", MARGIN, "");
    write_clean(out, name, strlen(name));
    if (indent + utf8_columns(text, strcspn(text, " ")) <= FIELD_COLUMNS)
        fprintf(out, "%*s", used < name_columns ? (int)(name_columns - used + MARGIN) : MARGIN, "");
    write_words(out, text, indent, indent);
}

void field_write_title(FILE *out, const char *name, const char *text)
{
    write_clean(out, name, strlen(name));
    fputc(' ', out);
    write_words(out, text, utf8_columns(name, strlen(name)) + 1, MARGIN);
}

void field_number(char text[static FIELD_TEXT_BYTES], double number)
{
    const double size = fabs(number);
    const bool is_count = number == floor(number) && size < 1e9;
    const char *format = is_count ? "%.0f" : size >= 1e-3 && size < 1e9 ? "%.8g" : "%.4g";
    snprintf(text, FIELD_TEXT_BYTES, format, number);
}

void field_bytes(char text[static FIELD_TEXT_BYTES], double n_bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (n_bytes >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        n_bytes /= 1024;
        unit++;
    }
    snprintf(text, FIELD_TEXT_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", n_bytes, units[unit]);
}

void field_time(char text[static FIELD_TEXT_BYTES], int64_t epoch_s)
{
    const time_t seconds = (time_t)epoch_s;
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) ||
        strftime(text, FIELD_TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        snprintf(text, FIELD_TEXT_BYTES, "%lld s since 1970", (long long)epoch_s);
}
