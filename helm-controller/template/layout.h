/*
 * layout.h: points in time under Go's layouts ("2006-01-02T15:04:05Z07:00"), and time zones by name.
 *
 * Zones come from the system's zone files; the local zone is UTC, as in a controller's container. Pure functions but for
 * the zone files; results live in arenas. Rejected: strftime and localtime (another language, process-wide state).
 */
#ifndef GOTK_HELM_TEMPLATE_LAYOUT_H
#define GOTK_HELM_TEMPLATE_LAYOUT_H

#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"

#include <stdint.h>

/* A zone as a time carries it along. */
struct location {
    const char *name; /* "" when it has none */
    int32_t offset;   /* seconds east of UTC */
};

/* The machine's own zone, which is UTC under another address. */
extern const struct location layout_local;

/* A point in time as seen in a zone. */
struct moment {
    int64_t sec; /* since 1970 */
    int32_t nsec;
    int32_t offset;                  /* of the zone, seconds east of UTC */
    const char *zone;                /* its abbreviation; "" when it has none */
    const struct location *location; /* the zone that was given; NULL: UTC */
    bool monotonic;                  /* made by `now`: printed with the clock's reading */
};

struct civil {
    int64_t year;
    int month, day, hour, minute, second;
    int weekday; /* 0 is Sunday */
    int year_day;
};

/* The calendar's view of a moment in its zone. */
struct civil layout_civil(const struct moment *m);
/* The seconds since 1970 of a date without a zone, whose month (from 1) and day may be out of their ranges; wraps. */
int64_t layout_seconds(int64_t year, int64_t month, int64_t day, int64_t second);
/* Why a moment cannot be written as RFC 3339 has it, in Go's words; NULL: it can. */
const char *layout_strict_error(const struct moment *m);
/* Appends the moment under a layout. */
void layout_format(struct buf *out, const struct moment *m, struct strv layout);
/* time.ParseInLocation with UTC. ERR_INVALID with Go's words; *ret is untouched then. */
int layout_parse(struct ctx *cx, struct strv layout, struct strv text, struct moment *ret) MUST_CHECK;
/* Sets the moment's offset and abbreviation to those of a zone by name ("Europe/Paris", "UTC", "", "Local"); UTC and
 * false when there is no such zone. */
bool layout_in_zone(struct arena *a, struct moment *m, const char *zone);

#endif
