/* Inputs over time that the system brings along: rows of times and values, straight lines or steps between them. */
#include <math.h>

#include "part.h"

/* Part of a step by which its end may miss a jump and still lie at it, as the engine has it. */
#define SNAP 1e-9

/* How many of the rows lie before a time, or `after`: not after it. */
static int passed(const row *rows, int n, double time, int after)
{
    int low = 0;
    while (n > 0) {
        int half = n / 2;
        double there = rows[low + half].time;
        int before = after ? there <= time : there < time;
        low += before ? half + 1 : 0;
        n = before ? n - half - 1 : half;
    }
    return low;
}

static void evaluate(instance *i, const course_table *course, double time, int after)
{
    const row *rows = whole.rows + course->rows.first;
    int n = course->rows.end - course->rows.first, right = passed(rows, n, time, after), left = right > 0 ? right - 1 : 0;
    void *place = i->image + course->offset;
    if (course->type != FLOAT64) {
        store_integer(place, course->type, rows[left].integer);
        return;
    }
    double value = rows[left].number;
    if (course->linear && right > 0 && right < n) {
        double share = (time - rows[left].time) / (rows[right].time - rows[left].time);
        value = (1.0 - share) * rows[left].number + share * rows[right].number;
    }
    store_float(place, FLOAT64, value);
}

/* The jump at the end of a step, or NaN where there is none. */
static double jump_at(const source_table *source, double end, double step)
{
    const row *jumps = whole.jumps + source->jumps.first;
    int n = source->jumps.end - source->jumps.first, next = passed(jumps, n, end - SNAP * step, 0);
    return next < n && fabs(jumps[next].time - end) <= SNAP * step ? jumps[next].time : NAN;
}

int instance_sources(instance *i, double end, double step, int after)
{
    int jumps = 0;
    for (int k = 0; k < whole.n_sources; k++) {
        const source_table *source = &whole.sources[k];
        double jump = jump_at(source, end, step);
        jumps |= !isnan(jump);
        if (after && step > 0.0 && isnan(jump)) continue;
        for (int n = source->courses.first; n < source->courses.end; n++)
            evaluate(i, &whole.courses[n], isnan(jump) ? end : jump, after);
    }
    return jumps;
}

double source_time(int course, double time)
{
    for (int k = 0; k < whole.n_sources; k++) {
        const source_table *source = &whole.sources[k];
        if (course < source->courses.first || course >= source->courses.end) continue;
        double jump = jump_at(source, time, whole.step_size);
        return isnan(jump) ? time : jump;
    }
    return time;
}

double source_slope(int course, double time)
{
    const course_table *its = &whole.courses[course];
    const row *first = whole.rows + its->rows.first, *last = whole.rows + its->rows.end - 1;
    if (!its->linear || time < first->time || time >= last->time) return 0.0;
    return (last->number - first->number) / (last->time - first->time);
}
