/* A component for Model Exchange between communication points: values that are given, steps from event to event. */
#include "exchange.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Events that may follow each other without any progress of time, and steps of the solver in one step. */
#define EVENTS_AT_ONCE 100
#define SOLVER_STEPS 1000000

typedef int (*counting)(void *, size_t *);

static double rounding(double t)
{
    return 8.0 * DBL_EPSILON * fabs(t);
}

static int fails(const part *p, const char *function, const char *what, const char *which)
{
    return instance_fail(p->whole, function, "component '%s': %s%s", p->table->name, what, which);
}

static int stops(const part *p, const char *function, const char *what, const char *why)
{
    instance_fail(p->whole, function, "component '%s': %s at t = %.17g s%s", p->table->name, what, *p->exchange->at.time,
                  why);
    instance_broken(p->whole, 0);
    return 0;
}

/* Its solver cannot go on: because of an evaluation, or it says so. */
static int gives_up(part *p, const char *function)
{
    exchange *e = p->exchange;
    if (e->status > STATUS_DISCARD) return part_checks(p, function, e->status, e->called);
    instance_fail(p->whole, function, "component '%s': its solver cannot go on at t = %.17g s: %s; check its inputs and "
                  "parameters, loosen the tolerance, or export the system with a smaller step size", p->table->name,
                  *e->at.time, e->trouble[0] ? e->trouble : "it gave up");
    instance_broken(p->whole, 0);
    return 0;
}

/* Binds what it calls; the name of what is missing and needed, or NULL. */
static const char *binds(exchange *e)
{
    const exchange_table *table = e->table;
    const int needed[EXCHANGE_FUNCTIONS] = {
        [SET_TIME] = 1,
        [SET_STATES] = table->states,
        [GET_STATES] = table->states,
        [DERIVATIVES] = table->states,
        [NOMINALS] = table->states,
        [INDICATORS] = table->indicators,
        [ENTER_EVENT_MODE] = 1,
        [ENTER_CONTINUOUS_TIME] = 1,
        [UPDATE] = 1,
        [COMPLETED] = table->completed_steps,
        [DIRECTIONAL] = table->colours.first < table->colours.end,
    };
    for (int k = 0; k < EXCHANGE_FUNCTIONS; k++) {
        const char *name = exchange_name(e, (exchange_function)k);
        e->functions[k] = part_symbol(e->owner, name);
        if (!e->functions[k] && name && needed[k]) return name;
    }
    return NULL;
}

static exchange_memory memory_of(const part *p, const exchange_table *table)
{
    double *first = (double *)(p->whole->image + table->memory);
    int n = table->states > 0 ? table->states : 1;
    return (exchange_memory){.time = first, .next_event = first + 1, .has_next_event = first + 2,
                             .in_event_mode = first + 3, .terminated = first + 4, .fresh = first + 5,
                             .x = first + EXCHANGE_DOUBLES, .nominals = first + EXCHANGE_DOUBLES + n};
}

/* As many as it says itself, or its description. */
static int indicators_of(const exchange *e)
{
    counting count = e->owner->table->fmi == 3 ? (counting)part_symbol(e->owner, "fmi3GetNumberOfEventIndicators") : NULL;
    size_t n = 0;
    return count && count(e->owner->handle, &n) <= STATUS_WARNING ? (int)n : e->table->indicators;
}

/* The solver, once it is needed: for how many indicators there are is known after the initialization only. */
static int makes(part *p, const char *function)
{
    exchange *e = p->exchange;
    if (e && e->made) return 1;
    if (!e && !(e = p->exchange = calloc(1, sizeof *e))) return fails(p, function, "out of memory", "");
    e->owner = p;
    e->table = &whole.exchanges[p->table->exchange];
    e->at = memory_of(p, e->table);
    const char *missing = binds(e);
    if (missing) return fails(p, function, "its library lacks ", missing);
    e->indicators = indicators_of(e);
    size_t n = (size_t)e->table->states;
    if (!e->matrix) e->matrix = calloc(n * n + 1, sizeof *e->matrix);
    if (!e->result) e->result = calloc(n + 1, sizeof *e->result);
    if (!e->matrix || !e->result) return fails(p, function, "out of memory", "");
    e->made = e->table->method == CVODE ? cvode_makes(e, function) : explicit_makes(e);
    return e->made || fails(p, function, "its solver cannot be made", "");
}

void exchange_closes(part *p)
{
    exchange *e = p->exchange;
    if (!e) return;
    cvode_ends(e);
    explicit_ends(e);
    free(e->matrix);
    free(e->result);
    free(e);
    p->exchange = NULL;
}

void exchange_was_reset(part *p)
{
    exchange_closes(p);
}

void exchange_renews(part *p)
{
    *p->exchange->at.fresh = 0.0;
}

int exchange_begins(part *p, const char *function)
{
    return part_calls(p, function, EXIT_INITIALIZATION_MODE) && exchange_starts(p, function);
}

int exchange_starts(part *p, const char *function)
{
    if (!makes(p, function)) return 0;
    exchange *e = p->exchange;
    *e->at.time = p->whole->now.start_time;
    *e->at.in_event_mode = 1.0;
    *e->at.terminated = *e->at.has_next_event = 0.0;
    for (int k = 0; k < e->table->states; k++) e->at.nominals[k] = 1.0;
    return exchange_rests(e, function, 1) && courses_read(e, function);
}

int exchange_was_restored(part *p, const char *function)
{
    if (p->whole->now.mode != MODE_STEP && p->whole->now.mode != MODE_TERMINATED) return 1;
    return makes(p, function) && exchange_reads(p->exchange, function, 1) && courses_read(p->exchange, function);
}

int exchange_settles(part *p, const char *function)
{
    if (p->whole->now.mode != MODE_STEP) return 1;
    return courses_jump(p->exchange, function) && exchange_rests(p->exchange, function, 0);
}

/* Whether it was given these values last. */
static int holds(const unsigned char *kept, const unsigned char *values, const value_call *call)
{
    const double *known = (const double *)kept, *these = (const double *)values;
    if (*known == 0.0) return 0;
    if (call->type != FLOAT64)
        return !memcmp(kept + sizeof *known, values, (size_t)call->n_values * size_of(call->type));
    for (int k = 0; k < call->n_values; k++)
        if (known[k + 1] != these[k]) return 0;
    return 1;
}

int exchange_gives(part *p, const char *function, int index)
{
    const value_call *call = &whole.calls[index];
    unsigned char *kept = p->whole->image + call->given, *values = p->whole->image + call->offset;
    const double yes = 1.0;
    if (p->whole->now.mode == MODE_STEP) {
        if (call->course >= 0) {
            courses_take(p->exchange, call->course, (double *)values, call->n_values);
            return 1;
        }
        if (call->given && holds(kept, values, call)) return 1;
        if (!exchange_opens(p->exchange, function)) return 0;
    }
    if (!part_sets(p, function, index)) return 0;
    if (!call->given) return 1;
    memcpy(kept, &yes, sizeof yes);
    memcpy(kept + sizeof yes, values, (size_t)call->n_values * size_of(call->type));
    return 1;
}

/* Come closer to `stop` (s), and put it there. */
static int reaches(part *p, const char *function, double stop)
{
    exchange *e = p->exchange;
    int cvode = e->table->method == CVODE;
    e->trouble[0] = '\0';
    e->status = STATUS_OK;
    if (stop - *e->at.time <= rounding(stop)) {
        *e->at.time = stop;
        *e->at.fresh = 0.0;
        e->crossed = 0;
    } else {
        if (*e->at.fresh == 0.0) {
            if (!cvode) explicit_restarts(e);
            if (cvode && !cvode_restarts(e)) return gives_up(p, function);
            *e->at.fresh = 1.0;
        }
        if (!(cvode ? cvode_steps : explicit_steps)(e, stop)) return gives_up(p, function);
    }
    return exchange_place(e, *e->at.time, e->at.x) == GO_ON || gives_up(p, function);
}

/* The end (s), or the next time event, where it does not belong to the communication point. */
static double stop_of(const exchange *e, double end)
{
    if (*e->at.has_next_event == 0.0 || *e->at.next_event > end + rounding(end)) return end;
    return *e->at.time > *e->at.next_event ? *e->at.time : *e->at.next_event;
}

/* One step of the solver, and the event at its end where there is one. */
static int once(part *p, const char *function, double end)
{
    exchange *e = p->exchange;
    if (!reaches(p, function, stop_of(e, end))) return 0;
    int due = *e->at.has_next_event != 0.0 && *e->at.time >= *e->at.next_event;
    if (!exchange_completes(e, function, due || e->crossed)) return 0;
    return !e->event || (exchange_opens(e, function) && exchange_rests(e, function, 0));
}

static int advances(part *p, const char *function, double end)
{
    exchange *e = p->exchange;
    int events = 0, steps = 0;
    if (!exchange_rests(e, function, 0)) return 0;
    while (*e->at.time < end && *e->at.terminated == 0.0) {
        double last = *e->at.time;
        if (!once(p, function, end)) return 0;
        if (e->event) events = *e->at.time - last <= rounding(last) ? events + 1 : 1;
        if (events > EVENTS_AT_ONCE) return stops(p, function, "more than 100 events happened without any progress of time",
                                                  ": it chatters");
        if (++steps > SOLVER_STEPS) return stops(p, function, "more than 1000000 steps of the solver did not end the step",
                                                 ": its dynamics may be singular");
    }
    return 1;
}

step_answer exchange_steps(part *p, const char *function, double time, double step, int none_kept)
{
    exchange *e = p->exchange;
    double end = time + step;
    step_answer answer = {.reached = time};
    e->keeps_no_state = none_kept;
    if (fabs(time - *e->at.time) > 1e-9 * fmax(fabs(time), step)) {
        stops(p, function, "it does not begin its step where it is,", "");
        answer.told = 1;
        return answer;
    }
    answer.told = !courses_jump(e, function);
    if (answer.told) return answer;
    courses_begin(e);
    answer.told = !advances(p, function, end);
    courses_end(e);
    answer.reached = *e->at.time < end ? *e->at.time : end;
    answer.terminate = *e->at.terminated != 0.0;
    return answer;
}
