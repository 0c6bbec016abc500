/*
 * companion.h: the small executable that does sub-commands at once, and becomes the full one for all else.
 *
 * A controller is linked with some forty shared libraries, for TLS, Kerberos and LDAP among them, and finding, mapping and
 * relocating these takes fifteen milliseconds and twelve megabytes: more than a small build itself does tenfold. So a controller
 * whose commands mostly need no network is two executables. The one that carries its name has these commands alone and is
 * linked statically, with just what their engines need, and on x86-64 with musl for a C library (lean.h); for everything else -
 * to be the controller, for another command, for one that turns out to need the network after all - it becomes the other one,
 * NAME-full in the same folder: the same process, arguments and environment, and no shell between. Each is whole by itself:
 * NAME-full alone does everything.
 *
 * helm-controller is two as well: its small one lacks packed charts, certificates and passwords (helm-controller/elsewhere.h), and
 * is there where musl is.
 *
 * The other has all commands too, out of the same rows, so that nobody can tell who answered but by the time it took. The
 * Makefile's TOOL_<controller> lists what the small one is made of; builds with a sanitizer have the same two, linked
 * dynamically. Rejected: to load the network's part with dlopen (each function of it called through a pointer, and the libraries
 * of the Kubernetes client are in every corner of a controller); lazy binding (the mapping costs, not the binding; and it takes
 * back -z now); one static executable (glibc's name service is dynamic, and a library's fix would need our release); a
 * different name for the small one (the name users know would be the slow one).
 */
#ifndef GOTK_RUNTIME_COMPANION_H
#define GOTK_RUNTIME_COMPANION_H

#include "libgotk/runtime/tool.h"

/* The main function of the small executable. Returns its exit code, or becomes the other executable. */
int companion_main(int argc, char **argv, const struct tool *tool);

/* In the other one: whether the small one began this command, and told of deprecated flags. True once. */
bool companion_has_told(void);

#endif
