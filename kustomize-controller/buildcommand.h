/*
 * buildcommand.h: `kustomize-controller build`, a row for the tables of commands.
 */
#ifndef GOTK_KUSTOMIZE_BUILDCOMMAND_H
#define GOTK_KUSTOMIZE_BUILDCOMMAND_H

#include "libgotk/runtime/tool.h"

extern const struct command build_command;

#endif
