/*
 * main.c: helm-controller as data: its jobs and sub-commands. The controller itself is not there yet.
 */
#include "helm-controller/render.h"
#include "libgotk/runtime/tool.h"

#include <stddef.h>

extern const struct command template_command;

static const struct job *const jobs[] = { &render_job, NULL };
static const struct command *const commands[] = { &template_command, NULL };

static const struct tool tool = {
    .name = "helm-controller",
    .title = "Renders charts.",
    .jobs = jobs,
    .commands = commands,
    .sandbox = JOB_SANDBOX_ALONE,
};

int main(int argc, char **argv)
{
    return tool_main(
        argc, argv, &tool,
        "the controller is not there yet, only `helm-controller template [NAME] CHART` is: HelmReleases are "
        "reconciled by Flux's own helm-controller, whose image manifests/install names");
}
