/* Workers that send their parent what is no message, or what is none at this point. */
#include "misbehaviour.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

TestSuite(misbehaviour_pipe, .init = misbehaviour_setup, .timeout = 60);

FIT(say_rubbish)
{
    UNUSED;
    const char rubbish[8192] = "rubbish";
    say(rubbish, sizeof rubbish);
    sleep_for_ever();
}

FIT(say_rubbish_and_exit)
{
    UNUSED;
    const char rubbish[sizeof(struct worker_message)] = "rubbish";
    say(rubbish, sizeof rubbish);
    _exit(0);
}

FIT(say_without_end)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    for (;;)
        say_repeat(&message);
    return STATUS_OK;
}

FIT(say_done_at_once)
{
    UNUSED;
    say_end(WORKER_DONE);
    _exit(0);
}

FIT(say_done_too_early)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    say_repeat(&message);
    say_end(WORKER_DONE);
    _exit(0);
}

FIT(go_on_after_the_end)
{
    UNUSED;
    say_end(WORKER_FAILED);
    say_end(WORKER_DONE);
    sleep_for_ever();
}

FIT(say_too_many_measures)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.repeat.n_measures = (size_t)1 << 40;
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_a_name_without_end)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.repeat.n_measures = 1;
    memset(message.repeat.measures[0].name, 'x', sizeof message.repeat.measures[0].name);
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_a_solver_without_end)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    memset(message.solver, 'x', sizeof message.solver);
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_an_error_without_end)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_FAILED);
    memset(message.error.message, 'x', sizeof message.error.message);
    say(&message, sizeof message);
    sleep_for_ever();
}

FIT(say_no_score)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.repeat.score = 0.0 / 0.0;
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_another_reader)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    message.reader = 1000000;
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_no_kind)
{
    UNUSED;
    struct worker_message message = message_of(WORKER_REPEAT);
    memset(&message.kind, 77, sizeof message.kind);
    say_repeat(&message);
    sleep_for_ever();
}

FIT(say_no_class)
{
    UNUSED;
    const struct worker_message message = message_of(WORKER_REPEAT);
    const uint8_t labels[FAKE_TEST] = {0, 1, FAKE_CLASSES};
    say(&message, sizeof message);
    say(labels, sizeof labels);
    sleep_for_ever();
}

FIT(close_the_pipe)
{
    UNUSED;
    close(pipe_fd());
    sleep_for_ever();
}

Test(misbehaviour_pipe, rubbish_in_the_pipe_is_a_crashed_cell)
{
    static const struct conduct conducts[] = {
        CONDUCT(say_rubbish, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_rubbish_and_exit, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_too_many_measures, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_a_name_without_end, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_a_solver_without_end, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_an_error_without_end, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_no_score, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_no_kind, RECORD_CRASHED, "what is no message"),
        CONDUCT(say_no_class, RECORD_CRASHED, "what is no class"),
    };
    expect_all(conducts, sizeof conducts / sizeof *conducts);
}

Test(misbehaviour_pipe, too_much_or_too_little_in_the_pipe_is_a_crashed_cell)
{
    static const struct conduct conducts[] = {
        CONDUCT(say_without_end, RECORD_CRASHED, "a repeat too many"),
        CONDUCT(say_another_reader, RECORD_CRASHED, "a repeat too many"),
        CONDUCT(say_done_at_once, RECORD_CRASHED, "before its repeats were"),
        CONDUCT(say_done_too_early, RECORD_CRASHED, "before its repeats were"),
        CONDUCT(go_on_after_the_end, RECORD_CRASHED, "went on after it was done"),
        CONDUCT(close_the_pipe, RECORD_CRASHED, "closed its pipe before it was done"),
    };
    expect_all(conducts, sizeof conducts / sizeof *conducts);
}
