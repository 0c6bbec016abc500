/*
 * gofmt_parts.h: what the files of gofmt share: one verb with its flags, and where it prints to.
 */
#ifndef GOTK_HELM_TEMPLATE_GOFMT_PARTS_H
#define GOTK_HELM_TEMPLATE_GOFMT_PARTS_H

#include "helm-controller/template/gofmt.h"

struct verb {
    struct buf *out;
    bool plus, minus, sharp, space, zero;
    bool plus_v, sharp_v;
    bool has_width, has_precision;
    int width, precision;
    bool erroring;    /* within a complaint: methods are left alone */
    const char *type; /* of the map or list printed next, where it is not the value's own */
    bool indirect;    /* what a template prints: pointers are followed */
};

/* Text, padded to the width. */
void gofmt_pad(struct verb *v, const char *s, size_t n);
/* Just padding of `n` cells, if positive. */
void gofmt_padding(struct verb *v, int n);
void gofmt_string(struct verb *v, const char *s, size_t n);
void gofmt_quoted(struct verb *v, const char *s, size_t n);
void gofmt_hex(struct verb *v, const char *s, size_t n, bool upper);
void gofmt_integer(struct verb *v, uint64_t u, unsigned base, bool is_signed, uint32_t letter);
void gofmt_unicode(struct verb *v, uint64_t u);
void gofmt_real(struct verb *v, double f, char letter, int precision);
/* One argument under a verb. */
void gofmt_argument(struct verb *v, struct value arg, uint32_t letter);

#endif
