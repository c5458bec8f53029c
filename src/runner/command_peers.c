/* fmbench peers: our rows beside those of the external classifiers that are their peers. */
#include "report/peers.h"
#include "runner/command.h"
#include "runner/options.h"

#include <stdio.h>

static enum status write_peers(struct options *o, struct error *error)
{
    const struct results_folders_request request = command_folders(o);
    return peers_write(stdout, &request, error);
}

static int peers(const struct command *command, int argc, char **argv)
{
    return command_do(command, argc, argv, write_peers);
}

const struct command command_peers = {
    .name = "peers",
    .usage = "[--dataset NAME]... [--results DIR | DIR...]",
    .summary = "our times and accuracies beside those of other implementations",
    .options = "Rdh",
    .examples = "  fmbench peers results/peers\n"
                "  fmbench peers --dataset fashion results/peers\n",
    .takes_arguments = true,
    .run = peers,
};
