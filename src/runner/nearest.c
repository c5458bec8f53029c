#include "runner/nearest.h"

#include "base/utf8.h"
#include "classifiers/classifier.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 63, CLASSES_MAX = 64, SHOWN_MAX = 80 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static bool same_letter(char pattern, char letter)
{
    return pattern == '?' || tolower((unsigned char)pattern) == tolower((unsigned char)letter);
}

/* Those of a shell pattern that are no wildcards. */
static size_t n_letters(const char *word)
{
    size_t n = 0;
    for (; *word; word++)
        n += *word != '*' && *word != '?';
    return n;
}

/*
 * Levenshtein distance without regard to case, of the first WORD_MAX letters, one row at a time.
 * In `a` a question mark is any letter, and a star any number of them, at no cost.
 */
static size_t edit_distance(const char *a, const char *b)
{
    const size_t n_a = strnlen(a, WORD_MAX), n_b = strnlen(b, WORD_MAX);
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        const bool is_star = a[i - 1] == '*';
        const size_t cost = is_star ? 0 : 1;
        size_t diagonal = row[0];
        row[0] += cost;
        for (size_t j = 1; j <= n_b; j++) {
            const size_t replaced = diagonal + (is_star || same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = smallest(replaced, row[j] + cost, row[j - 1] + cost);
        }
    }
    return row[n_b];
}

const char *nearest_name(const char *word, const char *const *candidates, size_t n_candidates)
{
    const char *best = NULL;
    size_t best_distance = WORD_MAX + 1;
    for (size_t i = 0; i < n_candidates; i++) {
        const size_t distance = edit_distance(word, candidates[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    if (!best || 3 * best_distance > strlen(best))
        return NULL;
    return strpbrk(word, "*?") && 3 * best_distance > n_letters(word) ? NULL : best;
}

const char *nearest_classifier(const char *word)
{
    const char *names[CLASSES_MAX];
    size_t n = 0;
    while (n < CLASSES_MAX && classifier_registry[n]) {
        names[n] = classifier_registry[n]->name;
        n++;
    }
    return nearest_name(word, names, n);
}

void unknown_text(char text[static UNKNOWN_TEXT_BYTES], const char *kind, const char *word,
                  const char *nearest)
{
    const int n_shown = (int)utf8_fit_bytes(word, SHOWN_MAX);
    const int used =
        snprintf(text, UNKNOWN_TEXT_BYTES, "unknown %.80s '%.*s'", kind, n_shown, word);
    if (nearest && used > 0)
        snprintf(text + used, UNKNOWN_TEXT_BYTES - (size_t)used, ", did you mean '%.80s'?",
                 nearest);
}
