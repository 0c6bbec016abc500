/*
 * fn_dates.c: Sprig's dates. `now` is the wall clock. Times themselves are in times.c.
 */
#include "helm-controller/template/layout_parts.h"
#include "helm-controller/template/literal.h"
#include "helm-controller/template/times.h"
#include "libgotk/base/gotime.h"

static struct strv view(const char *s)
{
    return (struct strv){ s, strlen(s) };
}

/* A time, or seconds since 1970; anything else is now. */
static struct moment time_of(struct value v)
{
    if (times_is(v))
        return *times_moment(v);
    if (v.type == V_INT || v.type == V_INT64 || v.type == V_INT32)
        return (struct moment){ .sec = v.i, .zone = "UTC" };
    return times_now();
}

static int format_in(struct exec *x, struct strv layout, struct value date, struct value zone,
                     struct value *ret)
{
    struct buf out = fn_buf(x);
    struct moment m = time_of(date);
    layout_in_zone(x->cx->arena, &m, fn_terminated(x, zone));
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
    *ret = fn_time(x->cx->arena, times_now());
    return 0;
}

static int modify(struct exec *x, struct value by, struct value date, struct value *ret)
{
    int64_t ns;
    if (gotime_parse_duration(x->cx, fn_terminated(x, by), &ns) < 0)
        return err_code(x->cx);
    *ret = fn_time(x->cx->arena, times_add(*times_moment(date), ns));
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
    *ret = fn_time(x->cx->arena, times_zero());
    return 0;
}

FN(fn_ago)
{
    struct moment now = times_now(), m = args[0].type == V_INT32 ? now : time_of(args[0]);
    *ret = v_text(gotime_print_duration(x->cx->arena, times_round(times_between(&m, &now), GOTIME_SECOND)));
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
    struct moment now = times_now();
    if (args[0].type == V_INT64)
        ns = args[0].i;
    else if (times_is(args[0]))
        ns = times_between(times_moment(args[0]), &now);
    else if (args[0].type == V_STRING && gotime_parse_duration(x->cx, fn_terminated(x, args[0]), &ns) < 0)
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
    *ret = v_text(str_fmt(x->cx->arena, "%ld", times_moment(args[0])->sec));
    return 0;
}

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
