/*
 * source.h: what the files of this controller share: its own options and state, and the run of one reconcile.
 *
 * One struct state per process, read-only once the workers run. One struct git_run per reconcile, in its arena.
 */
#ifndef GOTK_SOURCE_CONTROLLER_H
#define GOTK_SOURCE_CONTROLLER_H

#include "libgotk/api/source.h"
#include "libgotk/runtime/manager.h"
#include "source-controller/cachelimit.h"
#include "source-controller/gitfetch.h"
#include "source-controller/storage.h"

#define COND_STORAGE_FAILED "StorageOperationFailed"
#define COND_FETCH_FAILED   "FetchFailed"
#define COND_INCLUDE        "IncludeUnavailable"
#define COND_OUTDATED       "ArtifactOutdated"
#define COND_IN_STORAGE     "ArtifactInStorage"
#define COND_VERIFIED       "SourceVerified"

/* The controller's own flags, and what it opens at the start. */
struct state {
    const char *storage_path;
    const char *storage_addr;
    const char *storage_adv_addr;
    const char *digest_algo;
    int64_t retention_ttl_ns;
    int64_t retention_records;
    int64_t git_cache_max_size;
    /* Accepted for kinds that are not here yet. */
    int64_t helm_index_max_size;
    int64_t helm_chart_max_size;
    int64_t helm_chart_file_max_size;
    int64_t helm_cache_max_size;
    const char *helm_cache_ttl;
    const char *helm_cache_purge_interval;
    struct str_list ssh_kex_algos;
    struct str_list ssh_hostkey_algos;

    struct storage storage;
    struct cachelimit *cache_limit;
    struct server *server; /* NULL until we lead */
};

/* All that one reconcile of a GitRepository knows. */
struct git_run {
    struct run run; /* must be first */
    struct gitrepository repo;
    struct state *state;
    struct storage_owner owner;
    int64_t timeout_ns;
    const struct artifact *artifact; /* the stored one; NULL: none */
    struct gitauth auth;
    const char *token_keys[2]; /* of the tokens behind auth (cloud/tokencache.h); NULL: it holds none */
    const char *proxy;         /* of spec.proxySecretRef; NULL: as the environment says */
    struct artifact *included; /* those of spec.include, in its order */
    struct gitfetch_result fetched;
};

/* gitrepository.c */
extern const struct controller gitrepository_controller;

/* fetchcommand.c: `source-controller fetch URL`. */
extern const struct command fetch_command;

#endif
