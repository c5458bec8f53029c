/*
 * Where a UTF-8 text may be cut, for fixed buffers and terminals: never within a code point. A byte
 * that is no part of UTF-8 counts as a character of its own. Thread-safe.
 */
#ifndef FMBENCH_BASE_UTF8_H
#define FMBENCH_BASE_UTF8_H

#include <stddef.h>

/* Bytes of the longest beginning of `text` that has at most max_bytes. */
size_t utf8_fit_bytes(const char *text, size_t max_bytes);

/*
 * Bytes of the longest beginning that a terminal shows in at most max_columns, and how many it then
 * takes. From U+1100 on, where scripts of two columns begin, each code point is taken to need two.
 */
size_t utf8_fit_columns(const char *text, size_t max_columns, size_t *n_columns);

/* Columns of the code points that begin within the first n_bytes, or within all of a shorter text.
 */
size_t utf8_columns(const char *text, size_t n_bytes);

#endif
