/*
 * list.h: one page of a list, for kube_list and the reflector.
 */
#ifndef GOTK_KUBE_LIST_H
#define GOTK_KUBE_LIST_H

#include "libgotk/base/buf.h"
#include "libgotk/kube/client.h"
#include "libgotk/kube/rest.h"

#define LIST_PAGE 500

/* What is listed or watched; pointers are borrowed. */
struct list_query {
    struct kube_mapping mapping;
    const char *ns;
    const char *label_selector;
    const char *field_selector;
    bool metadata_only;
};

/* The path of the collection with the selectors in its query. */
struct buf list_path(struct arena *a, const struct list_query *q);

/* The Accept header: full objects, or their metadata ("PartialObjectMetadataList" for lists, without "List"
 * for watches). A server without that feature sends full objects, except for Secrets: there it must refuse. */
const char *list_accept(struct arena *a, const struct list_query *q, const char *as);

/* Reads one page of at most `limit` items (0: all) after `token` (NULL: the first page). ERR_GONE when the
 * token is too old. */
int list_page(struct ctx *cx, struct kube *k, const struct list_query *q, size_t limit, const char *token,
              struct doc **ret_list) MUST_CHECK;

/* Gives an item its real apiVersion and kind, which lists leave out and metadata replaces; with
 * metadata_only, takes out all but these and metadata. */
void list_identify(struct arena *a, const struct list_query *q, struct doc *item);

#endif
