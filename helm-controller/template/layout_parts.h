/*
 * layout_parts.h: the elements of a layout, shared by printing and parsing.
 */
#ifndef GOTK_HELM_TEMPLATE_LAYOUT_PARTS_H
#define GOTK_HELM_TEMPLATE_LAYOUT_PARTS_H

#include "helm-controller/template/layout.h"

enum element {
    EL_NONE, /* the layout ends without one */
    EL_LONG_MONTH,
    EL_MONTH,
    EL_NUM_MONTH,
    EL_ZERO_MONTH,
    EL_LONG_WEEKDAY,
    EL_WEEKDAY,
    EL_DAY,
    EL_UNDER_DAY,
    EL_ZERO_DAY,
    EL_UNDER_YEAR_DAY,
    EL_ZERO_YEAR_DAY,
    EL_HOUR,
    EL_HOUR12,
    EL_ZERO_HOUR12,
    EL_MINUTE,
    EL_ZERO_MINUTE,
    EL_SECOND,
    EL_ZERO_SECOND,
    EL_LONG_YEAR,
    EL_YEAR,
    EL_PM,
    EL_PM_LOWER,
    EL_ZONE_NAME,
    EL_ISO_ZONE, /* Z... forms stand before the numeric ones, in the same order */
    EL_ISO_ZONE_SECONDS,
    EL_ISO_ZONE_SHORT,
    EL_ISO_ZONE_COLON,
    EL_ISO_ZONE_COLON_SECONDS,
    EL_NUM_ZONE,
    EL_NUM_ZONE_SECONDS,
    EL_NUM_ZONE_SHORT,
    EL_NUM_ZONE_COLON,
    EL_NUM_ZONE_COLON_SECONDS,
    EL_FRACTION0,
    EL_FRACTION9,
};

struct layout_element {
    enum element kind;
    size_t at;  /* bytes before it */
    size_t len; /* its own */
};

/* The first element of a layout. */
struct layout_element layout_next(struct strv layout);

extern const char *const layout_months[12];
extern const char *const layout_weekdays[7];

/* Days from 1970 to a date; months count from 1. */
int64_t layout_days(int64_t year, int month, int day);
bool layout_is_leap(int64_t year);
int layout_days_in(int month, int64_t year);

#endif
