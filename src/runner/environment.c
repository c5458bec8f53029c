#include "runner/environment.h"

#include "numerics/blas.h"
#include "numerics/simd.h"
#include "runner/command.h"
#include "runner/machine.h"

#include <stdio.h>

static void describe_build(struct record_environment *e)
{
    snprintf(e->commit, sizeof e->commit, "%s", fmbench_build.commit);
    snprintf(e->source, sizeof e->source, "%s", fmbench_build.source);
    snprintf(e->compiler, sizeof e->compiler, "%s", fmbench_build.compiler);
    snprintf(e->flags, sizeof e->flags, "%s", fmbench_build.flags);
    e->is_modified = fmbench_build.is_modified;
}

struct program environment_program(void)
{
    return (struct program){.version = fmbench_version,
                            .source = fmbench_build.source,
                            .compiler = fmbench_build.compiler,
                            .flags = fmbench_build.flags};
}

void environment_describe(struct record_environment *e, const struct options *options)
{
    record_environment_init(e);
    describe_build(e);
    snprintf(e->blas, sizeof e->blas, "%s", blas_config());
    snprintf(e->blas_kernel, sizeof e->blas_kernel, "%s", blas_kernel());
    snprintf(e->simd, sizeof e->simd, "%s", simd_level_name(simd_level()));
    machine_processor_name(e->processor, sizeof e->processor);
    e->cores = machine_n_cores();
    e->jobs = (int64_t)options->jobs;
    e->repeats = (int64_t)options->repeats;
    e->memory_limit_bytes = (int64_t)options->memory_bytes;
    e->timeout_s = options->timeout_s;
}
