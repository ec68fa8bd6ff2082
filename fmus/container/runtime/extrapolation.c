/* Extrapolated inputs: what those of a component do over its next step, which is its polynomial, or one value for all of
 * it: the mean, or the value at the end where it passes to an output. As the engine has them
 * (orchestrator/master/input_courses.py), with the same bits. Their memory lies in the image.
 */
#include <math.h>

#include "part.h"
#include "polynomials.h"

/* Part of a step by which the last one may have ended elsewhere than the next one begins. */
#define NEGLIGIBLE 1e-9

/* The memory of one component's. */
typedef struct {
    double *under_way, *base, *end, *last;
    polynomials course;
} memory_of;

static memory_of memory(const instance *i, const extrapolation_table *table)
{
    double *first = (double *)(i->image + table->memory);
    int n = table->elements.end - table->elements.first;
    memory_of found = {.under_way = first, .base = first + 1, .end = first + 2, .last = first + 3 + 3 * n};
    found.course = (polynomials){.c = first + 3, .base = first[1], .n = n};
    return found;
}

static past past_of(const instance *i, const inflow_table *inflow, int order)
{
    double *first = (double *)(i->image + inflow->memory);
    int size = inflow->ranks.end - inflow->ranks.first, room = order + 1;
    double *values = first + 1 + 2 * room;
    return (past){.points = first, .times = first + 1, .has_slopes = first + 1 + room, .values = values,
                  .slopes = values + room * size, .ranks = whole.ranks + inflow->ranks.first, .size = size,
                  .room = room};
}

static double *place_of(const instance *i, const extrapolation_table *table, int rank)
{
    return (double *)(i->image + whole.elements[table->elements.first + rank].place);
}

/* Values of a source at the beginning of the macro step under way are of this time (s). */
static double valid(const instance *i, int period)
{
    double time = instance_time(i);
    return period ? period_begin(i, period, time) : time;
}

static int reads(instance *i, const char *function, const reading_table *reading, double *slopes)
{
    double *values = i->scratch;
    if (reading->part < 0)
        values[0] = source_slope(reading->course, source_time(reading->course, instance_time(i)));
    else if (!part_tells_slopes(&i->parts[reading->part], function, reading, values))
        return 0;
    for (int k = reading->targets.first; k < reading->targets.end; k++) {
        const derivative_target *target = &whole.targets[k];
        slopes[target->element] = target->factor * values[target->place];
    }
    return 1;
}

/* Remember the values at the beginning of a macro step, where they are new. */
static int records(instance *i, const char *function, const extrapolation_table *table, const inflow_table *inflow)
{
    past known = past_of(i, inflow, table->order);
    double time = valid(i, inflow->period);
    if (!past_is_new(&known, time)) return 1;
    int number = past_room(&known);
    double *slopes = known.slopes + number * known.size;
    for (int k = 0; k < known.size; k++) {
        known.values[number * known.size + k] = *place_of(i, table, known.ranks[k]);
        slopes[k] = NAN;
    }
    known.times[number] = time;
    known.has_slopes[number] = inflow->readings.first < inflow->readings.end;
    for (int k = inflow->readings.first; k < inflow->readings.end; k++)
        if (!reads(i, function, &whole.readings[k], slopes)) return 0;
    return 1;
}

int extrapolation_begins(part *p, const char *function)
{
    instance *i = p->whole;
    const extrapolation_table *table = &whole.extrapolations[p->table->extrapolation];
    memory_of mine = memory(i, table);
    double t = instance_time(i);
    int finished = *mine.under_way != 0.0 && fabs(*mine.end - t) <= NEGLIGIBLE * (*mine.end - *mine.base);
    if (!instance_flow(i, function, table->flows)) return 0;
    for (int rank = 0; rank < mine.course.n; rank++)
        mine.last[rank] = finished ? polynomial_value(&mine.course, rank, t) : NAN;
    *mine.under_way = 0.0;
    for (int k = table->inflows.first; k < table->inflows.end; k++)
        if (!records(i, function, table, &whole.inflows[k])) return 0;
    return 1;
}

/* The time (s) of the newest values where they are not known already, or NaN. */
static double newest_of(const instance *i, const inflow_table *inflow, const past *known, double end)
{
    const int slow = inflow->period > 0;
    int stepped = inflow->ahead && (!slow || period_ends(i, inflow->period, instance_time(i), end));
    double time = stepped ? end : valid(i, inflow->period);
    return past_is_new(known, time) ? time : NAN;
}

static void smooth(memory_of *mine, double h)
{
    double *c = mine->course.c;
    int n = mine->course.n;
    for (int rank = 0; rank < n; rank++) {
        double jump = isnan(mine->last[rank]) ? 0.0 : mine->last[rank] - c[rank];
        c[rank] += jump;
        c[n + rank] -= jump / h;
    }
}

void extrapolation_over(part *p, double t, double h)
{
    instance *i = p->whole;
    const extrapolation_table *table = &whole.extrapolations[p->table->extrapolation];
    memory_of mine = memory(i, table);
    double end = t + h, *latest = i->scratch;
    h = end - t;
    mine.course.base = *mine.base = t;
    *mine.end = end;
    *mine.under_way = 1.0;
    for (int k = table->inflows.first; k < table->inflows.end; k++) {
        const inflow_table *inflow = &whole.inflows[k];
        past known = past_of(i, inflow, table->order);
        for (int n = 0; n < known.size; n++) latest[n] = *place_of(i, table, known.ranks[n]);
        if (*known.points != 0.0) {
            double time = table->newest ? newest_of(i, inflow, &known, end) : NAN;
            polynomials_onwards(&mine.course, &known, table->order, h, time, latest);
            continue;
        }
        for (int n = 0; n < known.size; n++) {
            double *c = mine.course.c + known.ranks[n];
            c[0] = latest[n], c[mine.course.n] = 0.0, c[2 * mine.course.n] = 0.0;
        }
    }
    for (int rank = 0; rank < mine.course.n; rank++) mine.course.c[rank] += 0.0; /* -0.0 is none, as in the engine */
    if (table->smoothing) smooth(&mine, h);
}

void extrapolation_gives(part *p, double t, double h)
{
    instance *i = p->whole;
    const extrapolation_table *table = &whole.extrapolations[p->table->extrapolation];
    memory_of mine = memory(i, table);
    double end = t + h;
    for (int rank = 0; rank < mine.course.n; rank++) {
        const element_table *element = &whole.elements[table->elements.first + rank];
        double *place = place_of(i, table, rank);
        i->scratch[rank] = *place;
        if (element->follows)
            *place = polynomial_value(&mine.course, rank, t);
        else
            *place = element->passes ? polynomial_value(&mine.course, rank, end)
                                     : polynomial_mean(&mine.course, rank, t, end);
    }
}

int extrapolation_inclines(part *p, const char *function, double t)
{
    const extrapolation_table *table = &whole.extrapolations[p->table->extrapolation];
    if (table->giving < 0) return 1;
    const giving_table *giving = &whole.givings[table->giving];
    const polynomials course = memory(p->whole, table).course;
    double *values = p->given, *derivatives = values + giving->width, after = t - course.base;
    for (int k = 0; k < giving->width; k++) values[k] = *(double *)(p->whole->image + whole.places[giving->places.first + k]);
    for (int k = 0; k < giving->width * giving->degree; k++) derivatives[k] = 0.0;
    for (int k = giving->targets.first; k < giving->targets.end; k++) {
        const derivative_target *target = &whole.targets[k];
        const double *c = course.c + target->element;
        derivatives[target->place] = c[course.n] + 2.0 * after * c[2 * course.n];
        if (giving->degree > 1) derivatives[giving->width + target->place] = 2.0 * c[2 * course.n];
    }
    return part_takes_slopes(p, function, giving, t);
}

void extrapolation_puts_back(part *p)
{
    const extrapolation_table *table = &whole.extrapolations[p->table->extrapolation];
    for (int rank = 0; rank < table->elements.end - table->elements.first; rank++)
        *place_of(p->whole, table, rank) = p->whole->scratch[rank];
}

void instance_forgets(instance *i)
{
    for (int k = 0; k < whole.n_parts; k++) {
        if (whole.parts[k].extrapolation < 0) continue;
        const extrapolation_table *table = &whole.extrapolations[whole.parts[k].extrapolation];
        *(double *)(i->image + table->memory) = 0.0;
        for (int n = table->inflows.first; n < table->inflows.end; n++)
            *(double *)(i->image + whole.inflows[n].memory) = 0.0;
    }
}
