/* Workers that die, exit, fork or do not end, between others that do what they should. */
#include "misbehaviour.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

TestSuite(misbehaviour, .init = misbehaviour_setup, .timeout = 60);

static enum status die_of(int signal_number)
{
    signal(signal_number, SIG_DFL); /* a sanitizer catches some */
    raise(signal_number);
    sleep_for_ever();
}

FIT(die_of_segv)
{
    UNUSED;
    return die_of(SIGSEGV);
}

FIT(die_of_abort)
{
    UNUSED;
    return die_of(SIGABRT);
}

FIT(die_of_fpe)
{
    UNUSED;
    return die_of(SIGFPE);
}

FIT(die_of_kill)
{
    UNUSED;
    return die_of(SIGKILL);
}

FIT(exit_with_0)
{
    UNUSED;
    _exit(0);
}

FIT(exit_with_77)
{
    UNUSED;
    _exit(77);
}

FIT(exit_within_a_message)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    say_repeat(&message);
    say(&message, sizeof message / 2);
    _exit(0);
}

FIT(be_done_and_stay)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    for (int i = 0; i < N_REPEATS; i++)
        say_repeat(&message);
    say_end(WORKER_DONE);
    sleep_for_ever();
}

/* Both go on as the worker. */
FIT(fork_a_copy)
{
    UNUSED;
    if (fork() == 0)
        tell_pid();
    await_pids(1);
    return STATUS_OK;
}

FIT(leave_a_daemon)
{
    UNUSED;
    start_daemon(nothing);
    return STATUS_OK;
}

FIT(leave_a_daemon_and_crash)
{
    UNUSED;
    start_daemon(nothing);
    return die_of(SIGSEGV);
}

Test(misbehaviour, a_worker_that_dies_is_a_crashed_cell_with_the_signal)
{
    static const struct conduct conducts[] = {
        CONDUCT(die_of_segv, RECORD_CRASHED, "signal 11 (Segmentation fault)"),
        CONDUCT(die_of_abort, RECORD_CRASHED, "signal 6 (Aborted)"),
        CONDUCT(die_of_fpe, RECORD_CRASHED, "signal 8 (Floating point exception)"),
        CONDUCT(die_of_kill, RECORD_CRASHED, "signal 9 (Killed)"),
    };
    expect_all(conducts, sizeof conducts / sizeof *conducts);
}

Test(misbehaviour, a_worker_that_exits_early_is_a_crashed_cell_with_the_status)
{
    static const struct conduct conducts[] = {
        CONDUCT(exit_with_0, RECORD_CRASHED, "exited with status 0 before it was done"),
        CONDUCT(exit_with_77, RECORD_CRASHED, "exited with status 77 before it was done"),
        CONDUCT(exit_within_a_message, RECORD_CRASHED, "exited with status 0 before it was done"),
    };
    expect_all(conducts, sizeof conducts / sizeof *conducts);
}

Test(misbehaviour, a_worker_that_forks_is_a_crashed_cell_and_its_children_end)
{
    static const struct conduct conducts[] = {
        CONDUCT(fork_a_copy, RECORD_CRASHED, "the classifier forked"),
        CONDUCT(leave_a_daemon, RECORD_CRASHED, "the classifier forked"),
        CONDUCT(leave_a_daemon_and_crash, RECORD_CRASHED, "signal 11"),
    };
    expect_all(conducts, sizeof conducts / sizeof *conducts);
}

/* All results are there; that it does not end takes nothing from them. */
Test(misbehaviour, a_worker_that_does_not_end_is_ended)
{
    const struct conduct conduct = CONDUCT(be_done_and_stay, RECORD_OK, "");
    const struct outcome o = expect_outcome(&conduct, 1000, 0);
    expect_no_harm(&o, conduct.name);
}
