/*
 * yml_reader.h: a YAML text being read, shared by yml.c (collections) and yml_value.c (scalars).
 */
#ifndef GOTK_DOC_YML_READER_H
#define GOTK_DOC_YML_READER_H

#include "libgotk/base/map.h"
#include "libgotk/doc/node.h"
#include "libgotk/doc/yml_dialect.h"
#include "libgotk/doc/yml_scalar.h"

#include <yaml.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

struct anchor {
    cJSON *node;
    const char *key; /* of a scalar: its text when it is used as a key; NULL when it cannot be one */
    size_t nodes;    /* in the subtree, once it is complete */
    bool open;       /* being read: an alias to it would contain itself */
};

/* Texts up to this length are shared with the last one that had the same hash: most keys and many values repeat. */
#define SHARED_MAX  40
#define SHARED_MANY 256

struct reader {
    struct ctx *cx;
    const char *name;
    const char *text;
    size_t len;
    int rules;
    yaml_parser_t parser;
    yaml_event_t event;
    struct map anchors; /* name to struct anchor */
    enum yml_type type; /* of the scalar read last */
    int depth;
    char flow;      /* what ends the braces or brackets being read; 0: there are none */
    size_t nodes;   /* read and copied so far */
    size_t aliased; /* of these, copied for aliases */
    unsigned events;
    struct yml_dialect_cursor dialect;
    const char *stand_in; /* for byte order marks (yml_dialect.h); NULL: there are none */
    const char *stop;     /* a byte that libyaml reads otherwise than go-yaml: what it reads is of no use */
    bool malformed;       /* the last error is one of syntax */
    const char *later;    /* with YML_GO_ERRORS: what is wrong with a value, unless something worse follows */
    char *shared[SHARED_MANY];
};

/* Fails at a place: "NAME:LINE:COLUMN: what", or "yaml: what" where go-yaml's words are wanted. */
int yml_reader_fail(struct reader *r, yaml_mark_t at, const char *what);

/* Makes a node of the scalar that is the present event. */
int yml_value_fill(struct reader *r, cJSON *n) MUST_CHECK;
/* The string that this scalar becomes as a key; NULL when it cannot be one. go-yaml v3 keeps what was written,
 * sigs.k8s.io/yaml prints the number or bool. */
const char *yml_value_key(struct reader *r, const cJSON *n, const char *written);
/* True for scalars that may be something else than a string. */
bool yml_value_is_plain(const struct reader *r);

#endif
