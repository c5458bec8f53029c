/* The memory of machines that are folders of files. */
#include "runner/machine_memory.h"

#include "test_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char UNLIMITED_V1[] = "9223372036854771712\n";

/* Writes a file below the root, with the folders on its way. */
static void put(const char *root, const char *name, const char *text)
{
    char path[FILE_PATH_BYTES];
    file_path(path, root, name);
    for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        mkdir(path, 0777);
    }
    file_put(path, text, strlen(text));
}

/* 16 GiB, of which little is free, and no control groups. */
static void machine_create(char root[FOLDER_BYTES])
{
    folder_create(root);
    put(root, "proc/meminfo",
        "MemTotal:       16777216 kB\nMemFree:          100000 kB\nMemAvailable:     200000 kB\n");
}

static void expect_gib(const char *root, double gib)
{
    cr_expect_float_eq((double)machine_memory_below(root) / 0x1p30, gib, 1e-9, "%g GiB, not %g",
                       (double)machine_memory_below(root) / 0x1p30, gib);
}

static void version_2(const char *root, const char *group, const char *mounted)
{
    char line[512];
    snprintf(line, sizeof line,
             "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
             "31 22 0:26 %s /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
             mounted);
    put(root, "proc/self/mountinfo", line);
    snprintf(line, sizeof line, "0::%s\n", group);
    put(root, "proc/self/cgroup", line);
}

static void version_1(const char *root, const char *group, const char *mounted)
{
    char line[768];
    snprintf(line, sizeof line,
             "30 25 0:27 %s /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
             "31 25 0:28 %s /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
             "32 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
             mounted, mounted);
    put(root, "proc/self/mountinfo", line);
    snprintf(line, sizeof line, "5:cpu,cpuacct:/other\n4:memory:%s\n0::/\n", group);
    put(root, "proc/self/cgroup", line);
}

Test(machine_memory, without_control_groups_it_is_what_is_installed, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    expect_gib(root, 16);
    folder_remove(root);
}

Test(machine_memory, the_limit_of_the_own_group_counts, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    version_2(root, "/user.slice/run.scope", "/");
    put(root, "sys/fs/cgroup/user.slice/memory.max", "max\n");
    put(root, "sys/fs/cgroup/user.slice/run.scope/memory.max", "4294967296\n");
    put(root, "sys/fs/cgroup/other.slice/memory.max", "1073741824\n");
    expect_gib(root, 4);
    put(root, "sys/fs/cgroup/user.slice/run.scope/memory.max", "max\n");
    expect_gib(root, 16);
    put(root, "sys/fs/cgroup/user.slice/run.scope/memory.max", "68719476736\n");
    expect_gib(root, 16);
    folder_remove(root);
}

Test(machine_memory, so_do_the_limits_of_all_groups_around_it, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    version_2(root, "/a/b/c", "/");
    put(root, "sys/fs/cgroup/a/b/c/memory.max", "8589934592\n");
    put(root, "sys/fs/cgroup/a/b/memory.max", "6442450944\n");
    put(root, "sys/fs/cgroup/a/memory.max", "2147483648\n");
    expect_gib(root, 2);
    put(root, "sys/fs/cgroup/a/memory.max", "max\n");
    expect_gib(root, 6);
    put(root, "sys/fs/cgroup/memory.max", "1073741824\n");
    expect_gib(root, 1);
    folder_remove(root);
}

Test(machine_memory, what_slows_a_group_down_limits_it, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    version_2(root, "/a", "/");
    put(root, "sys/fs/cgroup/a/memory.max", "8589934592\n");
    put(root, "sys/fs/cgroup/a/memory.high", "3221225472\n");
    expect_gib(root, 3);
    folder_remove(root);
}

/* In a container with a name space of its own the group is the root of what is mounted. */
Test(machine_memory, a_container_sees_its_limit_at_the_root, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    version_2(root, "/", "/");
    put(root, "sys/fs/cgroup/memory.max", "536870912\n");
    expect_gib(root, 0.5);
    version_2(root, "/../../elsewhere", "/");
    expect_gib(root, 0.5);
    folder_remove(root);
}

Test(machine_memory, version_1_has_a_hierarchy_of_its_own, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    version_1(root, "/jobs/17", "/");
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", UNLIMITED_V1);
    put(root, "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", UNLIMITED_V1);
    put(root, "sys/fs/cgroup/memory/jobs/17/memory.limit_in_bytes", UNLIMITED_V1);
    put(root, "sys/fs/cgroup/memory/other/memory.limit_in_bytes", "1048576\n");
    expect_gib(root, 16);
    put(root, "sys/fs/cgroup/memory/jobs/17/memory.limit_in_bytes", "5368709120\n");
    expect_gib(root, 5);
    put(root, "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes", "3221225472\n");
    expect_gib(root, 3);
    folder_remove(root);
}

/* A container without one: the path is the host's, of which only the lower end is mounted. */
Test(machine_memory, a_path_of_the_host_is_found_below_what_is_mounted, .timeout = 10)
{
    char root[FOLDER_BYTES];
    machine_create(root);
    version_1(root, "/docker/0123/inner", "/docker/0123");
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "7516192768\n");
    expect_gib(root, 7);
    put(root, "sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "2147483648\n");
    expect_gib(root, 2);
    folder_remove(root);
}

Test(machine_memory, what_cannot_be_read_limits_nothing, .timeout = 10)
{
    char root[FOLDER_BYTES];
    folder_create(root);
    cr_expect_eq(machine_memory_below(root), 0);
    put(root, "proc/meminfo", "MemFree: 100 kB\n");
    cr_expect_eq(machine_memory_below(root), 0);
    folder_remove(root);
    machine_create(root);
    version_2(root, "/a", "/");
    expect_gib(root, 16);
    put(root, "sys/fs/cgroup/a/memory.max", "");
    expect_gib(root, 16);
    put(root, "proc/self/cgroup", "rubbish\n0:\n::\n");
    put(root, "proc/self/mountinfo", "rubbish\n - cgroup2\n1 2 3 - cgroup2 x\n");
    expect_gib(root, 16);
    folder_remove(root);
}

Test(machine_memory, this_machine_has_some, .timeout = 10)
{
    cr_expect_gt(machine_memory_below(""), 1 << 20);
}
