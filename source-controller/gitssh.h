/*
 * gitssh.h: libgit2's smart protocol over one SSH connection.
 *
 * The counterpart of gittransport.c's HTTP, for ssh:// addresses: `git-upload-pack 'path'` runs on the server, its list of
 * references and then the pack come over the same connection, also when two remotes of libgit2 ask for them one after the
 * other. Lives in the child of a fetch. Rejected: the two connections upstream makes (list, then clone).
 */
#ifndef GOTK_SOURCE_GITSSH_H
#define GOTK_SOURCE_GITSSH_H

#include "source-controller/gittransport.h"

/* As gittransport_new, for a transport whose scheme is ssh. */
int gitssh_new(git_transport **ret, git_remote *owner, struct gittransport *t);

/* Ends the connection: politely when nothing was fetched. */
void gitssh_close(struct gittransport *t);

#endif
