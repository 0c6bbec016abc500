/*
 * obj.c: one object in one block; the contract is in obj.h.
 *
 * The block holds the struct, its index table, all short strings and the JSON text, so that an object costs
 * its text and some 200 bytes. Made on a reflector's thread, read and ended on any; the count is the only
 * thing that changes.
 */
#include "libgotk/kube/obj.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

/* Where the next string goes in the block. */
struct packer {
    char *at;
};

static size_t size_of(const char *s)
{
    return strlen(str_or(s, "")) + 1;
}

static const char *pack_bytes(struct packer *p, const char *s, size_t n)
{
    char *place = p->at;
    memcpy(place, s, n);
    place[n] = '\0';
    p->at += n + 1;
    return place;
}

static const char *pack(struct packer *p, const char *s)
{
    return pack_bytes(p, str_or(s, ""), strlen(str_or(s, "")));
}

/* The strings of an object that become fields, in a fixed order. */
enum part { API_VERSION, KIND, NS, NAME, UID, RESOURCE_VERSION, PARTS };

static void find_parts(const struct doc *object, const char *parts[PARTS])
{
    const struct doc *metadata = doc_find(object, "metadata");
    parts[API_VERSION] = doc_text_at(object, "apiVersion");
    parts[KIND] = doc_text_at(object, "kind");
    parts[NS] = doc_text_at(metadata, "namespace");
    parts[NAME] = doc_text_at(metadata, "name");
    parts[UID] = doc_text_at(metadata, "uid");
    parts[RESOURCE_VERSION] = doc_text_at(metadata, "resourceVersion");
}

static size_t block_size(const char *const parts[PARTS], const struct obj_index *indexes, size_t index_count,
                         size_t text_len)
{
    size_t size = sizeof(struct obj) + index_count * sizeof(struct obj_index) + text_len + 1;
    for (size_t i = 0; i < PARTS; i++)
        size += size_of(parts[i]);
    for (size_t i = 0; i < index_count; i++)
        size += size_of(indexes[i].name) + size_of(indexes[i].value);
    return size;
}

static void set_parts(struct obj *o, struct packer *p, const char *const parts[PARTS])
{
    o->api_version = pack(p, parts[API_VERSION]);
    o->kind = pack(p, parts[KIND]);
    o->ns = pack(p, parts[NS]);
    o->name = pack(p, parts[NAME]);
    o->uid = pack(p, parts[UID]);
    o->resource_version = pack(p, parts[RESOURCE_VERSION]);
}

static void set_indexes(struct obj *o, struct packer *p, struct obj_index *table,
                        const struct obj_index *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        table[i].name = pack(p, from[i].name);
        table[i].value = pack(p, from[i].value);
    }
    o->indexes = table;
    o->index_count = count;
}

struct obj *obj_new(struct ctx *cx, const struct doc *object, const struct obj_index *indexes,
                    size_t index_count)
{
    const char *parts[PARTS];
    find_parts(object, parts);
    struct arena_mark mark = arena_mark(cx->arena);
    const char *text = json_text(cx->arena, object, JSON_COMPACT);
    size_t text_len = strlen(text);
    struct obj *o = mem_alloc_raw(block_size(parts, indexes, index_count, text_len));
    *o = (struct obj){ .text_len = text_len };
    atomic_init(&o->refs, 1);
    struct obj_index *table = (struct obj_index *)(void *)(o + 1);
    struct packer p = { (char *)(table + index_count) };
    set_parts(o, &p, parts);
    set_indexes(o, &p, table, indexes, index_count);
    o->text = pack_bytes(&p, text, text_len);
    (void)doc_get_int(doc_path(object, "metadata", "generation"), &o->generation);
    o->deleting = !str_empty(doc_text_at(object, "metadata", "deletionTimestamp"));
    arena_release(cx->arena, mark);
    return o;
}

struct obj *obj_ref(struct obj *o)
{
    if (o)
        atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void obj_unref(struct obj *o)
{
    if (o && atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1)
        mem_free(o);
}

void obj_unref_deferred(void *o)
{
    obj_unref(o);
}

void obj_cleanup(struct obj **o)
{
    obj_unref(*o);
}

int obj_doc(struct ctx *cx, const struct obj *o, struct doc **ret_doc)
{
    return json_parse(cx, o->text, o->text_len, o->name, ret_doc);
}

bool obj_has_index(const struct obj *o, const char *name, const char *value)
{
    for (size_t i = 0; i < o->index_count; i++) {
        if (str_eq(o->indexes[i].value, value) && str_eq(o->indexes[i].name, name))
            return true;
    }
    return false;
}
