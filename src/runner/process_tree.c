#include "runner/process_tree.h"

#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

static uint64_t resident_bytes(pid_t pid)
{
    char path[64];
    unsigned long long total, resident = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
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

/* In rounds, since one that dies may have started another just before. */
void process_tree_kill_below(pid_t root)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct tree tree;
        size_t n_alive = 0;
        find_tree(&tree, root);
        for (size_t i = 1; i < tree.n; i++)
            if (is_alive(tree.pids[i])) {
                kill(tree.pids[i], SIGKILL);
                n_alive++;
            }
        if (n_alive == 0)
            return;
        usleep(1000);
    }
}
