#include "loader/digest.h"

#include <openssl/evp.h>

enum { SHA256_BYTES = 32 };

static int digest_parts(EVP_MD_CTX *context, unsigned char *digest, const struct digest_part *parts,
                        size_t n_parts)
{
    if (!EVP_DigestInit_ex(context, EVP_sha256(), NULL))
        return 0;
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].n_bytes && !EVP_DigestUpdate(context, parts[i].bytes, parts[i].n_bytes))
            return 0;
    return EVP_DigestFinal_ex(context, digest, NULL);
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
    const int done = digest_parts(context, digest, parts, n_parts);
    EVP_MD_CTX_free(context);
    if (!done)
        return error_set(error, STATUS_FAILED, "libcrypto could not compute a SHA-256 digest");
    to_hexadecimal(hex, digest);
    return STATUS_OK;
}
