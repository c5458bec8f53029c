#include "runner/machine_memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 3 * PATH_MAX };

/* The two versions of control groups, which differ in names and in what their mounts look like. */
struct version {
    const char *file_system;
    bool has_controllers; /* each hierarchy is of the controllers that it names */
    const char *limits[3];
};

static const struct version versions[] = {
    {"cgroup2",
     false,
     {"memory.max", "memory.high"}}, /* beyond the second it is slowed to a halt */
    {"cgroup", true, {"memory.limit_in_bytes"}},
};

static FILE *open_below(const char *root, const char *path)
{
    char whole[LINE_BYTES];
    const int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    return n < (int)sizeof whole ? fopen(whole, "r") : NULL;
}

/* The number that a file begins with; UINT64_MAX when there is none, as in "max". */
static uint64_t read_number(const char *root, const char *path)
{
    uint64_t number = UINT64_MAX;
    FILE *file = open_below(root, path);
    if (file && fscanf(file, "%" SCNu64, &number) != 1)
        number = UINT64_MAX;
    if (file)
        fclose(file);
    return number;
}

static uint64_t installed_bytes(const char *root)
{
    char line[256];
    uint64_t kibibytes = UINT64_MAX / 1024;
    FILE *file = open_below(root, "/proc/meminfo");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemTotal: %" SCNu64 " kB", &kibibytes) == 1)
            break;
    if (file)
        fclose(file);
    return kibibytes < UINT64_MAX / 1024 ? kibibytes * 1024 : UINT64_MAX;
}

/* Is "memory" one of the words of a list with commas? */
static bool names_memory(const char *list)
{
    static const char word[] = "memory";
    const size_t length = sizeof word - 1;
    for (const char *p = list; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, word, length) == 0 && (p[length] == ',' || p[length] == '\0'))
            return true;
    }
    return false;
}

/* The group of this process in the hierarchy of a version, from lines "ID:CONTROLLERS:/PATH". */
static bool find_group(char group[PATH_MAX], const char *root, const struct version *version)
{
    char line[LINE_BYTES];
    bool found = false;
    FILE *file = open_below(root, "/proc/self/cgroup");
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path || strlen(path + 1) >= PATH_MAX)
            continue;
        *path = '\0';
        found = version->has_controllers ? names_memory(controllers + 1) : controllers[1] == '\0';
        snprintf(group, PATH_MAX, "%s", path + 1);
    }
    if (file)
        fclose(file);
    return found;
}

/* What of the group's path is below the folder of the hierarchy that is mounted. */
static const char *below_mount(const char *group, const char *mounted)
{
    const size_t length = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);
    const bool is_below =
        strncmp(group, mounted, length) == 0 && (group[length] == '/' || group[length] == '\0');
    return is_below ? group + length : "";
}

/* The least limit of the group and of those around it, as far as they can be seen. */
static uint64_t least_limit(const char *root, const struct version *version, const char *point,
                            const char *group)
{
    char folder[LINE_BYTES], path[LINE_BYTES + NAME_MAX];
    uint64_t least = UINT64_MAX;
    snprintf(folder, sizeof folder, "%s%s", point, group);
    for (;;) {
        for (const char *const *limit = version->limits; *limit; limit++) {
            snprintf(path, sizeof path, "%s/%s", folder, *limit);
            const uint64_t number = read_number(root, path);
            if (number < least)
                least = number;
        }
        if (strlen(folder) <= strlen(point))
            return least;
        *strrchr(folder, '/') = '\0';
    }
}

/* Looks at one mount: "ID PARENT DEVICE:NUMBER MOUNTED POINT ... - FILE_SYSTEM SOURCE OPTIONS". */
static uint64_t mount_limit(const char *root, const struct version *version, char *line)
{
    char mounted[PATH_MAX], point[PATH_MAX], file_system[32], options[256], group[PATH_MAX];
    const char *rest = strstr(line, " - ");
    if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", mounted, point) != 2 ||
        sscanf(rest, " - %31s %*s %255s", file_system, options) != 2 ||
        strcmp(file_system, version->file_system) != 0)
        return UINT64_MAX;
    if ((version->has_controllers && !names_memory(options)) || !find_group(group, root, version))
        return UINT64_MAX;
    return least_limit(root, version, point, below_mount(group, mounted));
}

uint64_t machine_memory_below(const char *root)
{
    char line[LINE_BYTES];
    uint64_t bytes = installed_bytes(root);
    FILE *mounts = open_below(root, "/proc/self/mountinfo");
    while (mounts && fgets(line, sizeof line, mounts))
        for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
            const uint64_t limit = mount_limit(root, &versions[i], line);
            if (limit < bytes)
                bytes = limit;
        }
    if (mounts)
        fclose(mounts);
    return bytes == UINT64_MAX ? 0 : bytes;
}
