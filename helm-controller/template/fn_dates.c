/*
 * fn_dates.c: Sprig's dates, and the methods of a time. `now` is the wall clock.
 */
#include "helm-controller/template/fn.h"
#include "helm-controller/template/layout_parts.h"
#include "helm-controller/template/literal.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/gotime.h"

#define ZERO_SECONDS (-62135596800) /* Go's zero time: the first of January of the year 1 */

static const struct object_type time_type;

struct value fn_time(struct arena *a, struct moment m)
{
    struct moment *copy = ARENA_NEW(a, struct moment);
    struct object *o = ARENA_NEW(a, struct object);
    *copy = m;
    *o = (struct object){ &time_type, copy };
    return v_object(o);
}

static const struct moment *moment_of(struct value v)
{
    return v.object->data;
}

static bool is_time(struct value v)
{
    return v.type == V_OBJECT && v.object->type == &time_type;
}

static struct moment now(void)
{
    int64_t ns = gotime_now_ns();
    return (struct moment){ ns / GOTIME_SECOND, (int32_t)(ns % GOTIME_SECOND), 0, "UTC", true, true };
}

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

static void print_time(struct buf *out, const void *data)
{
    const struct moment *m = data;
    layout_format(out, m, view("2006-01-02 15:04:05.999999999 -0700 MST"));
    if (m->monotonic)
        buf_str(out, " m=+0.000000001");
}

static void print_go(struct buf *out, const void *data)
{
    const struct moment *m = data;
    struct civil c = layout_civil(m);
    buf_fmt(out, "time.Date(%ld, time.%s, %d, %d, %d, %d, %d, ", c.year, layout_months[c.month - 1], c.day,
            c.hour, c.minute, c.second, m->nsec);
    if (m->local || strcmp(m->zone, "UTC") == 0)
        buf_str(out, m->local ? "time.Local)" : "time.UTC)");
    else
        buf_fmt(out, "time.Location(%s))", gotime_quote(out->arena, m->zone, strlen(m->zone)));
}

static void print_json(struct buf *out, const void *data)
{
    layout_format(out, data, view("2006-01-02T15:04:05.999999999Z07:00"));
}

static bool is_same(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    return x->sec == y->sec && x->nsec == y->nsec && x->offset == y->offset && str_eq(x->zone, y->zone);
}

/* A time, or seconds since 1970; anything else is now. */
static struct moment time_of(struct value v)
{
    if (is_time(v))
        return *moment_of(v);
    if (v.type == V_INT || v.type == V_INT64 || v.type == V_INT32)
        return (struct moment){ .sec = v.i, .zone = "UTC" };
    return now();
}

static int format_in(struct exec *x, struct strv layout, struct value date, struct value zone,
                     struct value *ret)
{
    struct buf out = fn_buf(x);
    struct moment m = time_of(date);
    layout_in_zone(x->cx->arena, &m, str_ndup(x->cx->arena, zone.s, zone.len));
    layout_format(&out, &m, layout);
    return fn_take(x, &out, ret);
}

FN(fn_date)
{
    return format_in(x, v_view(args[0]), args[1], v_text("Local"), ret);
}

FN(fn_date_in_zone)
{
    return format_in(x, v_view(args[0]), args[1], args[2], ret);
}

FN(fn_html_date)
{
    return format_in(x, view("2006-01-02"), args[0], v_text("Local"), ret);
}

FN(fn_html_date_in_zone)
{
    return format_in(x, view("2006-01-02"), args[0], args[1], ret);
}

FN(fn_now)
{
    *ret = fn_time(x->cx->arena, now());
    return 0;
}

static struct moment moved(struct moment m, int64_t ns)
{
    int64_t nsec = m.nsec + ns % GOTIME_SECOND;
    m.sec += ns / GOTIME_SECOND + (nsec >= GOTIME_SECOND) - (nsec < 0);
    m.nsec = (int32_t)(nsec >= GOTIME_SECOND ? nsec - GOTIME_SECOND : nsec < 0 ? nsec + GOTIME_SECOND : nsec);
    return m;
}

static int modify(struct exec *x, struct value by, struct value date, struct value *ret)
{
    int64_t ns;
    if (gotime_parse_duration(x->cx, str_ndup(x->cx->arena, by.s, by.len), &ns) < 0)
        return err_code(x->cx);
    *ret = fn_time(x->cx->arena, moved(*moment_of(date), ns));
    return 0;
}

FN(fn_must_date_modify)
{
    return modify(x, args[0], args[1], ret);
}

FN(fn_date_modify)
{
    if (modify(x, args[0], args[1], ret) >= 0)
        return 0;
    err_clear(x->cx);
    *ret = args[1];
    return 0;
}

FN(fn_must_to_date)
{
    struct moment m;
    if (layout_parse(x->cx, v_view(args[0]), v_view(args[1]), &m) < 0)
        return err_code(x->cx);
    *ret = fn_time(x->cx->arena, m);
    return 0;
}

FN(fn_to_date)
{
    if (fn_must_to_date(x, args, n, ret) >= 0)
        return 0;
    err_clear(x->cx);
    *ret = fn_time(x->cx->arena, (struct moment){ .sec = ZERO_SECONDS, .zone = "UTC" });
    return 0;
}

/* The nanoseconds from a to b, as far as a duration reaches. */
static int64_t between(struct moment a, struct moment b)
{
    __int128 ns = (__int128)(b.sec - a.sec) * GOTIME_SECOND + (b.nsec - a.nsec);
    if (ns > INT64_MAX || ns < INT64_MIN)
        return ns > 0 ? INT64_MAX : INT64_MIN;
    return (int64_t)ns;
}

/* To whole seconds, half away from zero. */
static int64_t rounded(int64_t ns)
{
    int64_t rest = ns % GOTIME_SECOND;
    ns -= rest;
    if (rest >= GOTIME_SECOND / 2)
        return ns > INT64_MAX - GOTIME_SECOND ? INT64_MAX : ns + GOTIME_SECOND;
    if (rest <= -GOTIME_SECOND / 2)
        return ns < INT64_MIN + GOTIME_SECOND ? INT64_MIN : ns - GOTIME_SECOND;
    return ns;
}

FN(fn_ago)
{
    struct moment m = args[0].type == V_INT32 ? now() : time_of(args[0]);
    *ret = v_text(gotime_print_duration(x->cx->arena, rounded(between(m, now()))));
    return 0;
}

FN(fn_duration)
{
    int64_t seconds = 0;
    if (args[0].type == V_INT64)
        seconds = args[0].i;
    else if (args[0].type == V_STRING && literal_int(v_view(args[0]), 10, &seconds) == LITERAL_SYNTAX)
        seconds = 0;
    int64_t ns = (int64_t)((uint64_t)seconds * (uint64_t)GOTIME_SECOND);
    *ret = v_text(gotime_print_duration(x->cx->arena, ns));
    return 0;
}

FN(fn_duration_round)
{
    static const struct {
        uint64_t seconds;
        const char *unit;
    } units[] = { { 365 * 86400, "y" }, { 30 * 86400, "mo" }, { 86400, "d" },
                  { 3600, "h" },        { 60, "m" },          { 1, "s" } };
    int64_t ns = 0;
    if (args[0].type == V_INT64)
        ns = args[0].i;
    else if (is_time(args[0]))
        ns = between(*moment_of(args[0]), now());
    else if (args[0].type == V_STRING &&
             gotime_parse_duration(x->cx, str_ndup(x->cx->arena, args[0].s, args[0].len), &ns) < 0)
        err_clear(x->cx);
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    *ret = v_text("0s");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        uint64_t unit = units[i].seconds * (uint64_t)GOTIME_SECOND;
        if (size <= unit)
            continue;
        *ret = v_text(str_fmt(x->cx->arena, "%lu%s", size / unit, units[i].unit));
        break;
    }
    return 0;
}

FN(fn_unix_epoch)
{
    *ret = v_text(str_fmt(x->cx->arena, "%ld", moment_of(args[0])->sec));
    return 0;
}

/* -- methods of time.Time ---------------------------------------------------------------------------------- */

#define PART(name, expression)                                                                               \
    FN(time_##name)                                                                                          \
    {                                                                                                        \
        const struct moment *m = moment_of(args[0]);                                                         \
        struct civil c UNUSED = layout_civil(m);                                                             \
        *ret = expression;                                                                                   \
        return 0;                                                                                            \
    }
PART(year, v_int(c.year))
PART(month, ((struct value){ .type = V_MONTH, .i = c.month }))
PART(day, v_int(c.day))
PART(hour, v_int(c.hour))
PART(minute, v_int(c.minute))
PART(second, v_int(c.second))
PART(nanosecond, v_int(m->nsec))
PART(weekday, ((struct value){ .type = V_WEEKDAY, .i = c.weekday }))
PART(year_day, v_int(c.year_day))
PART(unix, v_int64(m->sec))
PART(unix_milli, v_int64(m->sec * 1000 + m->nsec / 1000000))
PART(unix_nano, v_int64((int64_t)((uint64_t)m->sec * 1000000000u + (uint64_t)m->nsec)))
PART(is_zero, v_bool(m->sec == ZERO_SECONDS && m->nsec == 0))

static void print_location(struct buf *out, const void *data)
{
    buf_str(out, data);
}

FN(location_string)
{
    *ret = v_text(args[0].object->data);
    return 0;
}

static const struct function location_methods[] = { { "String", "", location_string } };

static const struct object_type location_type = {
    .name = "*time.Location",
    .kind = K_POINTER,
    .methods = location_methods,
    .methods_count = ARRAY_LEN(location_methods),
    .print = print_location,
};

FN(time_location)
{
    struct object *o = ARENA_NEW(x->cx->arena, struct object);
    *o = (struct object){ &location_type, moment_of(args[0])->zone };
    *ret = v_object(o);
    return 0;
}

FN(time_format)
{
    struct buf out = fn_buf(x);
    layout_format(&out, moment_of(args[0]), v_view(args[1]));
    return fn_take(x, &out, ret);
}

FN(time_string)
{
    struct buf out = fn_buf(x);
    print_time(&out, moment_of(args[0]));
    return fn_take(x, &out, ret);
}

FN(time_utc)
{
    struct moment m = *moment_of(args[0]);
    m.offset = 0;
    m.zone = "UTC";
    m.local = false;
    *ret = fn_time(x->cx->arena, m);
    return 0;
}

static bool is_before(const struct moment *a, const struct moment *b)
{
    return a->sec != b->sec ? a->sec < b->sec : a->nsec < b->nsec;
}

FN(time_before)
{
    *ret = v_bool(is_before(moment_of(args[0]), moment_of(args[1])));
    return 0;
}

FN(time_after)
{
    *ret = v_bool(is_before(moment_of(args[1]), moment_of(args[0])));
    return 0;
}

FN(time_equal)
{
    const struct moment *a = moment_of(args[0]), *b = moment_of(args[1]);
    *ret = v_bool(a->sec == b->sec && a->nsec == b->nsec);
    return 0;
}

FN(time_sub)
{
    *ret = (struct value){ .type = V_DURATION, .i = between(*moment_of(args[1]), *moment_of(args[0])) };
    return 0;
}

FN(time_add_date)
{
    const struct moment *m = moment_of(args[0]);
    struct civil c = layout_civil(m);
    int64_t months = c.month - 1 + args[2].i, years = months / 12 - (months % 12 < 0);
    struct moment moved_to = *m;
    int64_t days =
        layout_days(c.year + args[1].i + years, (int)(months - years * 12) + 1, 1) + c.day - 1 + args[3].i;
    moved_to.sec = days * 86400 + c.hour * 3600 + c.minute * 60 + c.second - m->offset;
    *ret = fn_time(x->cx->arena, moved_to);
    return 0;
}

static const struct function methods[] = {
    { "Year", "", time_year },
    { "Month", "", time_month },
    { "Day", "", time_day },
    { "Hour", "", time_hour },
    { "Minute", "", time_minute },
    { "Second", "", time_second },
    { "Nanosecond", "", time_nanosecond },
    { "Weekday", "", time_weekday },
    { "YearDay", "", time_year_day },
    { "Unix", "", time_unix },
    { "UnixMilli", "", time_unix_milli },
    { "UnixNano", "", time_unix_nano },
    { "IsZero", "", time_is_zero },
    { "Location", "", time_location },
    { "Format", "s", time_format },
    { "String", "", time_string },
    { "UTC", "", time_utc },
    { "Local", "", time_utc },
    { "Before", "t", time_before },
    { "After", "t", time_after },
    { "Equal", "t", time_equal },
    { "Sub", "t", time_sub },
    { "AddDate", "iii", time_add_date },
};

static const struct object_type time_type = {
    .name = "time.Time",
    .kind = K_STRUCT,
    .methods = methods,
    .methods_count = ARRAY_LEN(methods),
    .print = print_time,
    .go = print_go,
    .json = print_json,
    .equal = is_same,
};

/* -- methods of time.Duration ------------------------------------------------------------------------------ */

/* Whole units and their fraction are added as Go adds them: a division of the whole would round differently. */
static double in_units(int64_t ns, int64_t unit)
{
    int64_t whole = ns / unit, rest = ns % unit;
    return (double)whole + (double)rest / (double)unit;
}

#define LENGTH(name, expression)                                                                             \
    FN(duration_##name)                                                                                      \
    {                                                                                                        \
        int64_t ns = args[0].i;                                                                              \
        *ret = expression;                                                                                   \
        return 0;                                                                                            \
    }
LENGTH(hours, v_float(in_units(ns, GOTIME_HOUR)))
LENGTH(minutes, v_float(in_units(ns, GOTIME_MINUTE)))
LENGTH(seconds, v_float(in_units(ns, GOTIME_SECOND)))
LENGTH(milliseconds, v_int64(ns / 1000000))
LENGTH(microseconds, v_int64(ns / 1000))
LENGTH(nanoseconds, v_int64(ns))

FN(duration_string)
{
    *ret = v_text(gotime_print_duration(x->cx->arena, args[0].i));
    return 0;
}

static const struct function duration_methods[] = {
    { "Hours", "", duration_hours },
    { "Minutes", "", duration_minutes },
    { "Seconds", "", duration_seconds },
    { "Milliseconds", "", duration_milliseconds },
    { "Microseconds", "", duration_microseconds },
    { "Nanoseconds", "", duration_nanoseconds },
    { "String", "", duration_string },
};
const struct function_table fn_duration_methods = { duration_methods, ARRAY_LEN(duration_methods) };

static const struct function rows[] = {
    { "now", "", fn_now },
    { "date", "sa", fn_date },
    { "dateInZone", "sas", fn_date_in_zone },
    { "date_in_zone", "sas", fn_date_in_zone },
    { "htmlDate", "a", fn_html_date },
    { "htmlDateInZone", "as", fn_html_date_in_zone },
    { "dateModify", "st", fn_date_modify },
    { "date_modify", "st", fn_date_modify },
    { "mustDateModify", "st", fn_must_date_modify },
    { "must_date_modify", "st", fn_must_date_modify },
    { "toDate", "ss", fn_to_date },
    { "mustToDate", "ss", fn_must_to_date },
    { "ago", "a", fn_ago },
    { "duration", "a", fn_duration },
    { "durationRound", "a", fn_duration_round },
    { "unixEpoch", "t", fn_unix_epoch },
};
const struct function_table fn_dates = { rows, ARRAY_LEN(rows) };
