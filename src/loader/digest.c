#include "loader/digest.h"

#include "base/memory.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

enum { SHA256_BYTES = 32, PIECE_BYTES = 1 << 20 };

static enum status refused(struct error *error)
{
    return error_set(error, STATUS_FAILED, "libcrypto could not compute a SHA-256 digest");
}

/* In pieces, so that no more of a file than that is in memory. */
static enum status add_file(EVP_MD_CTX *context, uint8_t *piece, const struct digest_part *part,
                            struct error *error)
{
    const struct digest_file *file = part->file;
    for (size_t done = 0; done < part->n_bytes;) {
        const size_t left = part->n_bytes - done;
        const ssize_t got = pread(file->descriptor, piece, left < PIECE_BYTES ? left : PIECE_BYTES,
                                  (off_t)(file->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, STATUS_DATA, "%s: cannot read the file: %s", file->path,
                             strerror(errno));
        if (got == 0)
            return error_set(error, STATUS_DATA,
                             "%s: was cut while it was read: expected %zu bytes of data, found %zu",
                             file->path, part->n_bytes, done);
        if (!EVP_DigestUpdate(context, piece, (size_t)got))
            return refused(error);
        done += (size_t)got;
    }
    return STATUS_OK;
}

static enum status add_part(EVP_MD_CTX *context, const struct digest_part *part,
                            struct error *error)
{
    if (!part->file)
        return part->n_bytes && !EVP_DigestUpdate(context, part->bytes, part->n_bytes)
                   ? refused(error)
                   : STATUS_OK;
    uint8_t *piece = memory_array(PIECE_BYTES, 1);
    const enum status status = piece ? add_file(context, piece, part, error)
                                     : error_memory(error, "a piece of a file", PIECE_BYTES);
    memory_free(piece);
    return status;
}

static enum status digest_parts(EVP_MD_CTX *context, unsigned char *digest,
                                const struct digest_part *parts, size_t n_parts,
                                struct error *error)
{
    enum status status =
        EVP_DigestInit_ex(context, EVP_sha256(), NULL) ? STATUS_OK : refused(error);
    for (size_t i = 0; i < n_parts && !status; i++)
        status = add_part(context, &parts[i], error);
    if (!status && !EVP_DigestFinal_ex(context, digest, NULL))
        status = refused(error);
    return status;
}

static void to_hexadecimal(char hex[DIGEST_HEX_BYTES], const unsigned char *digest)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[DIGEST_HEX_BYTES - 1] = '\0';
}

enum status digest_sha256(char hex[DIGEST_HEX_BYTES], const struct digest_part *parts,
                          size_t n_parts, struct error *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    hex[0] = '\0';
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return error_memory(error, "a SHA-256 digest", 1);
    const enum status status = digest_parts(context, digest, parts, n_parts, error);
    EVP_MD_CTX_free(context);
    if (!status)
        to_hexadecimal(hex, digest);
    return status;
}
