/*
 * main.c: the small executable that answers to the name kustomize-controller: `build` is done here, all else elsewhere.
 *
 * See libgotk/runtime/companion.h. It is linked with what the engine needs and nothing more; the Makefile lists it.
 */
#include "kustomize-controller/build.h"
#include "kustomize-controller/buildcommand.h"
#include "libgotk/runtime/companion.h"

static const struct job *const jobs[] = { &build_job, NULL };
static const struct command *const commands[] = { &build_command, NULL };

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "kustomize-controller", .commands = commands, .jobs = jobs, .sandbox = JOB_SANDBOX_ALONE
    };
    return companion_main(argc, argv, &tool);
}
