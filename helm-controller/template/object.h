/*
 * object.h: the few Go types with fields and methods that templates meet: times, versions, certificates, files,
 * capabilities.
 *
 * A type is a table: its names, its fields, its methods. Private to helm-controller/template. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_OBJECT_H
#define GOTK_HELM_TEMPLATE_OBJECT_H

#include "helm-controller/template/value.h"
#include "libgotk/base/buf.h"

struct exec;
struct function;

struct object_field {
    const char *name;
    struct value (*get)(const void *data);
    bool unexported; /* templates may not read it; it is printed all the same */
    const char
        *json; /* its key in JSON, with "?" behind it when it is left out while empty; NULL: its name */
};

struct object_type {
    const char *name; /* as %T prints it, e.g. "*semver.Version" */
    enum vkind kind;  /* K_STRUCT, K_POINTER, K_MAP or K_SLICE */
    const struct object_field *fields;
    size_t fields_count;
    const struct function *methods; /* the receiver comes as first argument */
    size_t methods_count;
    void (*print)(struct buf *out, const void *data); /* String(); NULL: none */
    void (*json)(struct buf *out,
                 const void *data); /* the text that is its JSON string; NULL: its fields are */
    void (*go)(struct buf *out, const void *data);    /* GoString(), for %#v; NULL: none */
    bool (*equal)(const void *a, const void *b);      /* ==; NULL: only the same object is equal */
    bool (*deep_equal)(const void *a, const void *b); /* reflect.DeepEqual; NULL: as equal */
    /* What deepCopy makes of it in `a`: fields that are not exported stay zero. NULL: it serves as it is. */
    const void *(*copy)(struct arena *a, const void *data);
    bool by_pointer; /* the methods, String() too, are the pointer's: only an addressable value has them */
    size_t (*len)(const void *data); /* of a map or slice */
    /* Of a map: the value under key, or the zero of its element type and false. */
    bool (*find)(const void *data, struct strv key, struct value *ret);
    /* Of a map or slice: as a map or list of values, to be ranged over and printed; NULL: it cannot. */
    struct value (*elements)(struct arena *a, const void *data);
};

struct object {
    const struct object_type *type;
    const void *data;
};

#endif
