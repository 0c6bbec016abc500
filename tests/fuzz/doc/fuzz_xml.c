/*
 * fuzz_xml.c: XML as services of clouds answer with it: a document of strings, objects and arrays, or a refusal.
 */
#include "libgotk/doc/xml.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

static void check(const struct doc *d)
{
    enum doc_kind kind = doc_kind(d);
    fuzz_that(kind == DOC_STRING || kind == DOC_OBJECT || (kind == DOC_ARRAY && doc_len(d) > 1));
    doc_each (child, d)
        check(child);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct doc *d = NULL, *again = NULL;
    if (xml_parse(cx, text, len, "x", &d) < 0) {
        fuzz_that(err_code(cx) == ERR_INVALID || err_code(cx) == ERR_LIMIT);
        fuzz_that(str_starts(err_message(cx), "x:"));
        return;
    }
    fuzz_that(doc_kind(d) == DOC_OBJECT && doc_len(d) == 1);
    check(d);
    const char *json = json_text(cx->arena, d, JSON_COMPACT);
    fuzz_that(json_parse(cx, json, strlen(json), "json", &again) == 0 && doc_equal(d, again));
}

static const char *const seeds[] = {
    "=<?xml version=\"1.0\"?>\n<A xmlns=\"urn:x\"><p:B>1</p:B><B/><!-- c --><C>&lt;&#x41;<![CDATA[<x>]]></C></A>\n",
    "=<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>",
    NULL,
};

static const char *const words[] = { "<a>",       "</a>",     "<a/>", "<![CDATA[",  "]]>", "<!--",
                                     "-->",       "<?",       "?>",   "&#x10FFFF;", "&#",  "&amp;",
                                     "<!DOCTYPE", " b=\"c\"", "p:",   NULL };

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
