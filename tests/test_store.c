#include "loader/idx.h"
#include "report/outcomes.h"
#include "runner/store.h"

#include "report_folder.h"
#include "test_folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static char folder[FOLDER_BYTES];

/* What the store syncs, by inode, and how many of them before the last rename. */
static struct {
    ino_t inodes[64];
    size_t n, n_before_rename;
} synced;

/* In the place of the library's, in all tests: none has to wait for the disk. */
int fsync(int fd)
{
    struct stat status;
    if (synced.n < sizeof synced.inodes / sizeof *synced.inodes && !fstat(fd, &status))
        synced.inodes[synced.n++] = status.st_ino;
    return 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

int rename(const char *from, const char *to)
{
    synced.n_before_rename = synced.n;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static void setup(void)
{
    folder_create(folder);
}

static void teardown(void)
{
    folder_remove(folder);
}

static struct store open_store(void)
{
    struct store store;
    struct error error;
    cr_assert_eq(store_open(&store, folder, &error), STATUS_OK, "%s", error.message);
    return store;
}

static void append(struct journal_file *file, double score)
{
    struct record record;
    struct error error;
    folder_record_init(&record, "SVC", "{\"C\": 1}", score);
    cr_assert_eq(journal_file_append(file, &record, &error), STATUS_OK, "%s", error.message);
    record_destroy(&record);
}

/* Opens the journal, tells how many records and torn bytes it had, and closes it. */
static size_t count_records(const struct store *store, size_t *torn_bytes)
{
    struct journal_file file;
    struct journal held;
    struct error error;
    cr_assert_eq(journal_file_open(&file, store, "fashion", &held, torn_bytes, &error), STATUS_OK,
                 "%s", error.message);
    const size_t n = held.n_records;
    journal_destroy(&held);
    journal_file_close(&file);
    return n;
}

static void write_three(const struct store *store)
{
    struct journal_file file;
    struct journal held;
    size_t torn_bytes;
    cr_assert_eq(journal_file_open(&file, store, "fashion", &held, &torn_bytes, NULL), STATUS_OK);
    for (int i = 0; i < 3; i++)
        append(&file, 0.5 + 0.1 * i);
    journal_file_close(&file);
}

static const struct predictions one_label = {.dataset = "fashion",
                                             .classifier = "SVC",
                                             .cell = "0123456789abcdef0123",
                                             .labels = (const uint8_t[]){1},
                                             .n_repeats = 1,
                                             .n_test = 1};

static off_t size_of(const char *name)
{
    char path[FILE_PATH_BYTES];
    struct stat status;
    return stat(file_path(path, folder, name), &status) ? -1 : status.st_size;
}

Test(store, what_is_appended_is_read_back, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    size_t torn_bytes;
    write_three(&store);
    cr_assert_eq(count_records(&store, &torn_bytes), 3);
    cr_assert_eq(torn_bytes, 0);
    store_close(&store);
}

Test(store, a_line_torn_at_any_byte_is_set_aside, .init = setup, .fini = teardown, .timeout = 20)
{
    struct store store = open_store();
    char path[FILE_PATH_BYTES], torn[FILE_PATH_BYTES];
    size_t torn_bytes;
    write_three(&store);
    const off_t whole = size_of("fashion.jsonl"), line = whole / 3;
    file_path(path, folder, "fashion.jsonl");
    file_path(torn, folder, "fashion.jsonl.torn");
    char *content = malloc((size_t)whole);
    FILE *file = fopen(path, "rb");
    cr_assert_eq(fread(content, 1, (size_t)whole, file), (size_t)whole);
    fclose(file);
    for (off_t cut = 1; cut < line; cut++) {
        unlink(torn);
        file_put(path, content, (size_t)(whole - cut));
        cr_assert_eq(count_records(&store, &torn_bytes), 2);
        cr_assert_eq(torn_bytes, (size_t)(line - cut));
        cr_assert_eq(size_of("fashion.jsonl"), 2 * line);
        cr_assert_eq(size_of("fashion.jsonl.torn"), line - cut + 1);
    }
    free(content);
    store_close(&store);
}

Test(store, a_failed_append_leaves_whole_lines, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    struct journal_file file;
    struct journal held;
    struct record record;
    struct error error;
    size_t torn_bytes;
    write_three(&store);
    const off_t whole = size_of("fashion.jsonl");
    cr_assert_eq(journal_file_open(&file, &store, "fashion", &held, &torn_bytes, NULL), STATUS_OK);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {(rlim_t)whole + 10, RLIM_INFINITY};
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.5);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const enum status status = journal_file_append(&file, &record, &error);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    cr_assert_eq(status, STATUS_IO);
    cr_assert_not_null(strstr(error.message, "fashion.jsonl: File too large; what is finished is "
                                             "kept: make room"),
                       "%s", error.message);
    cr_assert_eq(size_of("fashion.jsonl"), whole);
    cr_assert_eq(journal_file_append(&file, &record, &error), STATUS_OK, "and goes on after");
    record_destroy(&record);
    journal_destroy(&held);
    journal_file_close(&file);
    cr_assert_eq(count_records(&store, &torn_bytes), 4);
    store_close(&store);
}

Test(store, the_lock_ends_with_its_holder, .init = setup, .fini = teardown, .timeout = 10)
{
    int ready[2];
    char byte, host[64], holder_text[128];
    cr_assert_eq(pipe(ready), 0);
    const pid_t holder = fork();
    if (holder == 0) {
        struct store held;
        if (store_open(&held, folder, NULL) || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    struct store store;
    struct error error;
    cr_assert_eq(store_open(&store, folder, &error), STATUS_FAILED);
    cr_assert_eq(gethostname(host, sizeof host), 0);
    snprintf(holder_text, sizeof holder_text, "(process %ld on %s)", (long)holder, host);
    cr_assert_not_null(strstr(error.message, holder_text), "%s", error.message);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    cr_assert_geq(size_of(".lock"), 0, "a killed holder leaves its file behind");
    cr_assert_eq(store_open(&store, folder, &error), STATUS_OK, "%s", error.message);
    store_close(&store);
    cr_assert_eq(size_of(".lock"), -1, "one that ends does not");
}

/* What is written to a removed journal, or to a folder of the same name made anew, is lost. */
Test(store, a_folder_that_was_moved_away_is_an_error, .init = setup, .fini = teardown,
     .timeout = 10)
{
    struct store store = open_store();
    struct journal_file file;
    struct journal held;
    struct record record;
    struct error error;
    size_t torn_bytes;
    char path[256], aside[FILE_PATH_BYTES];
    cr_assert_eq(journal_file_open(&file, &store, "fashion", &held, &torn_bytes, NULL), STATUS_OK);
    append(&file, 0.5);
    snprintf(aside, sizeof aside, "%s.aside", folder);
    cr_assert_eq(rename(folder, aside), 0);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.5);
    cr_assert_eq(journal_file_append(&file, &record, &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, "fashion.jsonl was removed or replaced"), "%s",
                       error.message);
    cr_assert_eq(store_predictions(&store, &one_label, path, sizeof path, &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, "was removed or replaced"), "%s", error.message);
    cr_assert_eq(store_append_run(&store, "{}", &error), STATUS_IO);
    cr_assert_eq(access(folder, F_OK), -1, "it was made anew");
    record_destroy(&record);
    journal_destroy(&held);
    journal_file_close(&file);
    store_close(&store);
    cr_assert_eq(rename(aside, folder), 0);
    store = open_store();
    cr_assert_eq(count_records(&store, &torn_bytes), 2);
    store_close(&store);
}

/* Another folder in its place, with files of the same names, is not the one that was opened. */
Test(store, a_folder_that_was_replaced_is_an_error, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    struct journal_file file;
    struct journal held;
    struct record record;
    struct error error;
    size_t torn_bytes;
    char path[FILE_PATH_BYTES], aside[FILE_PATH_BYTES];
    cr_assert_eq(journal_file_open(&file, &store, "fashion", &held, &torn_bytes, NULL), STATUS_OK);
    snprintf(aside, sizeof aside, "%s.aside", folder);
    cr_assert_eq(rename(folder, aside), 0);
    cr_assert_eq(mkdir(folder, 0777), 0);
    file_put(file_path(path, folder, ".lock"), "", 0);
    file_put(file_path(path, folder, "fashion.jsonl"), "", 0);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.5);
    cr_assert_eq(journal_file_append(&file, &record, &error), STATUS_IO);
    cr_assert_not_null(strstr(error.message, "fashion.jsonl was removed or replaced"), "%s",
                       error.message);
    cr_assert_eq(store_predictions(&store, &one_label, path, sizeof path, &error), STATUS_IO);
    cr_assert_eq(size_of("predictions"), -1, "they are in a folder of somebody else");
    record_destroy(&record);
    journal_destroy(&held);
    journal_file_close(&file);
    store_close(&store);
    cr_assert_geq(size_of(".lock"), 0, "the lock of somebody else is removed");
    folder_remove(aside);
}

Test(store, a_removed_journal_is_an_error, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    struct journal_file file;
    struct journal held;
    struct record record;
    size_t torn_bytes;
    char path[FILE_PATH_BYTES];
    cr_assert_eq(journal_file_open(&file, &store, "fashion", &held, &torn_bytes, NULL), STATUS_OK);
    cr_assert_eq(unlink(file_path(path, folder, "fashion.jsonl")), 0);
    folder_record_init(&record, "SVC", "{\"C\": 1}", 0.5);
    cr_assert_eq(journal_file_append(&file, &record, NULL), STATUS_IO);
    record_destroy(&record);
    journal_destroy(&held);
    journal_file_close(&file);
    store_close(&store);
}

Test(store, what_a_killed_run_was_writing_is_removed, .init = setup, .fini = teardown,
     .timeout = 10)
{
    struct store store = open_store();
    char path[FILE_PATH_BYTES];
    size_t torn_bytes;
    cr_assert_eq(store_predictions(&store, &one_label, path, sizeof path, NULL), STATUS_OK);
    const off_t whole = size_of(path);
    char unfinished[FILE_PATH_BYTES];
    file_path(unfinished, folder, "predictions/fashion/.0123456789abcdef.tmp");
    file_put(unfinished, "half", 4);
    count_records(&store, &torn_bytes);
    cr_assert_eq(access(unfinished, F_OK), -1);
    cr_assert_eq(size_of(path), whole);
    store_close(&store);
}

Test(store, a_file_where_predictions_go_is_named, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    struct error error;
    char path[FILE_PATH_BYTES], relative[256];
    cr_assert_eq(mkdir(file_path(path, folder, "predictions"), 0777), 0);
    file_put(file_path(path, folder, "predictions/fashion"), "x", 1);
    cr_assert_eq(store_predictions(&store, &one_label, relative, sizeof relative, &error),
                 STATUS_IO);
    cr_assert_not_null(strstr(error.message, path), "%s", error.message);
    cr_assert_not_null(strstr(error.message, "Not a directory"), "%s", error.message);
    store_close(&store);
}

Test(store, predictions_are_an_idx_file, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    const uint8_t labels[6] = {1, 2, 3, 250, 5, 6};
    const struct predictions predictions = {.dataset = "fashion",
                                            .classifier = "SVC",
                                            .cell = "0123456789abcdef0123",
                                            .labels = labels,
                                            .n_repeats = 2,
                                            .n_test = 3};
    char relative[256], path[FILE_PATH_BYTES];
    struct error error;
    cr_assert_eq(store_predictions(&store, &predictions, relative, sizeof relative, &error),
                 STATUS_OK, "%s", error.message);
    uint8_t content[19];
    const uint8_t expected[18] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 250, 5, 6};
    gzFile file = gzopen(file_path(path, folder, relative), "rb");
    cr_assert_not_null(file);
    cr_assert_eq(gzread(file, content, sizeof content), (int)sizeof expected);
    cr_assert_eq(memcmp(content, expected, sizeof expected), 0);
    gzclose(file);
    store_close(&store);
}

Test(store, predictions_that_cannot_be_written_leave_what_was_there, .init = setup,
     .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    struct error error;
    char path[256];
    cr_assert_eq(store_predictions(&store, &one_label, path, sizeof path, NULL), STATUS_OK);
    const off_t whole = size_of(path);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {10, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const enum status status = store_predictions(&store, &one_label, path, sizeof path, &error);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    cr_assert_eq(status, STATUS_IO);
    cr_assert_eq(size_of(path), whole);
    cr_assert_eq(size_of("predictions/fashion/.0123456789abcdef.tmp"), -1, "half a file is left");
    store_close(&store);
}

Test(store, test_labels_are_written_once, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    const uint8_t labels[3] = {7, 0, 255};
    const struct test_labels truth = {
        .dataset = "fashion", .hash = "0123456789abcdef0123", .labels = labels, .n_test = 3};
    char relative[256], path[FILE_PATH_BYTES];
    struct idx idx;
    struct stat before, after;
    cr_assert_eq(store_test_labels(&store, &truth, NULL), STATUS_OK);
    outcomes_labels_path(relative, sizeof relative, truth.dataset, truth.hash);
    file_path(path, folder, relative);
    cr_assert_eq(idx_read(&idx, &(struct idx_request){.path = path, .n_dimensions = 1}, NULL),
                 STATUS_OK);
    cr_assert_eq(idx.n_kept, 3);
    cr_assert_eq(memcmp(idx.bytes, labels, 3), 0);
    idx_destroy(&idx);
    cr_assert_eq(stat(path, &before), 0);
    cr_assert_eq(store_test_labels(&store, &truth, NULL), STATUS_OK);
    cr_assert_eq(stat(path, &after), 0);
    cr_assert_eq(after.st_ino, before.st_ino, "the file was written again");
    store_close(&store);
}

/* Was the file or folder synced, at the earliest by the sync of number `first`? */
static bool was_synced(const char *name, size_t first)
{
    char path[FILE_PATH_BYTES];
    struct stat status;
    cr_assert_eq(stat(file_path(path, folder, name), &status), 0, "%s", path);
    for (size_t i = first; i < synced.n; i++)
        if (synced.inodes[i] == status.st_ino)
            return true;
    return false;
}

/* A power cut may take what was not synced: the file, its name, and the folders made for it. */
Test(store, predictions_are_on_disk_with_their_names, .init = setup, .fini = teardown,
     .timeout = 10)
{
    struct store store = open_store();
    char path[256];
    synced.n = 0;
    cr_assert_eq(store_predictions(&store, &one_label, path, sizeof path, NULL), STATUS_OK);
    cr_assert(was_synced(path, 0));
    cr_assert(was_synced("predictions/fashion", synced.n_before_rename), "after the rename");
    cr_assert(was_synced("predictions", 0), "it has a new folder");
    cr_assert(was_synced(".", 0), "so has it");
    synced.n = 0;
    cr_assert_eq(store_predictions(&store, &one_label, path, sizeof path, NULL), STATUS_OK);
    cr_assert(was_synced("predictions/fashion", synced.n_before_rename));
    cr_assert_not(was_synced("predictions", 0), "nothing is new in it");
    store_close(&store);
}

Test(store, a_record_is_on_disk_with_the_name_of_its_journal, .init = setup, .fini = teardown,
     .timeout = 10)
{
    struct store store = open_store();
    struct journal_file file;
    struct journal held;
    size_t torn_bytes;
    synced.n = 0;
    cr_assert_eq(journal_file_open(&file, &store, "fashion", &held, &torn_bytes, NULL), STATUS_OK);
    cr_assert(was_synced(".", 0));
    synced.n = 0;
    append(&file, 0.5);
    cr_assert(was_synced("fashion.jsonl", 0));
    journal_destroy(&held);
    journal_file_close(&file);
    store_close(&store);
}

Test(store, the_log_of_runs_is_on_disk, .init = setup, .fini = teardown, .timeout = 10)
{
    struct store store = open_store();
    synced.n = 0;
    cr_assert_eq(store_append_run(&store, "{}", NULL), STATUS_OK);
    cr_assert(was_synced("log/runs.jsonl", 0));
    cr_assert(was_synced("log", 0));
    cr_assert(was_synced(".", 0));
    store_close(&store);
}

Test(store, a_torn_line_of_the_log_of_runs_is_cut_off, .init = setup, .fini = teardown,
     .timeout = 10)
{
    struct store store = open_store();
    char path[FILE_PATH_BYTES];
    cr_assert_eq(store_append_run(&store, "{}", NULL), STATUS_OK);
    const off_t line = size_of("log/runs.jsonl");
    file_put(file_path(path, folder, "log/runs.jsonl"), "{}\n{\"wa", 8);
    cr_assert_eq(store_append_run(&store, "{}", NULL), STATUS_OK);
    cr_assert_eq(size_of("log/runs.jsonl"), 2 * line);
    store_close(&store);
}
