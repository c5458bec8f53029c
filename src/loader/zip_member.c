#include "loader/zip_member.h"

#include <string.h>
#include <unistd.h>
#include <zip.h>

static enum status refuse_archive(const char *path, int code, struct error *error)
{
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    error_set(error, STATUS_DATA, "%s: not a ZIP archive that can be read: %s", path,
              zip_error_strerror(&why));
    zip_error_fini(&why);
    return STATUS_DATA;
}

/* The archive owns the descriptor then; on failure it is closed. */
static enum status open_archive(struct zip **archive, int descriptor, const char *path,
                                struct error *error)
{
    int code = 0;
    *archive = zip_fdopen(descriptor, ZIP_RDONLY, &code);
    if (*archive)
        return STATUS_OK;
    close(descriptor);
    return refuse_archive(path, code, error);
}

static enum status examine(struct zip_member *m, const char *name, zip_uint64_t *index,
                           struct error *error)
{
    static const zip_uint64_t needed =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    const zip_int64_t at = zip_name_locate(m->archive, name, ZIP_FL_NOCASE);
    struct zip_stat found;
    if (at < 0)
        return error_set(error, STATUS_DATA, "%s: the archive has no such member", m->path);
    *index = (zip_uint64_t)at;
    if (zip_stat_index(m->archive, *index, 0, &found) || (found.valid & needed) != needed)
        return error_set(error, STATUS_DATA, "%s: cannot examine the member: %s", m->path,
                         zip_strerror(m->archive));
    if (found.encryption_method != ZIP_EM_NONE)
        return error_set(error, STATUS_DATA, "%s: the member is encrypted", m->path);
    if (found.comp_method != ZIP_CM_STORE && found.comp_method != ZIP_CM_DEFLATE)
        return error_set(error, STATUS_DATA,
                         "%s: compressed by method %u: expected 0 (stored) or 8 (deflated)",
                         m->path, (unsigned)found.comp_method);
    m->packed_bytes = found.comp_size;
    m->unpacked_bytes = found.size;
    m->is_deflated = found.comp_method == ZIP_CM_DEFLATE;
    return STATUS_OK;
}

enum status zip_member_open(struct zip_member *member, int descriptor, const char *path,
                            const char *name, struct error *error)
{
    zip_uint64_t index = 0;
    *member = (struct zip_member){.path = path};
    enum status status = open_archive(&member->archive, descriptor, path, error);
    if (status)
        return status;
    status = examine(member, name, &index, error);
    if (!status && !(member->file = zip_fopen_index(member->archive, index, 0)))
        status = error_set(error, STATUS_DATA, "%s: cannot open the member: %s", path,
                           zip_strerror(member->archive));
    if (status)
        zip_member_close(member);
    return status;
}

enum status zip_member_read(struct zip_member *member, void *to, size_t n_bytes, size_t *n_read,
                            struct error *error)
{
    uint8_t *bytes = to;
    *n_read = 0;
    while (*n_read < n_bytes) {
        const zip_int64_t n = zip_fread(member->file, bytes + *n_read, n_bytes - *n_read);
        if (n < 0)
            return error_set(error, STATUS_DATA, "%s: corrupt ZIP member: %s; fetch it again",
                             member->path, zip_file_strerror(member->file));
        if (n == 0)
            break;
        *n_read += (size_t)n;
    }
    return STATUS_OK;
}

void zip_member_close(struct zip_member *member)
{
    if (member->file)
        zip_fclose(member->file);
    if (member->archive)
        zip_discard(member->archive);
    member->file = NULL;
    member->archive = NULL;
}

enum status zip_member_find(const char **found, int descriptor, const char *path,
                            const char *const *names, struct error *error)
{
    struct zip *archive;
    const enum status status = open_archive(&archive, descriptor, path, error);
    *found = NULL;
    if (status)
        return status;
    for (size_t i = 0; names[i] && !*found; i++)
        if (zip_name_locate(archive, names[i], ZIP_FL_NOCASE) >= 0)
            *found = names[i];
    zip_discard(archive);
    return STATUS_OK;
}
