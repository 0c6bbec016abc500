/*
 * zone.c: time zones by name, from the system's zone files (RFC 8536, version 2 and above).
 *
 * A name must be a plain relative path, as Go asks. What lies behind the last transition follows the rule at the file's
 * end in Go; here the last transition's zone with the same daylight flag as a year before stands for it.
 */
#include "helm-controller/template/layout.h"
#include "helm-controller/template/layout_parts.h"
#include "libgotk/base/fs.h"

#include <string.h>

#define ZONE_FOLDER   "/usr/share/zoneinfo/"
#define ZONE_FILE_MAX (1 << 20)
#define HEADER_SIZE   44

/* The counts in a header. */
struct counts {
    uint32_t isutc, isstd, leap, times, types, chars;
};

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static struct counts read_counts(const char *p)
{
    return (
        struct counts){ be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32), be32(p + 36), be32(p + 40) };
}

static size_t body_size(const struct counts *c, size_t time_size)
{
    return c->times * (time_size + 1) + (size_t)c->types * 6 + c->chars + c->leap * (time_size + 4) +
           c->isstd + c->isutc;
}

/* The second header, whose times have 64 bits; NULL when the file is no such. */
static const char *second_header(const struct buf *file)
{
    if (file->len < HEADER_SIZE || memcmp(file->data, "TZif", 4) != 0 || file->data[4] < '2')
        return NULL;
    struct counts c = read_counts(file->data);
    size_t at = HEADER_SIZE + body_size(&c, 4);
    if (at > file->len || file->len - at < HEADER_SIZE)
        return NULL;
    c = read_counts(file->data + at);
    return body_size(&c, 8) <= file->len - at - HEADER_SIZE ? file->data + at : NULL;
}

/* -- the rule behind the last transition, as POSIX writes it: EST5EDT,M3.2.0,M11.1.0 ------------------------ */

struct rule {
    char name[2][16];
    int32_t offset[2]; /* standard, daylight */
    bool daylight;
    int month[2], week[2], day[2];
    int32_t time[2]; /* when daylight starts and ends, local seconds */
};

static bool take_rule_name(const char **p, char name[16])
{
    size_t n = 0;
    bool angle = **p == '<';
    *p += angle;
    while (**p && (angle ? **p != '>' : (**p | 0x20) >= 'a' && (**p | 0x20) <= 'z') && n < 15)
        name[n++] = *(*p)++;
    name[n] = '\0';
    if (angle && **p == '>')
        (*p)++;
    return n > 0;
}

static int take_number(const char **p)
{
    int n = 0;
    while (**p >= '0' && **p <= '9' && n < 100000)
        n = n * 10 + (*(*p)++ - '0');
    return n;
}

/* [+-]h[:mm[:ss]] in seconds */
static int32_t take_hms(const char **p)
{
    int sign = **p == '-' ? -1 : 1;
    *p += **p == '-' || **p == '+';
    int32_t seconds = take_number(p) * 3600;
    for (int unit = 60; **p == ':' && unit > 0; unit /= 60) {
        (*p)++;
        seconds += take_number(p) * unit;
    }
    return sign * seconds;
}

/* ,Mm.w.d[/time] */
static bool take_change(const char **p, struct rule *r, int i)
{
    if (strncmp(*p, ",M", 2) != 0)
        return false;
    *p += 2;
    r->month[i] = take_number(p);
    *p += **p == '.';
    r->week[i] = take_number(p);
    *p += **p == '.';
    r->day[i] = take_number(p);
    r->time[i] = 2 * 3600;
    if (**p == '/') {
        (*p)++;
        r->time[i] = take_hms(p);
    }
    return r->month[i] >= 1 && r->month[i] <= 12;
}

static bool read_rule(const char *p, struct rule *r)
{
    memset(r, 0, sizeof(*r));
    if (!take_rule_name(&p, r->name[0]))
        return false;
    r->offset[0] = -take_hms(&p);
    r->daylight = take_rule_name(&p, r->name[1]);
    if (!r->daylight)
        return true;
    r->offset[1] = r->offset[0] + 3600;
    if (*p && *p != ',')
        r->offset[1] = -take_hms(&p);
    return take_change(&p, r, 0) && take_change(&p, r, 1);
}

/* When change i of a year happens: seconds of that year, by UTC. */
static int64_t change_at(const struct rule *r, int64_t year, int i)
{
    int64_t first = layout_days(year, r->month[i], 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7);
    int day = 1 + (r->day[i] - weekday + 7) % 7 + (r->week[i] - 1) * 7;
    while (day > layout_days_in(r->month[i], year))
        day -= 7;
    int64_t days = layout_days(year, r->month[i], day) - layout_days(year, 1, 1);
    return days * 86400 + r->time[i] - r->offset[i];
}

static void apply_rule(struct arena *a, const struct rule *r, struct moment *m)
{
    bool daylight = false;
    if (r->daylight) {
        struct civil c = layout_civil(&(struct moment){ .sec = m->sec });
        int64_t second = (c.year_day - 1) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
        int64_t start = change_at(r, c.year, 0), end = change_at(r, c.year, 1);
        daylight = start < end ? second >= start && second < end : second >= start || second < end;
    }
    m->offset = r->offset[daylight];
    m->zone = str_dup(a, r->name[daylight]);
}

/* -- the file ------------------------------------------------------------------------------------------------ */

/* The type in force at a moment: of the last transition before it, or the first that is no daylight type. */
static uint32_t type_at(const char *times, const char *indexes, const char *types, const struct counts *c,
                        int64_t sec)
{
    uint32_t low = 0, high = c->times;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (be64(times + (size_t)middle * 8) <= sec)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0)
        return (unsigned char)indexes[low - 1];
    for (uint32_t i = 0; i < c->types; i++)
        if (!types[(size_t)i * 6 + 4])
            return i;
    return 0;
}

static bool apply_file(struct arena *a, const struct buf *file, struct moment *m)
{
    const char *header = second_header(file);
    struct rule rule;
    if (!header)
        return false;
    struct counts c = read_counts(header);
    const char *times = header + HEADER_SIZE, *indexes = times + (size_t)c.times * 8,
               *types = indexes + c.times;
    const char *chars = types + (size_t)c.types * 6, *footer = times + body_size(&c, 8);
    const char *end = file->data + file->len;
    bool behind = c.times == 0 || m->sec >= be64(times + (size_t)(c.times - 1) * 8);
    if (behind && footer < end && *footer == '\n' && read_rule(footer + 1, &rule)) {
        apply_rule(a, &rule, m);
        return true;
    }
    uint32_t type = c.types ? type_at(times, indexes, types, &c, m->sec) : 0;
    if (type >= c.types || (unsigned char)types[(size_t)type * 6 + 5] >= c.chars)
        return false;
    m->offset = (int32_t)be32(types + (size_t)type * 6);
    m->zone = str_dup(a, chars + (unsigned char)types[(size_t)type * 6 + 5]);
    return true;
}

static bool is_zone_name(const char *name)
{
    return name[0] != '/' && name[0] != '\\' && !strstr(name, "..") && !strchr(name, '\\');
}

bool layout_in_zone(struct arena *a, struct moment *m, const char *zone)
{
    struct ctx cx = { .arena = a };
    struct buf file;
    m->offset = 0;
    m->zone = "UTC";
    if (!*zone || strcmp(zone, "UTC") == 0 || strcmp(zone, "Local") == 0)
        return true;
    return is_zone_name(zone) &&
           fs_read_file(&cx, str_fmt(a, ZONE_FOLDER "%s", zone), ZONE_FILE_MAX, &file) >= 0 &&
           apply_file(a, &file, m);
}
