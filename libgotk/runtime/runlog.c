/*
 * runlog.c: building the fields of a reconcile's log lines; the contract is in runlog.h.
 */
#include "libgotk/runtime/runlog.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/random.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

static const char *object_json(struct arena *a, const struct queue_item *item)
{
    struct doc *object = doc_object(a);
    doc_set_text(a, object, "name", item->name);
    doc_set_text(a, object, "namespace", item->ns);
    return json_text(a, object, JSON_COMPACT);
}

const struct log_scope *runlog_scope(struct arena *a, const struct controller *c,
                                     const struct queue_item *item)
{
    const struct log_field fields[] = {
        { "controller", c->name, false },
        { "controllerGroup", c->group, false },
        { "controllerKind", c->kind, false },
        { c->kind, object_json(a, item), true },
        { "namespace", str_dup(a, item->ns), false },
        { "name", str_dup(a, item->name), false },
        { "reconcileID", random_uuid(a), false },
    };
    struct log_field *kept = ARENA_ARRAY(a, struct log_field, ARRAY_LEN(fields));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        kept[i] = fields[i];
    struct log_scope *scope = ARENA_NEW(a, struct log_scope);
    scope->fields = kept;
    scope->count = ARRAY_LEN(fields);
    return scope;
}

void runlog_failure(struct ctx *cx, const struct run *run, bool is_error, int64_t next_ms)
{
    const char *next = run->result.requeue == RESULT_NEVER ? "no further try until the object changes"
                       : next_ms >= 0                      ? str_fmt(cx->arena, "next try in %s",
                                                                     gotime_print_duration(cx->arena, next_ms * GOTIME_MS))
                                                           : "next try after the retry delay";
    const char *message = str_fmt(cx->arena, "Reconciliation failed after %s, %s", run_took(cx, run), next);
    const char *revision = NULL;
    doc_each (entry, run->event_metadata)
        if (str_ends(doc_key(entry), "/revision"))
            revision = doc_text(entry);
    struct log_field field = { "revision", revision, false };
    if (is_error)
        log_fields(LOG_ERROR, cx->log, run->failure.message, message, &field, revision ? 1 : 0);
    else
        log_fields(LOG_INFO, cx->log, NULL, str_or(run->log_message, run->failure.message), &field,
                   revision ? 1 : 0);
}
