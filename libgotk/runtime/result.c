/*
 * result.c: the table from error codes to what happens next; the contract is in result.h.
 */
#include "libgotk/runtime/result.h"

#include "libgotk/base/ctx.h"

struct row {
    int code;
    enum result_requeue requeue;
    enum result_event event;
    bool stalled;
};

/* clang-format off */
static const struct row rows[] = {
    /* outcome           looked at again   told           stalled */
    { 0,                 RESULT_INTERVAL,  RESULT_SILENT,  false },
    { ERR_UNSUPPORTED,   RESULT_NEVER,     RESULT_WARNING, true  }, /* only another spec helps */
    { ERR_NOT_READY,     RESULT_DEPENDENCY, RESULT_INFO,   false }, /* we wait for someone else */
    { ERR_CANCELED,      RESULT_NOW,       RESULT_SILENT,  false }, /* we were told to stop; nothing is wrong */
    { ERR_CONFLICT,      RESULT_BACKOFF,   RESULT_WARNING, false }, /* read again, then try again */
    { ERR_INTERNAL,      RESULT_BACKOFF,   RESULT_WARNING, false },
};
/* clang-format on */

static const struct row any_other = { -1, RESULT_RETRY, RESULT_WARNING, false };

struct result result_of(int code)
{
    const struct row *row = &any_other;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == code)
            row = &rows[i];
    return (struct result){
        .code = code,
        .requeue = row->requeue,
        .event = row->event,
        .stalled = row->stalled,
    };
}
