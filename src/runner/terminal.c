#include "runner/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24 };

static bool ends_with(const char *text, const char *ending)
{
    const size_t length = strlen(text), n = strlen(ending);
    return length >= n && strcmp(text + length - n, ending) == 0;
}

/* The monochrome ones by terminfo's conventions for names: vt100, xterm-mono, linux-m. */
static bool is_monochrome(const char *name)
{
    return strncmp(name, "vt", 2) == 0 || ends_with(name, "-mono") || ends_with(name, "-m");
}

struct terminal terminal_of(FILE *out)
{
    const char *name = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    const int fd = fileno(out);
    struct terminal terminal = {.out = out, .is_terminal = fd >= 0 && isatty(fd)};
    terminal.can_redraw = terminal.is_terminal && name && *name && strcmp(name, "dumb") != 0;
    terminal.has_colour = terminal.can_redraw && !(no_colour && *no_colour) && !is_monochrome(name);
    return terminal;
}

struct terminal_size terminal_size(const struct terminal *terminal)
{
    struct winsize size;
    if (ioctl(fileno(terminal->out), TIOCGWINSZ, &size) || size.ws_col == 0 || size.ws_row == 0)
        return (struct terminal_size){DEFAULT_COLUMNS, DEFAULT_ROWS};
    return (struct terminal_size){size.ws_col, size.ws_row};
}
