#include "runner/process_tree.h"

#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES_MAX = 4096, ROUNDS_MAX = 64 };

struct tree {
    size_t n;
    pid_t pids[PROCESSES_MAX]; /* the root first, each behind its parent */
};

/* Adds the processes that a file of children lists. */
static void add_listed(struct tree *tree, const char *path)
{
    long pid;
    FILE *file = fopen(path, "r");
    while (file && tree->n < PROCESSES_MAX && fscanf(file, "%ld", &pid) == 1)
        tree->pids[tree->n++] = (pid_t)pid;
    if (file)
        fclose(file);
}

/* Each thread has a list of its own. */
static void add_children(struct tree *tree, pid_t parent)
{
    char path[64 + 256];
    snprintf(path, sizeof path, "/proc/%ld/task", (long)parent);
    DIR *threads = opendir(path);
    for (const struct dirent *entry; threads && (entry = readdir(threads));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%s/children", (long)parent, entry->d_name);
        add_listed(tree, path);
    }
    if (threads)
        closedir(threads);
}

static void find_tree(struct tree *tree, pid_t root)
{
    tree->n = 1;
    tree->pids[0] = root;
    for (size_t i = 0; i < tree->n; i++)
        add_children(tree, tree->pids[i]);
}

/* The sum of the lines of these names in the status of a process. */
static uint64_t status_bytes(pid_t pid, const char *const *names, size_t n_names)
{
    char path[64], line[256];
    unsigned long long kibibytes, sum = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        for (size_t i = 0; i < n_names; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0 &&
                sscanf(line + strlen(names[i]), ": %llu kB", &kibibytes) == 1)
                sum += kibibytes;
    if (file)
        fclose(file);
    return sum * 1024;
}

static uint64_t resident_bytes(pid_t pid)
{
    return status_bytes(pid, (const char *const[]){"RssAnon", "RssShmem"}, 2);
}

uint64_t process_data_bytes(void)
{
    return status_bytes(getpid(), (const char *const[]){"VmData"}, 1);
}

uint64_t process_tree_resident_bytes(pid_t root)
{
    struct tree tree;
    uint64_t sum = 0;
    find_tree(&tree, root);
    for (size_t i = 0; i < tree.n; i++)
        sum += resident_bytes(tree.pids[i]);
    return sum;
}

/* Not one that is dead and waits for its parent. */
static int is_alive(pid_t pid)
{
    char path[64], state = 'X';
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "r");
    /* A name with a parenthesis in it hides the state: then it counts as alive. */
    if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'R';
    if (file)
        fclose(file);
    return state != 'X' && state != 'Z';
}

/* How many of them had to be killed. */
static size_t kill_alive(const pid_t *pids, size_t n)
{
    size_t n_alive = 0;
    for (size_t i = 0; i < n; i++)
        if (is_alive(pids[i])) {
            kill(pids[i], SIGKILL);
            n_alive++;
        }
    return n_alive;
}

/* In rounds, since one that dies may have started another just before. */
void process_tree_kill_below(pid_t root)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct tree tree;
        find_tree(&tree, root);
        if (kill_alive(tree.pids + 1, tree.n - 1) == 0)
            return;
        usleep(1000);
    }
}

bool process_tree_has_children(void)
{
    siginfo_t unused;
    return waitid(P_ALL, 0, &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool is_among(pid_t pid, const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* Those of our children that are not kept and were not dead already. */
static void find_strays(struct tree *strays, const pid_t *kept, size_t n_kept)
{
    struct tree children = {.n = 0};
    add_children(&children, getpid());
    strays->n = 0;
    for (size_t i = 0; i < children.n; i++)
        if (!is_among(children.pids[i], kept, n_kept) &&
            waitpid(children.pids[i], NULL, WNOHANG) == 0)
            strays->pids[strays->n++] = children.pids[i];
}

void process_tree_kill_strays(const pid_t *kept, size_t n_kept)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct tree strays;
        find_strays(&strays, kept, n_kept);
        if (strays.n == 0)
            return;
        for (size_t i = 0; i < strays.n; i++) {
            struct tree below;
            find_tree(&below, strays.pids[i]);
            kill_alive(below.pids, below.n);
        }
        usleep(1000);
    }
}
