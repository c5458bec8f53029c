/*
 * Status codes and the error that goes with them.
 *
 * A function that can fail returns an enum status and fills a caller-owned struct error. The error
 * is written only on failure and may be NULL when the caller does not want the message. A message
 * says what failed, where, which value, and what to do. Thread-safe: no shared state.
 */
#ifndef FMBENCH_BASE_ERROR_H
#define FMBENCH_BASE_ERROR_H

enum status {
    STATUS_OK = 0,
    STATUS_FAILED, /* the work itself could not be done */
    STATUS_USAGE,  /* command line or configuration */
    STATUS_DATA,   /* a dataset or a journal is not what it must be */
    STATUS_MEMORY, /* an allocation failed */
    STATUS_IO      /* the system refused a file operation */
};

struct error {
    enum status status;
    char message[1024];
};

/* Fills `error` (if not NULL) and returns `status`, so that a caller can `return error_set(...)`.
 */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* STATUS_MEMORY with a message that names what needed `n_bytes`. Inline, so that static analysis
   sees that it fails. */
static inline enum status error_memory(struct error *error, const char *what,
                                       unsigned long long n_bytes)
{
    error_set(error, STATUS_MEMORY, "cannot allocate %llu bytes for %s", n_bytes, what);
    return STATUS_MEMORY;
}

#endif
