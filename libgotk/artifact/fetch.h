/*
 * fetch.h: downloads an artifact of source-controller and checks its digest.
 *
 * Follows fluxcd/pkg/http/fetch: retries on connection errors, 429 and 5xx but 501 (5 s to 30 s apart), the host taken
 * from SOURCE_CONTROLLER_LOCALHOST (or SOURCE_WATCHER_LOCALHOST for a source-watcher URL) when that is set, the digest
 * checked over the stored archive before anyone unpacks it. Worker threads.
 */
#ifndef GOTK_ARTIFACT_FETCH_H
#define GOTK_ARTIFACT_FETCH_H

#include "libgotk/base/ctx.h"

#include <stdint.h>

struct artifact_fetch {
    const char *url;
    const char *digest; /* "sha256:<hex>"; without "algo:" sha256 is meant */
    int64_t retries;    /* further tries after the first */
};

/* Downloads into the new file `path`. ERR_NOT_FOUND "file not found" for a 404; else "failed to download archive: ..." or
 * "failed to verify archive: computed digest doesn't match provided '...' ..."; no file is left behind on failure. */
int artifact_download(struct ctx *cx, const struct artifact_fetch *fetch, const char *path) MUST_CHECK;

#endif
