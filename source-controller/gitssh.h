/*
 * gitssh.h: libgit2's smart protocol over one SSH connection.
 *
 * The counterpart of gittransport.c's HTTP, for ssh:// addresses: `git-upload-pack 'path'` runs on the server, its list of
 * references and then the pack come over the same connection, also when two remotes of libgit2 ask for them one after the
 * other. Lives in the child of a fetch. Rejected: the two connections upstream makes (list, then clone).
 */
#ifndef GOTK_SOURCE_GITSSH_H
#define GOTK_SOURCE_GITSSH_H

#include "libgotk/git/gittransport.h"

/* What a fetch speaks to ssh:// addresses with. */
extern const struct gittransport_ssh gitssh;

#endif
