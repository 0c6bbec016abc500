/*
 * function.c: finding functions and methods by name; the contract is in function.h.
 *
 * The rows of all files are sorted once. Any thread.
 */
#include "helm-controller/template/function.h"

#include "helm-controller/template/fn.h"
#include "helm-controller/template/object.h"
#include "helm-controller/template/times.h"

#include <pthread.h>
#include <stdlib.h>

#define FUNCTIONS_MAX 320

static const struct function_table *const tables[] = {
    &fn_builtin, &fn_defaults, &fn_strings, &fn_words,  &fn_numbers, &fn_lists,  &fn_dicts,
    &fn_helm,    &fn_encoding, &fn_yaml,    &fn_toml,   &fn_regex,   &fn_semver, &fn_paths,
    &fn_urls,    &fn_dates,    &fn_random,  &fn_crypto, &fn_certs,
};

static const struct function *sorted[FUNCTIONS_MAX];
static size_t sorted_len;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct function *const *)a)->name, (*(const struct function *const *)b)->name);
}

static void sort_all(void)
{
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < tables[t]->len; i++) {
            ASSERT(sorted_len < FUNCTIONS_MAX);
            sorted[sorted_len++] = &tables[t]->rows[i];
        }
    }
    qsort(sorted, sorted_len, sizeof(sorted[0]), by_name);
}

static int compare(const char *name, struct strv to)
{
    int order = strncmp(name, to.p, to.n);
    return order ? order : name[to.n] != '\0';
}

const struct function *function_find(struct strv name)
{
    ASSERT(pthread_once(&once, sort_all) == 0);
    size_t low = 0, high = sorted_len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(sorted[middle]->name, name);
        if (order == 0)
            return sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *function_nearest(const char *name)
{
    const char *names[FUNCTIONS_MAX];
    ASSERT(pthread_once(&once, sort_all) == 0);
    for (size_t i = 0; i < sorted_len; i++)
        names[i] = sorted[i]->name;
    return str_nearest(name, names, sorted_len);
}

static const struct function *find_in(const struct function *rows, size_t len, struct strv name)
{
    for (size_t i = 0; i < len; i++)
        if (compare(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static bool is_row_of(const struct function *f, const struct function_table *table)
{
    return f >= table->rows && f < table->rows + table->len;
}

const struct function *function_find_plain(struct strv name)
{
    static const struct function_table *const helms[] = { &fn_yaml, &fn_toml, &fn_helm };
    static const char *const kept[] = { "fail", "getHostByName" };
    const struct function *f = find_in(fn_environment.rows, fn_environment.len, name);
    f = f ? f : function_find(name);
    for (size_t i = 0; f && i < ARRAY_LEN(kept); i++)
        if (strcmp(f->name, kept[i]) == 0)
            return f;
    for (size_t i = 0; f && i < ARRAY_LEN(helms); i++)
        if (is_row_of(f, helms[i]))
            return NULL;
    return f && strcmp(f->name, "fromJsonArray") == 0 ? NULL : f;
}

const struct function *function_method(struct value receiver, struct strv name)
{
    if (receiver.type == V_OBJECT && receiver.object->type->by_pointer && !receiver.addressable)
        return NULL;
    if (receiver.type == V_OBJECT)
        return find_in(receiver.object->type->methods, receiver.object->type->methods_count, name);
    if (receiver.type == V_VALUES)
        return find_in(fn_values_methods.rows, fn_values_methods.len, name);
    if (receiver.type == V_VERSIONS)
        return find_in(fn_versions_methods.rows, fn_versions_methods.len, name);
    if (receiver.type == V_DURATION)
        return find_in(times_duration_methods.rows, times_duration_methods.len, name);
    if (receiver.type == V_MONTH || receiver.type == V_WEEKDAY)
        return find_in(times_name_methods.rows, times_name_methods.len, name);
    return NULL;
}
