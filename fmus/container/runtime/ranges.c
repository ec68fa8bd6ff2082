/* Values held against the min and max of their variables, as the engine has them (orchestrator/master/ranges.py). */
#include <stdio.h>

#include "part.h"

/* A NaN lies outside of all. */
static int is_inside(const checked_range *checked, const void *place)
{
    if (checked->type == FLOAT64 || checked->type == FLOAT32) {
        double value = load_float(place, checked->type);
        return checked->low <= value && value <= checked->high;
    }
    int64_t value = load_integer(place, checked->type);
    if (checked->type == UINT64)
        return (uint64_t)checked->lowest <= (uint64_t)value && (uint64_t)value <= (uint64_t)checked->highest;
    return checked->lowest <= value && value <= checked->highest;
}

static int refuses(instance *i, const char *function, const checked_range *checked, const void *place, double time)
{
    char text[100];
    if (checked->type == FLOAT64 || checked->type == FLOAT32)
        snprintf(text, sizeof text, "%.9g, outside of its range [%.9g, %.9g]", load_float(place, checked->type), checked->low,
                 checked->high);
    else
        snprintf(text, sizeof text, "%lld, outside of its range [%lld, %lld]", (long long)load_integer(place, checked->type),
                 checked->lowest, checked->highest);
    instance_fail(i, function, "'%s' is %s at t = %.9g s: look at what it is computed from, or export the system without "
                  "check_ranges", checked->name, text, time);
    instance_broken(i, 0);
    return 0;
}

int instance_check_ranges(instance *i, const char *function, range checked, double time)
{
    for (int k = checked.first; k < checked.end; k++) {
        const void *place = i->image + whole.ranges[k].place;
        if (!is_inside(&whole.ranges[k], place)) return refuses(i, function, &whole.ranges[k], place, time);
    }
    return 1;
}
