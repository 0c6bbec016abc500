/*
 * manager.c: starting and ending a controller binary; the contract is in manager.h.
 *
 * manager_main is the table of contents. What happens in between, on the loop thread, is in lane.c: queues, workers, what is
 * posted to them. Each part that was opened is closed in the opposite order, whichever way the start went.
 */
#include "libgotk/runtime/manager.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/kube/config.h"
#include "libgotk/kube/lease.h"
#include "libgotk/net/http.h"
#include "libgotk/net/server.h"
#include "libgotk/runtime/footprint.h"
#include "libgotk/runtime/lane.h"
#include "libgotk/runtime/loop.h"
#include "libgotk/runtime/probe.h"
#include "libgotk/runtime/progress.h"
#include "libgotk/runtime/tokens.h"
#include "libgotk/runtime/watcher.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_MAX         ((size_t)64 << 20)
#define STOP_GRACE_MS     10000
#define LOST_GRACE_MS     2000
#define EVENTS_GRACE_MS   1000
#define TRIM_IDLE_MS      1000
#define USER_AGENT_SUFFIX "/" GOTK_VERSION

enum state { STARTING, RUNNING, STOPPING };

/* Messages that carry nothing but their name. */
enum signal_kind { SIGNAL_SYNCED, SIGNAL_LEADING, SIGNAL_LOST, SIGNAL_COUNT };

struct manager {
    const struct program *program;
    struct options options;
    struct ctx cx; /* of the main thread */
    const struct features *features;
    const char *ns;
    struct kube *kube;
    struct metrics *metrics;
    struct tokencache *tokens;
    struct probes *probes;
    struct events *events;
    struct progress *progress;
    struct loop *loop;
    struct watchers *watchers;
    struct lease *lease;
    const char *lease_name;
    struct lanes *lanes;
    struct loop_message signals[SIGNAL_COUNT];
    atomic_int state;
    atomic_bool lost; /* the lease: set before the loop thread knows */
    bool synced;
    bool leading;
    int64_t trim_ms; /* when free memory goes back to the system if nothing runs; 0: done */
    int exit_code;
};

static const struct log_scope setup_scope = { .logger = "setup" };
static const struct log_scope runtime_scope = { .logger = "runtime" };

/* --- what others ask --- */

struct kube *manager_kube(struct manager *m)
{
    return m->kube;
}

const struct options *manager_options(const struct manager *m)
{
    return &m->options;
}

const struct program *manager_program(const struct manager *m)
{
    return m->program;
}

struct metrics *manager_metrics(struct manager *m)
{
    return m->metrics;
}

struct tokencache *manager_tokens(struct manager *m)
{
    return m->tokens;
}

struct events *manager_events(struct manager *m)
{
    return m->events;
}

void *manager_user(const struct manager *m)
{
    return m->program->user;
}

const char *manager_namespace(const struct manager *m)
{
    return m->ns;
}

bool manager_feature(const struct manager *m, const char *name)
{
    return features_on(m->features, name);
}

struct store *manager_store(struct manager *m, const char *api_version, const char *kind)
{
    return watchers_store(m->watchers, api_version, kind);
}

void manager_enqueue(struct manager *m, const struct controller *c, const char *ns, const char *name,
                     enum queue_priority priority)
{
    lanes_add(m->lanes, c, ns, name, priority);
}

void manager_wake(struct manager *m, const struct controller *c, const char *ns, const char *name)
{
    lanes_wake(m->lanes, c, ns, name);
}

bool manager_stopping(const struct manager *m)
{
    return atomic_load(&m->state) >= STOPPING || atomic_load(&m->lost);
}

bool manager_may_write(const struct manager *m)
{
    return !atomic_load(&m->lost);
}

struct loop *manager_loop(struct manager *m)
{
    return m->loop;
}

struct progress *manager_progress(struct manager *m)
{
    return m->progress;
}

/* --- on the loop thread --- */

static void end_loop_when_idle(struct manager *m)
{
    if (atomic_load(&m->state) == STOPPING && lanes_busy(m->lanes) == 0)
        loop_stop(m->loop);
}

/* A burst of reconciles leaves holes in the heap: they are given back once nothing has run for a moment. Returns in how
 * many milliseconds to look again, -1: not before something has run. */
static int64_t trim_when_idle(struct manager *m)
{
    int64_t now_ms = ctx_now_ms();
    if (lanes_busy(m->lanes) > 0)
        m->trim_ms = now_ms + TRIM_IDLE_MS;
    if (m->trim_ms == 0 || lanes_busy(m->lanes) > 0)
        return -1;
    if (now_ms < m->trim_ms)
        return m->trim_ms - now_ms;
    malloc_trim(0);
    m->trim_ms = 0;
    return -1;
}

static void on_turn(void *user)
{
    struct manager *m = user;
    if (atomic_load(&m->state) == RUNNING) {
        int64_t next_ms = lanes_dispatch(m->lanes);
        int64_t trim_ms = trim_when_idle(m);
        loop_turn_in(m->loop, trim_ms >= 0 && (next_ms < 0 || trim_ms < next_ms) ? trim_ms : next_ms);
    }
    metrics_set(m->metrics, METRIC_LOOP_LAG, METRIC_PLAIN, (double)loop_lag_ms(m->loop) / 1000);
    end_loop_when_idle(m);
}

/* Ends the process: nothing new starts, what runs is cancelled. */
static void begin_end(struct manager *m, int64_t grace_ms)
{
    atomic_store(&m->state, STOPPING);
    watchers_stop(m->watchers);
    lanes_cancel(m->lanes);
    progress_cancel(m->progress);
    loop_expire_in(m->loop, grace_ms);
    end_loop_when_idle(m);
}

static void on_signalled(void *user, int number)
{
    struct manager *m = user;
    if (atomic_load(&m->state) == STOPPING) {
        log_error(&runtime_scope, "a second signal came", "ending at once", NULL);
        _exit(1);
    }
    log_info(&runtime_scope, "Stopping and waiting for running reconciles", "signal",
             number == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
    begin_end(m, STOP_GRACE_MS);
}

static void on_expired(void *user)
{
    struct manager *m = user;
    log_error(&runtime_scope, "reconciles did not end in time", "ending without them", NULL);
    m->exit_code = 1;
    loop_stop(m->loop);
}

/* Without the helper no job ever runs again, and only a new process has a new one: whoever restarts us is to. */
static void on_helper_lost(void *user)
{
    struct manager *m = user;
    if (atomic_load(&m->state) == STOPPING)
        return;
    log_error(&setup_scope, "the job helper process has ended",
              "problem running manager, ending to be restarted", NULL);
    m->exit_code = 1;
    begin_end(m, STOP_GRACE_MS);
}

static void fail_running(struct manager *m, const char *what)
{
    log_error(&setup_scope, err_message(&m->cx), what, NULL);
    err_clear(&m->cx);
    m->exit_code = 1;
    begin_end(m, STOP_GRACE_MS);
}

/* Workers start once we lead and know all objects. */
static void run_when_ready(struct manager *m)
{
    if (!m->synced || !m->leading || atomic_load(&m->state) != STARTING)
        return;
    if (lanes_start(&m->cx, m->lanes) < 0) {
        fail_running(m, "unable to start workers");
        return;
    }
    atomic_store(&m->state, RUNNING);
    malloc_trim(0);
    footprint_forget_start();
}

static void on_synced(void *user, struct loop_message *unused)
{
    struct manager *m = user;
    (void)unused;
    m->synced = true;
    run_when_ready(m);
}

static void on_leading(void *user, struct loop_message *unused)
{
    struct manager *m = user;
    (void)unused;
    m->leading = true;
    metrics_set(m->metrics, METRIC_LEADER, METRIC_LABELS(m->lease_name), 1);
    if (m->program->lead && m->program->lead(&m->cx, m) < 0)
        fail_running(m, "unable to start as leader");
    run_when_ready(m);
}

static void on_lost(void *user, struct loop_message *unused)
{
    struct manager *m = user;
    (void)unused;
    if (atomic_load(&m->state) == STOPPING)
        return;
    log_error(&setup_scope, "leader election lost", "problem running manager", NULL);
    metrics_set(m->metrics, METRIC_LEADER, METRIC_LABELS(m->lease_name), 0);
    m->exit_code = 1;
    begin_end(m, LOST_GRACE_MS);
}

/* --- from other threads --- */

static void signal_synced(void *user)
{
    struct manager *m = user;
    loop_post(m->loop, &m->signals[SIGNAL_SYNCED]);
}

static void signal_leading(void *user)
{
    struct manager *m = user;
    loop_post(m->loop, &m->signals[SIGNAL_LEADING]);
}

static void signal_lost(void *user)
{
    struct manager *m = user;
    atomic_store(&m->lost, true);
    loop_post(m->loop, &m->signals[SIGNAL_LOST]);
}

/* --- start --- */

static void observe_request(void *user, const char *method, const char *host, int status)
{
    struct manager *m = user;
    char code[24] = "<error>";
    if (status > 0)
        snprintf(code, sizeof(code), "%d", status);
    metrics_add(m->metrics, METRIC_REST_REQUESTS, METRIC_LABELS(code, host, method), 1);
}

static int open_cluster(struct ctx *cx, struct manager *m)
{
    struct kube_config config = { 0 };
    struct kube_options options = {
        .user_agent = str_fmt(cx->arena, "%s%s", m->program->name, USER_AGENT_SUFFIX),
        .observe = observe_request,
        .user = m,
    };
    if (kube_config_load(cx, &config) < 0)
        return err_wrap(cx, "unable to load the Kubernetes configuration");
    m->ns = str_or(str_or(getenv("RUNTIME_NAMESPACE"), config.ns), "");
    return kube_open(cx, &config, &options, &m->kube);
}

static int check_namespace(struct ctx *cx, const struct manager *m)
{
    bool needed = m->options.leader_election || !m->options.watch_all_namespaces;
    if (needed && str_empty(m->ns))
        return err_fail(cx, ERR_INVALID,
                        "RUNTIME_NAMESPACE is not set: it names the namespace of the lease and, with "
                        "--watch-all-namespaces=false, the one to watch");
    return 0;
}

static int open_threads(struct ctx *cx, struct manager *m)
{
    struct events_options events = {
        .kube = m->kube,
        .controller = m->program->name,
        .addr = m->options.events_addr,
        .metrics = m->metrics,
        .log = &runtime_scope,
    };
    struct loop_options loop = { .user = m,
                                 .turn = on_turn,
                                 .signalled = on_signalled,
                                 .expired = on_expired,
                                 .lost = on_helper_lost,
                                 .lost_fd = job_end_fd() };
    if (loop_open(cx, &loop, &m->loop) < 0 || events_start(cx, &events, &m->events) < 0 ||
        progress_start(cx, m->kube, &runtime_scope, &m->progress) < 0)
        return cx->err.code;
    m->watchers = watchers_open(m, m->program->controllers);
    m->lanes = lanes_open(m, m->program->controllers);
    return 0;
}

/* "<program>-leader-election", and for a shard 8 digits of its selector's hash. */
static const char *lease_name(struct manager *m)
{
    struct arena *a = m->cx.arena;
    const char *name = str_fmt(a, "%s-leader-election", m->program->name);
    const char *selector = m->options.watch_label_selector;
    if (str_empty(selector))
        return name;
    return str_fmt(a, "%s-%.8s", name, hash_sha256_hex(a, selector, strlen(selector)));
}

static int start_election(struct ctx *cx, struct manager *m)
{
    m->lease_name = lease_name(m);
    metrics_set(m->metrics, METRIC_LEADER, METRIC_LABELS(m->lease_name), 0);
    if (!m->options.leader_election) {
        signal_leading(m);
        return 0;
    }
    struct lease_options options = {
        .ns = m->ns,
        .name = m->lease_name,
        .duration_ms = m->options.lease_duration_ns / GOTIME_MS,
        .renew_deadline_ms = m->options.lease_renew_deadline_ns / GOTIME_MS,
        .retry_period_ms = m->options.lease_retry_period_ns / GOTIME_MS,
        .keep_on_stop = !m->options.leader_election_release,
        .on_acquired = signal_leading,
        .on_lost = signal_lost,
        .user = m,
        .log = &runtime_scope,
    };
    return lease_start(cx, m->kube, &options, &m->lease);
}

static int start(struct ctx *cx, struct manager *m)
{
    const struct program *p = m->program;
    m->signals[SIGNAL_SYNCED].run = on_synced;
    m->signals[SIGNAL_LEADING].run = on_leading;
    m->signals[SIGNAL_LOST].run = on_lost;
    if (features_parse(cx, p->features, m->options.feature_gates.at, m->options.feature_gates.len,
                       &m->features) < 0 ||
        open_cluster(cx, m) < 0 || check_namespace(cx, m) < 0)
        return cx->err.code;
    /* Whoever sees that it is ready may ask it to end: signals are waited for before probes are answered. */
    if (open_threads(cx, m) < 0 || probes_start(cx, m->metrics, &m->options, &m->probes) < 0)
        return cx->err.code;
    if (p->setup && p->setup(cx, m) < 0)
        return cx->err.code;
    log_info(&setup_scope, "starting manager", "version", GOTK_VERSION, NULL);
    if (watchers_start(cx, m->watchers, signal_synced, m) < 0)
        return cx->err.code;
    return start_election(cx, m);
}

/* A reconcile did not end, or we may not write any more: nothing that may be in use is taken away, the process just
 * goes. */
static void leave_at_once(struct manager *m)
{
    bool stuck = m->lanes && lanes_busy(m->lanes) > 0;
    if (stuck || atomic_load(&m->lost))
        _exit(m->exit_code);
}

/* Ends everything in the opposite order: first what asks for reconciles and scrapes, then the workers, then what they
 * use. */
static void stop(struct manager *m)
{
    if (m->watchers)
        watchers_stop(m->watchers);
    leave_at_once(m);
    probes_stop(m->probes);
    lanes_stop(m->lanes);
    watchers_close(m->watchers);
    if (m->program->halt)
        m->program->halt(m);
    events_stop(m->events, EVENTS_GRACE_MS);
    lease_stop(m->lease);
    progress_stop(m->progress);
    if (m->loop)
        loop_drain(m->loop);
    lanes_close(m->lanes); /* parked reconciles still hold what the program shares out */
    if (m->program->teardown)
        m->program->teardown(m);
    if (m->loop)
        loop_close(m->loop);
    kube_close(m->kube);
}

static int run_manager(struct manager *m)
{
    struct ctx *cx = &m->cx;
    cx->http = http_open();
    m->metrics = metrics_open();
    metrics_set(m->metrics, METRIC_BUILD_INFO, METRIC_LABELS(GOTK_VERSION), 1);
    m->tokens = tokens_open(&m->options, m->metrics);
    if (start(cx, m) < 0) {
        log_error(&setup_scope, err_message(cx), "unable to start manager", NULL);
        m->exit_code = 1;
        atomic_store(&m->state, STOPPING);
    } else {
        loop_run(m->loop);
    }
    stop(m);
    tokencache_close(m->tokens);
    metrics_close(m->metrics);
    http_close(cx->http);
    return m->exit_code;
}

/* --- the command line --- */

static void print_help(struct ctx *cx, const struct program *p, const char *flags)
{
    struct buf out = buf_new(cx->arena, 1 << 20);
    buf_fmt(&out, "%s: %s\n\nUsage:\n  %s [flags]\n", p->name, p->title, p->name);
    tool_list(&out, p->name, p->commands);
    buf_fmt(&out, "\nFlags:\n%s", flags);
    fputs(buf_text(&out), stdout);
}

static int print_error(struct ctx *cx, const struct program *p)
{
    fprintf(stderr, "%s: %s\n", p->name, err_message(cx));
    return 1;
}

static int run_controller(struct ctx *cx, const struct program *p, int argc, char **argv)
{
    const char *help;
    struct manager m = { .program = p };
    int rc = options_parse(cx, p->flags, p->flag_count, argc, argv, &m.options, &help);
    if (rc == FLAGS_HELP) {
        print_help(cx, p, help);
        return 0;
    }
    if (rc < 0)
        return print_error(cx, p);
    log_init(m.options.log_level, m.options.log_encoding, STDERR_FILENO);
    if (tool_init_jobs(cx, p->jobs, m.options.sandbox, JOB_SANDBOX_ON) < 0)
        return print_error(cx, p);
    m.cx = (struct ctx){ .arena = cx->arena, .log = &setup_scope };
    int code = run_manager(&m);
    job_exit();
    return code;
}

static int run_command(struct ctx *cx, const struct program *p, const struct command *c, int argc,
                       char **argv)
{
    const struct tool tool = {
        .name = p->name,
        .title = p->title,
        .jobs = p->jobs,
        .commands = p->commands,
        .http_open = http_open,
        .http_close = http_close,
    };
    return tool_run(cx, &tool, c, argc, argv);
}

int manager_main(int argc, char **argv, const struct program *program)
{
    const struct command *command = tool_find(program->commands, argc > 1 ? argv[1] : NULL);
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(command ? COMMAND_MEMORY_MAX : ARENA_MAX);
    struct ctx cx = { .arena = arena };
    tool_start_process();
    if (command)
        return run_command(&cx, program, command, argc - 1, argv + 1);
    footprint_forget_start(); /* a controller stays, a command is soon gone */
    return run_controller(&cx, program, argc, argv);
}
