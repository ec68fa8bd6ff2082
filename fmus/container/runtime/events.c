/* Events: what happens between two steps, at one time, until no discrete variable of any component changes.
 *
 * Components with Event Mode and inputs that jump enter and leave it together. As the engine has it
 * (orchestrator/master/events.py), call by call, with the same bits.
 */
#include "events.h"

#include <fmi3FunctionTypes.h>

#include <math.h>
#include <string.h>

/* Updates of discrete states at one time, and exchanges of outputs before each of them. */
#define LIMIT 100
/* Part of a step by which a known event may miss a grid point and still happen there. */
#define SNAP 1e-9

typedef int (*plain)(void *);

static double *memory(const part *p)
{
    return (double *)(p->whole->image + p->table->memory);
}

static size_t bytes_of(const value_call *call)
{
    return (size_t)call->n_values * size_of(call->type);
}

/* Whether values differ, as numbers. */
static int differ(const unsigned char *one, const unsigned char *other, const value_call *call)
{
    if (call->type != FLOAT64 && call->type != FLOAT32) return memcmp(one, other, bytes_of(call)) != 0;
    for (int k = 0; k < call->n_values; k++) {
        size_t offset = (size_t)k * size_of(call->type);
        if (load_float(one + offset, call->type) != load_float(other + offset, call->type)) return 1;
    }
    return 0;
}

static int changed(const part *p, const value_call *call)
{
    const unsigned char *kept = p->whole->image + call->given;
    double known;
    memcpy(&known, kept, sizeof known);
    return known == 0.0 || differ(kept + sizeof known, p->whole->image + call->offset, call);
}

int events_give(part *p, const char *function, int index)
{
    const value_call *call = &whole.calls[index];
    const double yes = 1.0;
    if (call->given) {
        memcpy(p->whole->image + call->given, &yes, sizeof yes);
        memcpy(p->whole->image + call->given + sizeof yes, p->whole->image + call->offset, bytes_of(call));
    }
    return part_sets(p, function, index);
}

static int any_changed(const part *p, range calls)
{
    for (int k = calls.first; k < calls.end; k++)
        if (changed(p, &whole.calls[k])) return 1;
    return 0;
}

static int gives_changed(part *p, const char *function, range calls)
{
    for (int k = calls.first; k < calls.end; k++)
        if (changed(p, &whole.calls[k]) && !events_give(p, function, k)) return 0;
    return 1;
}

/* Reads all outputs; whether one changed, or -1 where that failed. */
static int reads(part *p, const char *function)
{
    instance *i = p->whole;
    int moved = 0;
    for (int k = p->table->outputs.first; k < p->table->outputs.end; k++) {
        const value_call *call = &whole.calls[k];
        unsigned char *place = i->image + call->offset, *before = i->seen + call->offset;
        memcpy(before, place, bytes_of(call));
        if (!part_get(p, function, k)) return -1;
        moved |= differ(before, place, call);
    }
    return moved;
}

/* A setting that is given in Event Mode only. */
static int waits(const instance *i, int setting)
{
    const setting_table *its = &whole.settings[setting];
    return !its->text && i->image[whole.pending + (size_t)setting] == PENDING && whole.parts[its->part].events;
}

int events_wanted(const instance *i)
{
    for (int k = 0; k < whole.n_settings; k++)
        if (waits(i, k)) return 1;
    for (int k = 0; k < whole.n_parts; k++)
        if (whole.parts[k].events && any_changed(&i->parts[k], whole.parts[k].discrete)) return 1;
    return 0;
}

double events_next(const instance *i, double time)
{
    double found = INFINITY;
    for (int k = 0; k < whole.n_parts; k++) {
        if (!whole.parts[k].events) continue;
        const double *mine = memory(&i->parts[k]);
        if (mine[1] != 0.0 && mine[0] > time) found = fmin(found, mine[0]);
    }
    return found;
}

int events_due(const instance *i, double time)
{
    for (int k = 0; k < whole.n_parts; k++) {
        const double *mine = whole.parts[k].events ? memory(&i->parts[k]) : NULL;
        if (mine && mine[1] != 0.0 && mine[0] <= time + SNAP * whole.step_size) return 1;
    }
    return events_wanted(i);
}

static int restless(instance *i, const char *function, const char *what, double time)
{
    instance_fail(i, function, "%s do not come to rest at t = %.9g s after %d iterations of the event", what, time, LIMIT);
    instance_broken(i, 0);
    return 0;
}

/* Outputs go along the connections until they rest. */
static int exchanges(instance *i, const char *function, double time)
{
    for (int n = 0; n < LIMIT; n++) {
        int moved = 0;
        if (!instance_flow(i, function, whole.during_events)) return 0;
        for (int k = 0; k < whole.n_parts; k++) {
            part *p = &i->parts[k];
            if (!p->table->events) continue;
            if (!gives_changed(p, function, p->table->inputs) || !gives_changed(p, function, p->table->discrete)) return 0;
            int mine = reads(p, function);
            if (mine < 0) return 0;
            moved |= mine;
        }
        if (!moved) return 1;
    }
    return restless(i, function, "the outputs", time);
}

/* One update of the discrete states of a component; whether it needs another, or -1 where that failed. */
static int updates(part *p, const char *function, double time, int *ending)
{
    fmi3Boolean more = fmi3False, terminate = fmi3False, nominals = fmi3False, values = fmi3False, defined = fmi3False;
    fmi3Float64 next = 0.0;
    int status = (int)((fmi3UpdateDiscreteStatesTYPE *)part_symbol(p, "fmi3UpdateDiscreteStates"))(
        p->handle, &more, &terminate, &nominals, &values, &defined, &next);
    if (!part_checks(p, function, status, "fmi3UpdateDiscreteStates")) return -1;
    if (defined && next < time) {
        instance_fail(p->whole, function, "component '%s' announces an event at %.17g s, which lies before t = %.17g s",
                      p->table->name, next, time);
        instance_broken(p->whole, 0);
        return -1;
    }
    memory(p)[0] = next;
    memory(p)[1] = defined;
    *ending |= terminate;
    int moved = reads(p, function);
    return moved < 0 ? -1 : more || moved;
}

static int iterates(instance *i, const char *function, double time, int *ending)
{
    for (int n = 0; n < LIMIT; n++) {
        int again = 0;
        if (!exchanges(i, function, time)) return 0;
        for (int k = 0; k < whole.n_parts; k++) {
            int one = whole.parts[k].events ? updates(&i->parts[k], function, time, ending) : 0;
            if (one < 0) return 0;
            again |= one;
        }
        if (!instance_flow(i, function, whole.during_events)) return 0;
        for (int k = 0; k < whole.n_parts; k++)
            again |= whole.parts[k].events && any_changed(&i->parts[k], whole.parts[k].discrete);
        if (!again || *ending) return 1;
    }
    return restless(i, function, "the discrete states", time);
}

static int calls(instance *i, const char *function, const char *name)
{
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        if (!p->table->events) continue;
        void *which = part_symbol(p, name);
        if (!which || !part_checks(p, function, ((plain)which)(p->handle), name)) return 0;
    }
    return 1;
}

int events_rest(instance *i, const char *function, double time, int *ending)
{
    if (!iterates(i, function, time, ending) || !calls(i, function, "fmi3EnterStepMode")) return 0;
    for (int k = 0; k < whole.n_parts; k++)
        if (whole.parts[k].events && !instance_check_outputs(i, function, &i->parts[k], time)) return 0;
    return 1;
}

int events_happen(instance *i, const char *function, double time, int *ending)
{
    if (!calls(i, function, "fmi3EnterEventMode")) return 0;
    for (int k = 0; k < whole.n_settings; k++) {
        if (!waits(i, k)) continue;
        const setting_table *setting = &whole.settings[k];
        if (!part_sets(&i->parts[setting->part], function, setting->call)) return 0;
        i->image[whole.pending + (size_t)k] = HANDED_ON;
    }
    return events_rest(i, function, time, ending);
}
