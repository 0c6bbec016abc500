/*
 * metrics.c: the rows, the series, and their text; the contract is in metrics.h.
 *
 * Series of a row hang in a small hash table, keyed by their label values joined by a byte that no label holds. Process
 * numbers are read from /proc when a scrape comes.
 */
#include "libgotk/runtime/metrics.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/runtime/procstat.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct row {
    const char *name;
    enum kind kind;
    const char *help;
    const char *labels[6];
    const double *bounds; /* histograms: upper bounds, rising */
    size_t bound_count;
};

/* Ten bounds spaced exponentially from 10 ms to half an hour. */
static const double reconcile_bounds[] = {
    0.01,
    0.038363583488692544,
    0.1471764538093883,
    0.5646216173286169,
    2.1660908555907006,
    8.309900738254731,
    31.87975707547831,
    122.3021722164349,
    469.1949594673653,
    1799.9999999999982,
};

static const double controller_bounds[] = {
    0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
    0.7,   0.8,  0.9,   1.0,  1.25, 1.5,  1.75, 2.0,  2.5, 3.0,  3.5, 4.0,  4.5, 5,
    6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60,
};

static const double queue_bounds[] = { 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000 };

#define BOUNDS(b) .bounds = (b), .bound_count = ARRAY_LEN(b)

/* clang-format off */
#define QUEUE_LABELS { "controller", "name" }

static const struct row rows[METRIC_COUNT] = {
    [METRIC_RECONCILE_DURATION] = { "gotk_reconcile_duration_seconds", HISTOGRAM,
        "The duration in seconds of a reconcile of one object.", { "kind", "name", "namespace" }, BOUNDS(reconcile_bounds) },
    [METRIC_RECONCILE_TOTAL] = { "controller_runtime_reconcile_total", COUNTER,
        "Reconciles per controller and outcome.", { "controller", "result" }, NULL, 0 },
    [METRIC_RECONCILE_ERRORS] = { "controller_runtime_reconcile_errors_total", COUNTER,
        "Failed reconciles per controller.", { "controller" }, NULL, 0 },
    [METRIC_RECONCILE_TERMINAL] = { "controller_runtime_terminal_reconcile_errors_total", COUNTER,
        "Reconciles that only a change of the object can help.", { "controller" }, NULL, 0 },
    [METRIC_RECONCILE_PANICS] = { "controller_runtime_reconcile_panics_total", COUNTER,
        "Always 0: work that may crash runs in processes of its own.", { "controller" }, NULL, 0 },
    [METRIC_RECONCILE_TIME] = { "controller_runtime_reconcile_time_seconds", HISTOGRAM,
        "The length of reconciles per controller.", { "controller" }, BOUNDS(controller_bounds) },
    [METRIC_ACTIVE_WORKERS] = { "controller_runtime_active_workers", GAUGE,
        "Workers that reconcile at this moment.", { "controller" }, NULL, 0 },
    [METRIC_MAX_CONCURRENT] = { "controller_runtime_max_concurrent_reconciles", GAUGE,
        "Workers there are.", { "controller" }, NULL, 0 },
    [METRIC_QUEUE_DEPTH] = { "workqueue_depth", GAUGE,
        "Objects ready to be reconciled.", { "controller", "name", "priority" }, NULL, 0 },
    [METRIC_QUEUE_ADDS] = { "workqueue_adds_total", COUNTER,
        "Objects added to the queue.", QUEUE_LABELS, NULL, 0 },
    [METRIC_QUEUE_LATENCY] = { "workqueue_queue_duration_seconds", HISTOGRAM,
        "How long an object was ready before a worker took it.", QUEUE_LABELS, BOUNDS(queue_bounds) },
    [METRIC_QUEUE_WORK] = { "workqueue_work_duration_seconds", HISTOGRAM,
        "How long a worker had an object.", QUEUE_LABELS, BOUNDS(queue_bounds) },
    [METRIC_QUEUE_UNFINISHED] = { "workqueue_unfinished_work_seconds", GAUGE,
        "Seconds that running reconciles have taken so far, all together.", QUEUE_LABELS, NULL, 0 },
    [METRIC_QUEUE_LONGEST] = { "workqueue_longest_running_processor_seconds", GAUGE,
        "Seconds that the longest running reconcile has taken so far.", QUEUE_LABELS, NULL, 0 },
    [METRIC_QUEUE_RETRIES] = { "workqueue_retries_total", COUNTER,
        "Objects added again by the rate limiter.", QUEUE_LABELS, NULL, 0 },
    [METRIC_PARKED] = { "gotk_parked_reconciles", GAUGE,
        "Reconciles that wait without a worker.", { "controller" }, NULL, 0 },
    [METRIC_REST_REQUESTS] = { "rest_client_requests_total", COUNTER,
        "Requests to API servers by status code, method and host.", { "code", "host", "method" }, NULL, 0 },
    [METRIC_LEADER] = { "leader_election_master_status", GAUGE,
        "1 when this process leads.", { "name" }, NULL, 0 },
    [METRIC_EVENTS_DROPPED] = { "gotk_events_dropped_total", COUNTER,
        "Events that were not sent because too many were waiting.", { NULL }, NULL, 0 },
    [METRIC_LOOP_LAG] = { "gotk_loop_lag_seconds", GAUGE,
        "How late the last timer of the event loop was.", { NULL }, NULL, 0 },
    [METRIC_CACHE_EVENTS] = { "gotk_cache_events_total", COUNTER,
        "Cache hits and misses by object.", { "event_type", "name", "namespace" }, NULL, 0 },
    [METRIC_TOKEN_CACHE_EVENTS] = { "gotk_token_cache_events_total", COUNTER,
        "Token cache hits and misses by object.", { "event_type", "kind", "name", "namespace", "operation" }, NULL, 0 },
    [METRIC_TOKEN_CACHE_ITEMS] = { "gotk_token_cached_items", GAUGE,
        "Tokens in the cache.", { NULL }, NULL, 0 },
    [METRIC_TOKEN_CACHE_REQUESTS] = { "gotk_token_cache_requests_total", COUNTER,
        "Requests to the token cache.", { "status" }, NULL, 0 },
    [METRIC_TOKEN_CACHE_EVICTIONS] = { "gotk_token_cache_evictions_total", COUNTER,
        "Tokens dropped from the cache to make room.", { NULL }, NULL, 0 },
    [METRIC_PROCESS_CPU] = { "process_cpu_seconds_total", COUNTER,
        "User and system CPU time of this process in seconds.", { NULL }, NULL, 0 },
    [METRIC_PROCESS_RESIDENT] = { "process_resident_memory_bytes", GAUGE,
        "Memory this process has in RAM.", { NULL }, NULL, 0 },
    [METRIC_PROCESS_VIRTUAL] = { "process_virtual_memory_bytes", GAUGE,
        "Size of the address space of this process.", { NULL }, NULL, 0 },
    [METRIC_PROCESS_START] = { "process_start_time_seconds", GAUGE,
        "When this process started, in seconds since 1970.", { NULL }, NULL, 0 },
    [METRIC_PROCESS_FDS] = { "process_open_fds", GAUGE,
        "Open file descriptors.", { NULL }, NULL, 0 },
    [METRIC_PROCESS_MAX_FDS] = { "process_max_fds", GAUGE,
        "File descriptors this process may have open.", { NULL }, NULL, 0 },
    [METRIC_BUILD_INFO] = { "gotk_build_info", GAUGE,
        "Always 1, with the version as label.", { "version" }, NULL, 0 },
};
/* clang-format on */

#define SEPARATOR '\x1f'
#define SLOTS     64

struct series {
    struct series *next; /* in the same slot */
    char *key;           /* label values, SEPARATOR between them */
    double value;        /* of a histogram: the sum */
    uint64_t count;      /* histograms */
    uint64_t buckets[];  /* one per bound */
};

struct family {
    struct series *slots[SLOTS];
    size_t len;
};

struct collector {
    void (*collect)(struct metrics *m, void *user);
    void *user;
};

struct metrics {
    pthread_mutex_t lock;
    struct family families[METRIC_COUNT];
    struct collector collectors[16];
    size_t collector_count;
};

struct metrics *metrics_open(void)
{
    struct metrics *m = mem_alloc(sizeof(*m));
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

static void free_series(struct series *s)
{
    mem_free(s->key);
    mem_free(s);
}

void metrics_close(struct metrics *m)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        for (size_t slot = 0; slot < SLOTS; slot++) {
            for (struct series *s = m->families[i].slots[slot], *next; s; s = next) {
                next = s->next;
                free_series(s);
            }
        }
    }
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

/* The labels as one owned string. */
static char *join(const char *const *labels)
{
    size_t size = 1;
    for (size_t i = 0; labels[i]; i++)
        size += strlen(labels[i]) + 1;
    char *key = mem_alloc(size);
    char *to = key;
    for (size_t i = 0; labels[i]; i++) {
        if (i)
            *to++ = SEPARATOR;
        to = mempcpy(to, labels[i], strlen(labels[i]));
    }
    return key;
}

static struct series **place_of(struct family *f, const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *s = key; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 16777619u;
    struct series **at = &f->slots[hash % SLOTS];
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

/* The series of these labels, made when absent. Called with the lock. */
static struct series *series_for(struct metrics *m, enum metric id, const char *const *labels)
{
    struct family *f = &m->families[id];
    char *key = join(labels);
    struct series **at = place_of(f, key);
    if (*at) {
        mem_free(key);
        return *at;
    }
    struct series *s = mem_alloc(sizeof(*s) + rows[id].bound_count * sizeof(s->buckets[0]));
    s->key = key;
    *at = s;
    f->len++;
    return s;
}

void metrics_add(struct metrics *m, enum metric id, const char *const *labels, double delta)
{
    pthread_mutex_lock(&m->lock);
    series_for(m, id, labels)->value += delta;
    pthread_mutex_unlock(&m->lock);
}

void metrics_set(struct metrics *m, enum metric id, const char *const *labels, double value)
{
    pthread_mutex_lock(&m->lock);
    series_for(m, id, labels)->value = value;
    pthread_mutex_unlock(&m->lock);
}

void metrics_observe(struct metrics *m, enum metric id, const char *const *labels, double value)
{
    pthread_mutex_lock(&m->lock);
    struct series *s = series_for(m, id, labels);
    s->value += value;
    s->count++;
    for (size_t i = 0; i < rows[id].bound_count; i++)
        s->buckets[i] += value <= rows[id].bounds[i];
    pthread_mutex_unlock(&m->lock);
}

void metrics_forget(struct metrics *m, enum metric id, const char *const *labels)
{
    char *key = join(labels);
    pthread_mutex_lock(&m->lock);
    struct series **at = place_of(&m->families[id], key);
    struct series *s = *at;
    if (s) {
        *at = s->next;
        m->families[id].len--;
        free_series(s);
    }
    pthread_mutex_unlock(&m->lock);
    mem_free(key);
}

double metrics_value(struct metrics *m, enum metric id, const char *const *labels)
{
    char *key = join(labels);
    pthread_mutex_lock(&m->lock);
    const struct series *s = *place_of(&m->families[id], key);
    double value = !s ? 0 : rows[id].kind == HISTOGRAM ? (double)s->count : s->value;
    pthread_mutex_unlock(&m->lock);
    mem_free(key);
    return value;
}

void metrics_collector(struct metrics *m, void (*collect)(struct metrics *m, void *user), void *user)
{
    pthread_mutex_lock(&m->lock);
    ASSERT(m->collector_count < ARRAY_LEN(m->collectors));
    m->collectors[m->collector_count++] = (struct collector){ collect, user };
    pthread_mutex_unlock(&m->lock);
}

static void collect_process(struct metrics *m)
{
    struct procstat now;
    if (!procstat_read(&now))
        return;
    metrics_set(m, METRIC_PROCESS_CPU, METRIC_PLAIN, now.cpu_seconds);
    metrics_set(m, METRIC_PROCESS_RESIDENT, METRIC_PLAIN, now.resident_bytes);
    metrics_set(m, METRIC_PROCESS_VIRTUAL, METRIC_PLAIN, now.virtual_bytes);
    metrics_set(m, METRIC_PROCESS_START, METRIC_PLAIN, now.start_seconds);
    metrics_set(m, METRIC_PROCESS_FDS, METRIC_PLAIN, now.open_fds);
    metrics_set(m, METRIC_PROCESS_MAX_FDS, METRIC_PLAIN, now.max_fds);
}

/* The shortest text that reads back as the same number, with an exponent where Go writes one. */
static void print_number(struct buf *out, double value)
{
    char text[40];
    if (isinf(value) || isnan(value)) {
        buf_str(out, isnan(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf");
        return;
    }
    int digits = 0;
    do
        snprintf(text, sizeof(text), "%.*e", digits, value);
    while (digits++ < 17 && strtod(text, NULL) != value);
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (value == 0 || (exponent >= -4 && exponent < 6)) {
        int decimals = digits - 1 - exponent;
        buf_fmt(out, "%.*f", value == 0 || decimals < 0 ? 0 : decimals, value);
    } else {
        buf_str(out, text);
    }
}

static void print_escaped(struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n')
            buf_str(out, "\\n");
        else if (s[i] == '"' || s[i] == '\\')
            buf_fmt(out, "\\%c", s[i]);
        else
            buf_char(out, s[i]);
    }
}

/* `{a="x",le="1"}`, or nothing without labels; bound NAN: no "le". */
static void print_labels(struct buf *out, const struct row *row, const char *key, double bound)
{
    const char *comma = "{";
    for (size_t i = 0; row->labels[i]; i++) {
        size_t n = strcspn(key, (char[]){ SEPARATOR, 0 });
        buf_fmt(out, "%s%s=\"", comma, row->labels[i]);
        print_escaped(out, key, n);
        buf_char(out, '"');
        key += key[n] ? n + 1 : n;
        comma = ",";
    }
    if (!isnan(bound)) {
        buf_fmt(out, "%sle=\"", comma);
        print_number(out, bound);
        buf_char(out, '"');
        comma = ",";
    }
    if (comma[0] == ',')
        buf_char(out, '}');
}

static void print_line(struct buf *out, const struct row *row, const char *suffix, const char *key,
                       double bound, double value)
{
    buf_fmt(out, "%s%s", row->name, suffix);
    print_labels(out, row, key, bound);
    buf_char(out, ' ');
    print_number(out, value);
    buf_char(out, '\n');
}

static void print_series(struct buf *out, const struct row *row, const struct series *s)
{
    if (row->kind != HISTOGRAM) {
        print_line(out, row, "", s->key, NAN, s->value);
        return;
    }
    for (size_t i = 0; i < row->bound_count; i++)
        print_line(out, row, "_bucket", s->key, row->bounds[i], (double)s->buckets[i]);
    print_line(out, row, "_bucket", s->key, INFINITY, (double)s->count);
    print_line(out, row, "_sum", s->key, NAN, s->value);
    print_line(out, row, "_count", s->key, NAN, (double)s->count);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const struct series *const *)a)->key, (*(const struct series *const *)b)->key);
}

static void print_family(struct buf *out, const struct row *row, const struct family *f)
{
    static const char *const kinds[] = { "counter", "gauge", "histogram" };
    if (f->len == 0)
        return;
    const struct series **sorted = ARENA_ARRAY(out->arena, const struct series *, f->len);
    size_t n = 0;
    for (size_t slot = 0; slot < SLOTS; slot++)
        for (const struct series *s = f->slots[slot]; s; s = s->next)
            sorted[n++] = s;
    qsort(sorted, n, sizeof(struct series *), by_key);
    buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, kinds[row->kind]);
    for (size_t i = 0; i < n; i++)
        print_series(out, row, sorted[i]);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(rows[*(const size_t *)a].name, rows[*(const size_t *)b].name);
}

/* Collectors set series, so they run without the lock. */
static void collect_all(struct metrics *m)
{
    struct collector collectors[ARRAY_LEN(m->collectors)];
    pthread_mutex_lock(&m->lock);
    size_t count = m->collector_count;
    memcpy(collectors, m->collectors, sizeof(collectors));
    pthread_mutex_unlock(&m->lock);
    for (size_t i = 0; i < count; i++)
        collectors[i].collect(m, collectors[i].user);
    collect_process(m);
}

void metrics_print(struct metrics *m, struct buf *out)
{
    collect_all(m);
    size_t order[METRIC_COUNT] = { 0 };
    for (size_t i = 0; i < METRIC_COUNT; i++)
        order[i] = i;
    qsort(order, METRIC_COUNT, sizeof(order[0]), by_name);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        print_family(out, &rows[order[i]], &m->families[order[i]]);
    pthread_mutex_unlock(&m->lock);
}
