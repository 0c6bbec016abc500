/*
 * main.c: the small executable that answers to the name helm-controller: `template` is done here, all else elsewhere.
 *
 * See libgotk/runtime/companion.h. It is linked with what the engine needs and nothing more; the Makefile tells what it lacks.
 */
#include "helm-controller/render.h"
#include "libgotk/runtime/companion.h"

extern const struct command template_command;

static const struct job *const jobs[] = { &render_job, NULL };
static const struct command *const commands[] = { &template_command, NULL };

int main(int argc, char **argv)
{
    static const struct tool tool = {
        .name = "helm-controller", .commands = commands, .jobs = jobs, .sandbox = JOB_SANDBOX_ALONE
    };
    return companion_main(argc, argv, &tool);
}
