/*
 * discovery.h: the server's kinds as one immutable table. Inside libgotk/kube only.
 *
 * Fetched as a whole: by aggregated discovery (/api and /apis, version 2), or group by group from servers
 * older than 1.30. A group whose own server is down is known but empty ("stale").
 */
#ifndef GOTK_KUBE_DISCOVERY_H
#define GOTK_KUBE_DISCOVERY_H

#include "libgotk/base/map.h"
#include "libgotk/base/vec.h"
#include "libgotk/kube/client.h"
#include "libgotk/kube/rest.h"

#include <stdatomic.h>

struct discovery {
    atomic_int refs;
    struct arena *arena; /* this struct and all rows */
    struct map kinds;    /* "group/version/Kind" -> struct kube_mapping */
    struct map groups;   /* group -> struct discovery_group */
    const char *core_etag;
    const char *apis_etag;
};

struct discovery_version {
    const char *name;
    bool stale; /* its resources could not be listed */
};

/* The versions of a group, the server's preference first. */
VEC_NAMED(discovery_group, struct discovery_version);

/* Asks the server; `known` (may be NULL) is returned itself, with one more reference, when nothing has
 * changed. */
int discovery_fetch(struct ctx *cx, struct kube *k, struct discovery *known,
                    struct discovery **ret) MUST_CHECK;

/* Takes one more reference and returns `d`; gives one back, the last one ends the table. NULL is allowed. Any
 * thread. */
struct discovery *discovery_ref(struct discovery *d);
void discovery_unref(struct discovery *d);

/* For those who fill a table: an empty one with one reference; a version of a group, in order of preference;
 * a kind (the first of its name wins). Strings are copied. */
struct discovery *discovery_new(void);
void discovery_add_version(struct discovery *d, const char *group, const char *version, bool stale);
void discovery_add_kind(struct discovery *d, const struct kube_mapping *row);

/* The row of a kind; NULL when absent. */
const struct kube_mapping *discovery_find(const struct discovery *d, const char *group, const char *version,
                                          const char *kind);

/* The row in the version the server prefers among those with the kind; NULL when absent. */
const struct kube_mapping *discovery_find_preferred(const struct discovery *d, const char *group,
                                                    const char *kind);

/* True when the group's version (NULL: any of its versions) is known but could not be listed. */
bool discovery_is_stale(const struct discovery *d, const char *group, const char *version);

#endif
