/*
 * times.c: Go's times as values; the contract is in times.h.
 *
 * A moment counts from 1970; what compares or moves times counts from the year 1, as Go does, for that is where it wraps.
 */
#include "helm-controller/template/times.h"

#include "helm-controller/template/layout_parts.h"
#include "helm-controller/template/object.h"
#include "libgotk/base/gotime.h"

#define YEAR_ONE     62135596800  /* seconds from the year 1 to 1970 */
#define SHARED_FIRST (-12 * 3600) /* zones of whole hours without a name are one object each, from here */
#define SHARED_LAST  (14 * 3600)

static const struct object_type time_type, location_type;
static const struct location utc = { "UTC", 0 };

struct value fn_time(struct arena *a, struct moment m)
{
    struct moment *copy = ARENA_NEW(a, struct moment);
    struct object *o = ARENA_NEW(a, struct object);
    *copy = m;
    *o = (struct object){ &time_type, copy };
    return v_object(o);
}

bool times_is(struct value v)
{
    return v.type == V_OBJECT && v.object->type == &time_type;
}

const struct moment *times_moment(struct value v)
{
    return v.object->data;
}

struct moment times_now(void)
{
    int64_t ns = gotime_now_ns();
    return (struct moment){ .sec = ns / GOTIME_SECOND,
                            .nsec = (int32_t)(ns % GOTIME_SECOND),
                            .zone = utc.name,
                            .location = &layout_local,
                            .monotonic = true };
}

struct moment times_zero(void)
{
    return (struct moment){ .sec = -YEAR_ONE, .zone = utc.name };
}

static int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrap_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Seconds since the year 1. */
static int64_t internal(const struct moment *m)
{
    return wrap_add(m->sec, YEAR_ONE);
}

/* Nanoseconds since the year 1. */
static __int128 in_ns(const struct moment *m)
{
    return (__int128)internal(m) * GOTIME_SECOND + m->nsec;
}

struct moment times_add(struct moment m, int64_t ns)
{
    int64_t seconds = ns / GOTIME_SECOND, nsec = m.nsec + ns % GOTIME_SECOND;
    seconds += (nsec >= GOTIME_SECOND) - (nsec < 0);
    m.nsec = (int32_t)(nsec >= GOTIME_SECOND ? nsec - GOTIME_SECOND : nsec < 0 ? nsec + GOTIME_SECOND : nsec);
    __int128 sum = (__int128)internal(&m) + seconds;
    int64_t stopped = sum > INT64_MAX ? INT64_MAX : sum < -INT64_MAX ? -INT64_MAX : (int64_t)sum;
    m.sec = wrap_add(stopped, -YEAR_ONE);
    return m;
}

int64_t times_between(const struct moment *from, const struct moment *to)
{
    __int128 ns = in_ns(to) - in_ns(from);
    if (ns > INT64_MAX || ns < INT64_MIN)
        return ns > 0 ? INT64_MAX : INT64_MIN;
    return (int64_t)ns;
}

int64_t times_round(int64_t ns, int64_t unit)
{
    if (unit <= 0)
        return ns;
    int64_t rest = ns % unit, size = rest < 0 ? -rest : rest;
    if ((uint64_t)size * 2 < (uint64_t)unit)
        return ns - rest;
    __int128 away = (__int128)ns - rest + (ns < 0 ? -(__int128)unit : unit);
    return away > INT64_MAX ? INT64_MAX : away < INT64_MIN ? INT64_MIN : (int64_t)away;
}

void times_name(struct buf *out, struct value v)
{
    if (v.type == V_WEEKDAY)
        buf_str(out, layout_weekdays[v.i]);
    else if (v.i >= 1 && v.i <= 12)
        buf_str(out, layout_months[v.i - 1]);
    else
        buf_fmt(out, "%%!Month(%ld)", v.i);
}

/* -- printing and comparing ---------------------------------------------------------------------------------------- */

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
    if (!m->location || m->location == &layout_local)
        buf_str(out, m->location ? "time.Local)" : "time.UTC)");
    else
        buf_fmt(out, "time.Location(%s))",
                gotime_quote(out->arena, m->location->name, strlen(m->location->name)));
}

static void print_json(struct buf *out, const void *data)
{
    layout_format(out, data, view("2006-01-02T15:04:05.999999999Z07:00"));
}

static bool same_content(const struct location *a, const struct location *b)
{
    return a == b || (a && b && a->offset == b->offset && str_eq(a->name, b->name));
}

static bool same_location(const struct location *a, const struct location *b)
{
    bool shared =
        a && b && !*a->name && a->offset % 3600 == 0 && a->offset >= SHARED_FIRST && a->offset <= SHARED_LAST;
    return a == b || (shared && same_content(a, b));
}

static bool same_instant(const struct moment *a, const struct moment *b)
{
    return a->sec == b->sec && a->nsec == b->nsec;
}

static bool is_same(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    return same_instant(x, y) && same_location(x->location, y->location);
}

static bool is_alike(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    return same_instant(x, y) && same_content(x->location, y->location);
}

static int compare(const struct moment *a, const struct moment *b)
{
    __int128 x = in_ns(a), y = in_ns(b);
    return (x > y) - (x < y);
}

/* -- methods of time.Time ------------------------------------------------------------------------------------------ */

#define PART(name, expression)                                                                               \
    FN(time_##name)                                                                                          \
    {                                                                                                        \
        const struct moment *m = times_moment(args[0]);                                                      \
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
PART(unix_milli, v_int64(wrap_add(wrap_mul(m->sec, 1000), m->nsec / 1000000)))
PART(unix_micro, v_int64(wrap_add(wrap_mul(m->sec, 1000000), m->nsec / 1000)))
PART(unix_nano, v_int64(wrap_add(wrap_mul(m->sec, GOTIME_SECOND), m->nsec)))
PART(is_zero, v_bool(m->sec == -YEAR_ONE && m->nsec == 0))
PART(is_daylight, v_bool(false)) /* no zone that a time carries knows of daylight saving */

#define COMPARISON(name, expression)                                                                         \
    FN(time_##name)                                                                                          \
    {                                                                                                        \
        int order = compare(times_moment(args[0]), times_moment(args[1]));                                   \
        *ret = expression;                                                                                   \
        return 0;                                                                                            \
    }
COMPARISON(before, v_bool(order < 0))
COMPARISON(after, v_bool(order > 0))
COMPARISON(equal, v_bool(order == 0))
COMPARISON(compare, v_int(order))

static int take_location(struct exec *x, const struct location *location, struct value *ret)
{
    struct object *o = ARENA_NEW(x->cx->arena, struct object);
    *o = (struct object){ &location_type, location ? location : &utc };
    *ret = v_object(o);
    return 0;
}

FN(time_location)
{
    return take_location(x, times_moment(args[0])->location, ret);
}

static int seen_in(struct exec *x, struct value time, const struct location *location, struct value *ret)
{
    struct moment m = *times_moment(time);
    const struct location *shown = location ? location : &utc;
    m.location = location == &utc ? NULL : location;
    m.offset = shown->offset;
    m.zone = shown->name;
    m.monotonic = false;
    *ret = fn_time(x->cx->arena, m);
    return 0;
}

FN(time_utc)
{
    return seen_in(x, args[0], NULL, ret);
}

FN(time_local)
{
    return seen_in(x, args[0], &layout_local, ret);
}

FN(time_in)
{
    if (args[1].type != V_OBJECT)
        return fn_fail(x, "time: missing Location in call to Time.In");
    return seen_in(x, args[0], args[1].object->data, ret);
}

FN(time_sub)
{
    *ret = (struct value){ .type = V_DURATION,
                           .i = times_between(times_moment(args[1]), times_moment(args[0])) };
    return 0;
}

FN(time_add)
{
    *ret = fn_time(x->cx->arena, times_add(*times_moment(args[0]), args[1].i));
    return 0;
}

FN(time_add_date)
{
    struct moment m = *times_moment(args[0]);
    struct civil c = layout_civil(&m);
    int64_t local = layout_seconds(wrap_add(c.year, args[1].i), wrap_add(c.month, args[2].i),
                                   wrap_add(c.day, args[3].i), c.hour * 3600 + c.minute * 60 + c.second);
    m.sec = wrap_add(local, -m.offset);
    m.monotonic = false;
    *ret = fn_time(x->cx->arena, m);
    return 0;
}

/* How far a time is behind the last multiple of a unit, counted from the year 1. */
static int64_t behind_unit(const struct moment *m, int64_t unit)
{
    __int128 rest = in_ns(m) % unit;
    return (int64_t)(rest < 0 ? rest + unit : rest);
}

static int to_unit(struct exec *x, struct moment m, int64_t unit, bool nearest, struct value *ret)
{
    m.monotonic = false;
    if (unit > 0) {
        int64_t rest = behind_unit(&m, unit);
        bool up = nearest && (uint64_t)rest * 2 >= (uint64_t)unit;
        m = times_add(m, up ? unit - rest : -rest);
    }
    *ret = fn_time(x->cx->arena, m);
    return 0;
}

FN(time_round)
{
    return to_unit(x, *times_moment(args[0]), args[1].i, true, ret);
}

FN(time_truncate)
{
    return to_unit(x, *times_moment(args[0]), args[1].i, false, ret);
}

FN(time_format)
{
    struct buf out = fn_buf(x);
    layout_format(&out, times_moment(args[0]), v_view(args[1]));
    return fn_take(x, &out, ret);
}

FN(time_string)
{
    struct buf out = fn_buf(x);
    print_time(&out, times_moment(args[0]));
    return fn_take(x, &out, ret);
}

FN(time_go_string)
{
    struct buf out = fn_buf(x);
    print_go(&out, times_moment(args[0]));
    return fn_take(x, &out, ret);
}

/* -- the same as bytes --------------------------------------------------------------------------------------------- */

static int take_bytes(struct exec *x, const struct buf *out, struct value *ret)
{
    int rc = fn_take(x, out, ret);
    ret->type = V_BYTES;
    return rc;
}

FN(time_append_format)
{
    struct buf out = fn_buf(x);
    buf_add(&out, args[1].s, args[1].len);
    layout_format(&out, times_moment(args[0]), v_view(args[2]));
    return take_bytes(x, &out, ret);
}

/* RFC 3339 behind `before`, between two `quote`s. */
static int append_strict(struct exec *x, struct value before, struct value time, const char *quote,
                         const char *method, struct value *ret)
{
    struct buf out = fn_buf(x);
    const char *unfit = layout_strict_error(times_moment(time));
    if (unfit)
        return fn_fail(x, "Time.%s: %s", method, unfit);
    buf_add(&out, before.s, before.len);
    buf_str(&out, quote);
    print_json(&out, times_moment(time));
    buf_str(&out, quote);
    return take_bytes(x, &out, ret);
}

FN(time_marshal_json)
{
    return append_strict(x, v_text(""), args[0], "\"", "MarshalJSON", ret);
}

FN(time_marshal_text)
{
    return append_strict(x, v_text(""), args[0], "", "MarshalText", ret);
}

FN(time_append_text)
{
    return append_strict(x, args[1], args[0], "", "AppendText", ret);
}

static void put_big_endian(struct buf *out, uint64_t v, int bytes)
{
    while (bytes-- > 0)
        buf_char(out, (char)(v >> (8 * bytes)));
}

/* A version, seconds, nanoseconds, the minutes of the offset (-1 is UTC) and, in version 2, its seconds. */
static int append_binary(struct exec *x, struct value before, struct value time, struct value *ret)
{
    struct buf out = fn_buf(x);
    const struct moment *m = times_moment(time);
    int minutes = m->location ? m->offset / 60 : -1, seconds = m->offset % 60;
    if (m->location && minutes == -1)
        return fn_fail(x, "Time.MarshalBinary: unexpected zone offset");
    buf_add(&out, before.s, before.len);
    buf_char(&out, seconds ? 2 : 1);
    put_big_endian(&out, (uint64_t)internal(m), 8);
    put_big_endian(&out, (uint64_t)m->nsec, 4);
    put_big_endian(&out, (uint64_t)minutes, 2);
    if (seconds)
        buf_char(&out, (char)seconds);
    return take_bytes(x, &out, ret);
}

FN(time_marshal_binary)
{
    return append_binary(x, v_text(""), args[0], ret);
}

FN(time_append_binary)
{
    return append_binary(x, args[1], args[0], ret);
}

#define THREE_RESULTS(name) "function " name " has 3 return values; should be 1 or 2"
#define TWO_RESULTS(name, type)                                                                              \
    "invalid function signature for " name ": second return value should be error; is " type

static const struct function time_methods[] = {
    { "Add", "n", time_add },
    { "AddDate", "iii", time_add_date },
    { "After", "t", time_after },
    { "AppendBinary", "y", time_append_binary },
    { "AppendFormat", "ys", time_append_format },
    { "AppendText", "y", time_append_text },
    { "Before", "t", time_before },
    { "Clock", THREE_RESULTS("Clock"), NULL },
    { "Compare", "t", time_compare },
    { "Date", THREE_RESULTS("Date"), NULL },
    { "Day", "", time_day },
    { "Equal", "t", time_equal },
    { "Format", "s", time_format },
    { "GoString", "", time_go_string },
    { "GobEncode", "", time_marshal_binary },
    { "Hour", "", time_hour },
    { "ISOWeek", TWO_RESULTS("ISOWeek", "int"), NULL },
    { "In", "o", time_in },
    { "IsDST", "", time_is_daylight },
    { "IsZero", "", time_is_zero },
    { "Local", "", time_local },
    { "Location", "", time_location },
    { "MarshalBinary", "", time_marshal_binary },
    { "MarshalJSON", "", time_marshal_json },
    { "MarshalText", "", time_marshal_text },
    { "Minute", "", time_minute },
    { "Month", "", time_month },
    { "Nanosecond", "", time_nanosecond },
    { "Round", "n", time_round },
    { "Second", "", time_second },
    { "String", "", time_string },
    { "Sub", "t", time_sub },
    { "Truncate", "n", time_truncate },
    { "UTC", "", time_utc },
    { "Unix", "", time_unix },
    { "UnixMicro", "", time_unix_micro },
    { "UnixMilli", "", time_unix_milli },
    { "UnixNano", "", time_unix_nano },
    { "Weekday", "", time_weekday },
    { "Year", "", time_year },
    { "YearDay", "", time_year_day },
    { "Zone", TWO_RESULTS("Zone", "int"), NULL },
    { "ZoneBounds", TWO_RESULTS("ZoneBounds", "time.Time"), NULL },
};

static struct value field_wall(const void *data)
{
    return (struct value){ .type = V_UINT64, .u = (uint64_t)((const struct moment *)data)->nsec };
}

static struct value field_ext(const void *data)
{
    return v_int64(internal(data));
}

static struct value field_loc(const void *data UNUSED)
{
    static const struct object nil = { &location_type, NULL };
    return v_object(&nil);
}

/* As those of a time without a reading of the clock, in UTC. */
static const struct object_field time_fields[] = {
    { "wall", field_wall, true, NULL },
    { "ext", field_ext, true, NULL },
    { "loc", field_loc, true, NULL },
};

static const struct object_type time_type = {
    .name = "time.Time",
    .kind = K_STRUCT,
    .fields = time_fields,
    .fields_count = ARRAY_LEN(time_fields),
    .methods = time_methods,
    .methods_count = ARRAY_LEN(time_methods),
    .print = print_time,
    .go = print_go,
    .json = print_json,
    .equal = is_same,
    .deep_equal = is_alike,
};

/* -- methods of *time.Location, time.Month and time.Weekday --------------------------------------------------------- */

static void print_location(struct buf *out, const void *data)
{
    buf_str(out, ((const struct location *)data)->name);
}

/* A location has no field that is exported. */
static const void *copy_location(struct arena *a UNUSED, const void *data UNUSED)
{
    static const struct location none = { "", 0 };
    return &none;
}

static bool is_same_location(const void *a, const void *b)
{
    return same_location(a, b);
}

static bool is_alike_location(const void *a, const void *b)
{
    return same_content(a, b);
}

FN(location_string)
{
    *ret = v_text(((const struct location *)args[0].object->data)->name);
    return 0;
}

static const struct function location_methods[] = { { "String", "", location_string } };

static const struct object_type location_type = {
    .name = "*time.Location",
    .kind = K_POINTER,
    .methods = location_methods,
    .methods_count = ARRAY_LEN(location_methods),
    .print = print_location,
    .copy = copy_location,
    .equal = is_same_location,
    .deep_equal = is_alike_location,
};

FN(name_string)
{
    struct buf out = fn_buf(x);
    times_name(&out, args[0]);
    return fn_take(x, &out, ret);
}

static const struct function name_methods[] = { { "String", "", name_string } };
const struct function_table times_name_methods = { name_methods, ARRAY_LEN(name_methods) };

/* -- methods of time.Duration --------------------------------------------------------------------------------------- */

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
#define DURATION(ns) ((struct value){ .type = V_DURATION, .i = (ns) })
LENGTH(hours, v_float(in_units(ns, GOTIME_HOUR)))
LENGTH(minutes, v_float(in_units(ns, GOTIME_MINUTE)))
LENGTH(seconds, v_float(in_units(ns, GOTIME_SECOND)))
LENGTH(milliseconds, v_int64(ns / 1000000))
LENGTH(microseconds, v_int64(ns / 1000))
LENGTH(nanoseconds, v_int64(ns))
LENGTH(abs, DURATION(ns == INT64_MIN ? INT64_MAX : ns < 0 ? -ns : ns))
LENGTH(round, DURATION(times_round(ns, args[1].i)))
LENGTH(truncate, DURATION(args[1].i > 0 ? ns - ns % args[1].i : ns))
LENGTH(string, v_text(gotime_print_duration(x->cx->arena, ns)))

static const struct function duration_methods[] = {
    { "Abs", "", duration_abs },
    { "Hours", "", duration_hours },
    { "Microseconds", "", duration_microseconds },
    { "Milliseconds", "", duration_milliseconds },
    { "Minutes", "", duration_minutes },
    { "Nanoseconds", "", duration_nanoseconds },
    { "Round", "n", duration_round },
    { "Seconds", "", duration_seconds },
    { "String", "", duration_string },
    { "Truncate", "n", duration_truncate },
};
const struct function_table times_duration_methods = { duration_methods, ARRAY_LEN(duration_methods) };
