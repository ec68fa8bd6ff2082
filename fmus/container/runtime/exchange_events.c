/* Events of a component for Model Exchange: its modes, updates of its discrete states, and completed steps. */
#include <fmi2FunctionTypes.h>
#include <fmi3FunctionTypes.h>

#include <math.h>

#include "exchange.h"
#include "fmi1.h"

/* Updates of the discrete states that one event may need. */
#define EVENT_ITERATIONS 100

typedef int (*plain)(void *);
typedef int (*vector)(void *, double *, size_t);

typedef struct {
    int status, again, terminate, nominals_changed, has_time;
    double time; /* s */
} answer;

static answer updates(const exchange *e)
{
    void *handle = e->owner->handle;
    if (e->owner->table->fmi == 1) {
        fmi1_event_info info = {0};
        int status = part_updates_fmi1(e->owner, e->functions[UPDATE], &info);
        return (answer){status, !info.converged, info.terminate, info.states_renamed, info.has_next_event,
                        info.next_event_time};
    }
    if (e->owner->table->fmi == 2) {
        fmi2EventInfo info = {0};
        int status = (int)((fmi2NewDiscreteStatesTYPE *)e->functions[UPDATE])(handle, &info);
        return (answer){status, info.newDiscreteStatesNeeded != fmi2False, info.terminateSimulation != fmi2False,
                        info.nominalsOfContinuousStatesChanged != fmi2False, info.nextEventTimeDefined != fmi2False,
                        info.nextEventTime};
    }
    fmi3Boolean again = fmi3False, terminate = fmi3False, nominals = fmi3False, values = fmi3False, defined = fmi3False;
    fmi3Float64 time = 0.0;
    int status = (int)((fmi3UpdateDiscreteStatesTYPE *)e->functions[UPDATE])(handle, &again, &terminate, &nominals, &values,
                                                                  &defined, &time);
    return (answer){status, again, terminate, nominals, defined, time};
}

/* FMI 1.0 has no modes to enter. */
static int calls(exchange *e, const char *function, exchange_function which)
{
    const char *name = exchange_name(e, which);
    return !name || part_checks(e->owner, function, ((plain)e->functions[which])(e->owner->handle), name);
}

int exchange_opens(exchange *e, const char *function)
{
    if (*e->at.in_event_mode != 0.0) return 1;
    if (!calls(e, function, ENTER_EVENT_MODE)) return 0;
    *e->at.in_event_mode = 1.0;
    return 1;
}

int exchange_reads(exchange *e, const char *function, int nominals_changed)
{
    size_t n = (size_t)e->table->states;
    part *p = e->owner;
    *e->at.fresh = 0.0;
    if (n == 0) return 1;
    if (!part_checks(p, function, ((vector)e->functions[GET_STATES])(p->handle, e->at.x, n),
                     exchange_name(e, GET_STATES)))
        return 0;
    if (!nominals_changed) return 1;
    if (!part_checks(p, function, ((vector)e->functions[NOMINALS])(p->handle, e->at.nominals, n),
                     exchange_name(e, NOMINALS)))
        return 0;
    for (size_t k = 0; k < n; k++) {
        double size = fabs(e->at.nominals[k]);
        e->at.nominals[k] = size > 0.0 && isfinite(size) ? size : 1.0;
    }
    return 1;
}

int exchange_rests(exchange *e, const char *function, int nominals_changed)
{
    part *p = e->owner;
    if (*e->at.in_event_mode == 0.0 || *e->at.terminated != 0.0) return 1;
    for (int n = 0, again = 1; again; n++) {
        if (n == EVENT_ITERATIONS) {
            instance_fail(p->whole, function, "component '%s': the event at t = %.17g s needs more than %d updates of the "
                          "discrete states: check its parameters and inputs, or its model", p->table->name, *e->at.time,
                          EVENT_ITERATIONS);
            instance_broken(p->whole, 0);
            return 0;
        }
        answer said = updates(e);
        if (!part_checks(p, function, said.status, exchange_name(e, UPDATE)))
            return 0;
        *e->at.terminated = said.terminate != 0;
        *e->at.has_next_event = said.has_time != 0;
        if (said.has_time) *e->at.next_event = said.time;
        nominals_changed |= said.nominals_changed;
        if (said.terminate) return 1;
        again = said.again;
    }
    if (!calls(e, function, ENTER_CONTINUOUS_TIME)) return 0;
    *e->at.in_event_mode = 0.0;
    return exchange_reads(e, function, nominals_changed);
}

int exchange_completes(exchange *e, const char *function, int event)
{
    void *handle = e->owner->handle;
    if (e->table->completed_steps) {
        int status, asked, over = 0;
        if (e->owner->table->fmi == 1) {
            fmi1_boolean update = 0;
            status = ((fmi1_completed_integrator_step *)e->functions[COMPLETED])(handle, &update);
            asked = update != 0;
        } else if (e->owner->table->fmi == 2) {
            fmi2Boolean enter = fmi2False, terminate = fmi2False;
            status = (int)((fmi2CompletedIntegratorStepTYPE *)e->functions[COMPLETED])(handle, e->keeps_no_state != 0, &enter,
                                                                            &terminate);
            asked = enter != fmi2False, over = terminate != fmi2False;
        } else {
            fmi3Boolean enter = fmi3False, terminate = fmi3False;
            status = (int)((fmi3CompletedIntegratorStepTYPE *)e->functions[COMPLETED])(handle, e->keeps_no_state != 0, &enter,
                                                                            &terminate);
            asked = enter, over = terminate;
        }
        const char *name = exchange_name(e, COMPLETED);
        if (!part_checks(e->owner, function, status, name)) return 0;
        event |= asked;
        *e->at.terminated = over;
    }
    e->event = event && *e->at.terminated == 0.0;
    return 1;
}
