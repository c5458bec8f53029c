/* Workers that exceed a limit, whatever they are and whatever they have started. */
#include "misbehaviour.h"

#include "base/clock.h"
#include "time_limits.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LIMIT_BYTES = 600 << 20, PIECE_BYTES = 1 << 20 };
static const double WITHIN_S = 2; /* that a cell ends which exceeds a limit */

TestSuite(misbehaviour_limits, .init = misbehaviour_setup, .timeout = 60);

FIT(fall_silent_within_a_message)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    say(&message, sizeof message / 2);
    sleep_for_ever();
}

FIT(stop)
{
    UNUSED;
    raise(SIGSTOP);
    return STATUS_OK;
}

FIT(leave_a_daemon_and_sleep)
{
    UNUSED;
    start_daemon(nothing);
    sleep_for_ever();
}

/* Children that each have children, of which none listens to what asks them to end. */
FIT(grow_a_tree)
{
    UNUSED;
    signal(SIGTERM, SIG_IGN);
    for (int level = 0; level < 3; level++)
        fork();
    tell_pid();
    sleep_for_ever();
}

/* Writes to memory that comes from mmap with these flags, piece by piece, without end. */
static void fill_memory(int flags)
{
    for (;;) {
        char *piece = mmap(NULL, PIECE_BYTES, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED)
            sleep_for_ever();
        memset(piece, 1, PIECE_BYTES);
        const size_t n_bytes =
            __atomic_add_fetch(&told->n_filled_bytes, PIECE_BYTES, __ATOMIC_SEQ_CST);
        if (n_bytes == LIMIT_BYTES / 2 / PIECE_BYTES * PIECE_BYTES)
            told->near_limit_s = clock_now_s();
    }
}

static void fill_private_memory(void)
{
    fill_memory(MAP_PRIVATE);
}

FIT(fill_shared_memory)
{
    UNUSED;
    fill_memory(MAP_SHARED);
    return STATUS_OK;
}

/* Each is refused more than the limit, libraries included, which all together exceed. */
FIT(fill_memory_in_daemons)
{
    UNUSED;
    for (int i = 0; i < 6; i++)
        start_daemon(fill_private_memory);
    sleep_for_ever();
}

Test(misbehaviour_limits, the_time_limit_ends_whatever_there_is)
{
    static const struct conduct conducts[] = {
        CONDUCT(fall_silent_within_a_message, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
        CONDUCT(stop, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
        CONDUCT(grow_a_tree, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
        CONDUCT(leave_a_daemon_and_sleep, RECORD_TIMEOUT, "exceeded 0.5 seconds"),
    };
    for (size_t i = 0; i < sizeof conducts / sizeof *conducts; i++) {
        const double start_s = clock_now_s();
        const struct outcome o = expect_outcome(&conducts[i], 0.5, 0);
        cr_expect_lt(o.end_s - start_s, 0.5 + WITHIN_S * time_factor(), "%s", conducts[i].name);
        expect_no_harm(&o, conducts[i].name);
    }
}

/* What a worker takes of its own heap is refused at the limit (schedule/the_memory_limit_holds). */
Test(misbehaviour_limits, the_memory_limit_ends_whatever_holds_too_much)
{
    static const struct conduct conducts[] = {
        CONDUCT(fill_shared_memory, RECORD_OUT_OF_MEMORY, "exceeded 629145600 bytes"),
        CONDUCT(fill_memory_in_daemons, RECORD_OUT_OF_MEMORY, "exceeded 629145600 bytes"),
    };
    for (size_t i = 0; i < sizeof conducts / sizeof *conducts; i++) {
        const struct outcome o = expect_outcome(&conducts[i], 30, LIMIT_BYTES);
        cr_expect_lt(o.end_s - told->near_limit_s, WITHIN_S * time_factor(), "%s",
                     conducts[i].name);
        expect_no_harm(&o, conducts[i].name);
    }
}
