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

/* The time of an edge of pulses, which are counted. */
static double edge(const course_table *course, int64_t index)
{
    double start = whole.rows[course->rows.first].time;
    return start + (double)(index / 2) * course->period + (double)(index % 2) * course->width;
}

/* How many edges have been made at a time. */
static int64_t edges(const course_table *course, double time, int after)
{
    double start = whole.rows[course->rows.first].time;
    if (time < start) return 0;
    int64_t index = 2 * ((int64_t)floor((time - start) / course->period) - 1); /* the quotient may be wrong by one */
    if (index < 0) index = 0;
    while (edge(course, index) < time || (edge(course, index) == time && after)) index++;
    return index;
}

static void evaluate(instance *i, const course_table *course, double time, int after)
{
    const row *rows = whole.rows + course->rows.first;
    int n = course->rows.end - course->rows.first, right = passed(rows, n, time, after), left = right > 0 ? right - 1 : 0;
    void *place = i->image + course->offset;
    if (course->period > 0.0) left = edges(course, time, after) % 2 ? 1 : 0;
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

/* The first jump of a source not before a time, or `after`: later; infinite where there is none. */
static double first_jump(const source_table *source, double time, int after)
{
    const row *jumps = whole.jumps + source->jumps.first;
    int n = source->jumps.end - source->jumps.first, next = passed(jumps, n, time, after);
    double found = next < n ? jumps[next].time : INFINITY;
    for (int k = source->courses.first; k < source->courses.end; k++) {
        const course_table *course = &whole.courses[k];
        if (course->period > 0.0) found = fmin(found, edge(course, edges(course, time, after)));
    }
    return found;
}

/* The jump at the end of a step, or NaN where there is none. */
static double jump_at(const source_table *source, double end, double step)
{
    double next = first_jump(source, end - SNAP * step, 0);
    return fabs(next - end) <= SNAP * step ? next : NAN;
}

double sources_next(double time)
{
    double found = INFINITY;
    for (int k = 0; k < whole.n_sources; k++) {
        double here = jump_at(&whole.sources[k], time, whole.step_size);
        found = fmin(found, first_jump(&whole.sources[k], isnan(here) ? time : here, 1));
    }
    return found;
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
