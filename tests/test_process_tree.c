/* A process and what it started. */
#include "runner/process_tree.h"

#include "runner/scratch.h"
#include "test_folder.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELD_BYTES = 40 << 20 };

/* Shared with the processes below: who they are, and that they are ready. */
struct family {
    volatile pid_t child, grandchild;
    volatile int n_ready;
};

static void hold_and_wait(struct family *family)
{
    char *held = malloc(HELD_BYTES);
    memset(held, 1, HELD_BYTES);
    alarm(10); /* when a test fails */
    __atomic_add_fetch(&family->n_ready, 1, __ATOMIC_SEQ_CST);
    for (;;)
        pause();
}

/* A child in a session of its own, with one more below it. */
static struct family *start_family(void)
{
    struct family *family =
        mmap(NULL, sizeof *family, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(family, MAP_FAILED);
    family->child = fork();
    if (family->child == 0) {
        setsid();
        const pid_t pid = fork();
        if (pid > 0)
            family->grandchild = pid;
        hold_and_wait(family);
    }
    for (int i = 0; i < 500 && family->n_ready < 2; i++)
        usleep(10000);
    cr_assert_eq(family->n_ready, 2);
    return family;
}

Test(process_tree, memory_is_that_of_all_of_it, .timeout = 20)
{
    const uint64_t before = process_tree_resident_bytes(getpid());
    const struct family *family = start_family();
    cr_assert_geq(process_tree_resident_bytes(getpid()), before + 2 * (uint64_t)HELD_BYTES);
    cr_assert_lt(process_tree_resident_bytes(family->grandchild), 2 * (uint64_t)HELD_BYTES);
    process_tree_kill_below(getpid());
}

/* What the kernel can drop is no reason to end a process. */
Test(process_tree, pages_of_files_do_not_count, .timeout = 20)
{
    char name[] = "/var/tmp/fmbench-pages-XXXXXX";
    const int fd = mkstemp(name);
    uint64_t sum = 0;
    cr_assert_geq(fd, 0);
    unlink(name);
    cr_assert_eq(ftruncate(fd, HELD_BYTES), 0);
    const uint64_t before = process_tree_resident_bytes(getpid());
    const uint8_t *bytes = mmap(NULL, HELD_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
    cr_assert_neq(bytes, MAP_FAILED);
    for (size_t i = 0; i < HELD_BYTES; i++)
        sum += bytes[i];
    cr_assert_eq(sum, 0);
    cr_assert_lt(process_tree_resident_bytes(getpid()), before + HELD_BYTES / 2);
    close(fd);
}

Test(process_tree, all_but_the_root_are_killed, .timeout = 20)
{
    const struct family *family = start_family();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    process_tree_kill_below(getpid());
    int n_dead = 0;
    while (wait(NULL) > 0)
        n_dead++;
    cr_assert_eq(n_dead, 2);
    cr_assert(kill(family->grandchild, 0) < 0 && errno == ESRCH);
}

Test(scratch, folders_are_made_anew_and_removed_with_all_in_them, .timeout = 10)
{
    char folder[FOLDER_BYTES], scratch[FILE_PATH_BYTES], inner[FILE_PATH_BYTES],
        path[FILE_PATH_BYTES], kept[FILE_PATH_BYTES];
    struct error error;
    struct stat st;
    folder_create(folder);
    file_put(file_path(kept, folder, "kept"), "x", 1);
    cr_assert_eq(scratch_create(file_path(scratch, folder, "scratch"), &error), STATUS_OK);
    cr_assert_eq(mkdir(file_path(inner, scratch, "inner"), 0777), 0);
    file_put(file_path(path, inner, "file"), "x", 1);
    cr_assert_eq(symlink(kept, file_path(path, inner, "link")), 0);
    cr_assert_eq(scratch_create(scratch, &error), STATUS_OK, "%s", error.message);
    cr_assert_neq(stat(inner, &st), 0);
    cr_assert_eq(stat(kept, &st), 0, "links are not followed");
    scratch_remove(scratch);
    cr_assert_neq(stat(scratch, &st), 0);
    scratch_remove(scratch);
    cr_assert_eq(scratch_create(file_path(path, scratch, "deep"), &error), STATUS_IO);
    folder_remove(folder);
}
