#include "runner/nearest.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const names[] = {"penalty", "max_iter", "C", "max_depth"};
enum { N_NAMES = sizeof names / sizeof *names };

Test(nearest, one_third_of_the_letters_may_differ, .timeout = 10)
{
    cr_assert_str_eq(nearest_name("penalty", names, N_NAMES), "penalty");
    cr_assert_str_eq(nearest_name("penallty", names, N_NAMES), "penalty", "one too many");
    cr_assert_str_eq(nearest_name("enaly", names, N_NAMES), "penalty", "two too few");
    cr_assert_null(nearest_name("enly", names, N_NAMES), "three of seven are too many");
    cr_assert_null(nearest_name("", names, N_NAMES));
    cr_assert_null(nearest_name("penalty", names, 0));
}

Test(nearest, case_does_not_count_and_the_nearer_one_wins, .timeout = 10)
{
    cr_assert_str_eq(nearest_name("c", names, N_NAMES), "C");
    cr_assert_str_eq(nearest_name("MAX_ITR", names, N_NAMES), "max_iter");
    cr_assert_str_eq(nearest_name("max_deph", names, N_NAMES), "max_depth");
    cr_assert_null(nearest_name("D", names, N_NAMES));
    static const char *const alike[] = {"classic", "word_1", "word_2"};
    cr_assert_str_eq(nearest_name("word_3", alike, 3), "word_1", "the first of two as near");
}

Test(nearest, a_shell_pattern_is_near_what_it_nearly_matches, .timeout = 10)
{
    cr_assert_str_eq(nearest_name("penulty", names, N_NAMES), "penalty");
    cr_assert_str_eq(nearest_name("pemal*", names, N_NAMES), "penalty");
    cr_assert_str_eq(nearest_name("*_itr", names, N_NAMES), "max_iter");
    cr_assert_str_eq(nearest_name("max?d?pt", names, N_NAMES), "max_depth");
    cr_assert_null(nearest_name("*q", names, N_NAMES), "one of one letter is too many");
}

Test(nearest, long_words_are_compared_by_their_beginning, .timeout = 10)
{
    char word[1000];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    const char *const one = word;
    cr_assert_null(nearest_name(word, names, N_NAMES));
    cr_assert_eq(nearest_name(word, &one, 1), one);
}

Test(nearest, classifiers, .timeout = 10)
{
    cr_assert_str_eq(nearest_classifier("KNeighboursClassifier"), "KNeighborsClassifier");
    cr_assert_str_eq(nearest_classifier("svc"), "SVC");
    cr_assert_null(nearest_classifier("something else"));
}

Test(nearest, the_sentence_about_an_unknown_word, .timeout = 10)
{
    char text[UNKNOWN_TEXT_BYTES], word[1000];
    unknown_text(text, "option", "--grids", "--grid");
    cr_assert_str_eq(text, "unknown option '--grids', did you mean '--grid'?");
    unknown_text(text, "classifier", "Foo", NULL);
    cr_assert_str_eq(text, "unknown classifier 'Foo'");
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    unknown_text(text, "key", word, "C");
    cr_assert_not_null(strstr(text, "xxx', did you mean 'C'?"), "%s", text);
    memcpy(word + 79, "\u00e9", 2); /* the last byte that is shown would be half of it */
    unknown_text(text, "key", word, NULL);
    cr_assert_eq(strlen(text), strlen("unknown key ''") + 79);
}
