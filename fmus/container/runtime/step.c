/* Steps: macro steps of the system, until the communication point of the importer is reached. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "early.h"
#include "events.h"
#include "loops.h"

/* As the engine has it: a last step shorter than this part of the step size is not made. */
#define NEGLIGIBLE 1e-9
/* Part of a step by which a jump may miss the end of a step and still lie there, as the engine has it. */
#define SNAP 1e-9
/* Part of a step by which the time that a component reports may miss its end. */
#define MISSED 1e-6

/* Far from zero the rounding of a time exceeds what is negligible of a small step. */
double instance_rounding(double one, double other)
{
    return NEGLIGIBLE * whole.step_size + 4.0 * DBL_EPSILON * fmax(fabs(one), fabs(other));
}

static int64_t steps_to(const instance *i, double time)
{
    return (int64_t)ceil((time - i->now.start_time - instance_rounding(i->now.start_time, time)) / whole.step_size);
}

void instance_stop_at(instance *i, int defined, double stop)
{
    int64_t index = defined ? steps_to(i, stop) : INT64_MAX;
    i->now.stop_time_defined = defined;
    i->now.stop_time = defined ? stop : INFINITY;
    i->now.stop_index = index < 1 ? 1 : index;
}

static double time_at(const instance *i, int64_t index)
{
    return index >= i->now.stop_index ? i->now.stop_time : i->now.start_time + (double)index * whole.step_size;
}

double instance_time(const instance *i)
{
    return isnan(i->now.between) ? time_at(i, i->now.index) : i->now.between;
}

double instance_ulps(double time)
{
    return 4.0 * (nextafter(fabs(time), INFINITY) - fabs(time));
}

/* The length (s) of the next step: to the next point of the grid, or to a jump that lies truly before it. */
static double step_size(const instance *i, double time)
{
    if (whole.n_sources || whole.has_events || whole.has_early) {
        double point = time_at(i, i->now.index + 1), jump = fmin(sources_next(time), events_next(i, time));
        if (jump < point - (SNAP * (point - time) + instance_ulps(point))) return jump - time;
        if (!isnan(i->now.between)) return point - time;
    }
    return time + whole.step_size > i->now.stop_time ? i->now.stop_time - time : whole.step_size;
}

/* A step ended: at the point of the grid where it is one up to rounding. */
static void arrives(instance *i, double end)
{
    int on_grid = 1;
    if (whole.n_sources || whole.has_events || whole.has_early) {
        double point = time_at(i, i->now.index + 1);
        on_grid = end >= point - 1e-9 * whole.step_size - instance_ulps(point);
    }
    i->now.index += on_grid;
    i->now.between = on_grid ? NAN : end;
}

/* The communication point where a step is to end; -1 after a message. */
static int64_t target(instance *i, const char *function, double time, double step)
{
    double own = instance_time(i), end = time + step, allowed = 2.0 * instance_rounding(time, end);
    int64_t index = isfinite(end) ? steps_to(i, end) : -1;
    if (fabs(time - own) > allowed) {
        instance_fail(i, function, "it is at t = %.15g s, a step from %.15g s is refused: go on from there, or restore "
                      "a kept state", own, time);
        return -1;
    }
    if (end > i->now.stop_time + allowed) {
        instance_fail(i, function, "the step ends at %.15g s, after the stop time %.15g s: set up a later one", end,
                      i->now.stop_time);
        return -1;
    }
    if (index > i->now.index && fabs(time_at(i, index) - end) <= allowed) return index;
    instance_fail(i, function, "communication step size %.15g s is refused: the system '%s' steps by %.15g s; take a "
                  "multiple of that", step, whole.name, whole.step_size);
    return -1;
}

/* Whether all doubles from a place on are finite: only these are +0.0, without a bit, after they are taken from themselves. */
static int all_finite(const void *place, int n)
{
    const double *values = place; /* calls begin at multiples of 8 bytes */
    uint64_t special = 0;
    for (int k = 0; k < n; k++) {
        double nothing = values[k] - values[k];
        uint64_t bits;
        memcpy(&bits, &nothing, sizeof bits);
        special |= bits;
    }
    return special == 0;
}

static inline int in_ranges(instance *i, const char *function, range checked, double time)
{
    return checked.first == checked.end || instance_check_ranges(i, function, checked, time);
}

int instance_check_outputs(instance *i, const char *function, const part *p, double time)
{
    for (int k = p->table->outputs.first; k < p->table->outputs.end; k++) {
        const value_call *call = &whole.calls[k];
        if (whole.first_name[k] < 0) continue;
        if (call->type == FLOAT64 && all_finite(i->image + call->offset, call->n_values)) continue;
        for (int n = 0; n < call->n_values; n++) {
            double value = load_float(i->image + call->offset + (size_t)n * size_of(call->type), call->type);
            if (isfinite(value)) continue;
            instance_fail(i, function, "'%s.%s' is %g at t = %.9g s: look at the inputs of '%s' just before, its "
                          "parameters and start values", p->table->name, whole.names[whole.first_name[k] + n], value,
                          time, p->table->name);
            instance_broken(i, 0);
            return 0;
        }
    }
    return in_ranges(i, function, p->table->checked_outputs, time);
}

static step_end fails(part *p, const char *function, const char *what, double time, double step)
{
    instance_fail(p->whole, function, "component '%s' %s in its step from t = %.9g s by h = %.9g s: export the system "
                  "with a smaller step size", p->table->name, what, time, step);
    instance_broken(p->whole, 0);
    return STEP_FAILED;
}

static step_end returns_early(part *p, double reached)
{
    p->whole->early = (int)(p - p->whole->parts);
    p->whole->early_time = p->ahead = reached;
    return STEP_EARLY;
}

/* One step of a component, whose inputs are what they are to be. */
static step_end part_makes(part *p, const char *function, double time, double step, int none_kept)
{
    step_answer answer = p->version->do_step(p, function, time, step, none_kept);
    if (answer.told) return STEP_FAILED;
    if (answer.status == STATUS_DISCARD) return fails(p, function, "refused (discard)", time, step);
    if (answer.status != STATUS_OK && !part_checks(p, function, answer.status, p->version->step)) return STEP_FAILED;
    if (fabs(answer.reached - (time + step)) > MISSED * step) {
        if (answer.early && p->table->early && !answer.terminate && (answer.reached > time || answer.event))
            return returns_early(p, answer.reached);
        return fails(p, function, answer.terminate ? "ended the run" : "stopped", time, step);
    }
    p->whole->asks |= answer.event;
    return answer.terminate ? STEP_ENDED : STEP_DONE;
}

/* The same, of one with extrapolated inputs. */
static step_end part_follows(part *p, const char *function, double time, double step, int none_kept)
{
    extrapolation_gives(p, time, step);
    if (!part_set_all(p, function, p->table->inputs) || !extrapolation_inclines(p, function, time)) return STEP_FAILED;
    extrapolation_puts_back(p);
    step_end end = part_makes(p, function, time, step, none_kept);
    return end == STEP_FAILED || end == STEP_EARLY || part_took_inputs(p, function) ? end : STEP_FAILED;
}

/* A step of a component with a pace of its own, or on extrapolated inputs. */
static step_end part_paces(part *p, const char *function, span all, int none_kept)
{
    int extrapolates = p->table->extrapolation >= 0;
    step_end end = STEP_DONE;
    pace_samples(p);
    if (extrapolates) extrapolation_over(p, all.start, all.length);
    for (int k = 0; k < all.count; k++) {
        double start = all.start + (double)k * all.length / (double)all.count, length = all.length / (double)all.count;
        if (end == STEP_ENDED) return fails(p, function, "ended the run", all.start, all.length);
        if (extrapolates)
            end = part_follows(p, function, start, length, none_kept);
        else if (!part_set_all(p, function, p->table->inputs))
            return STEP_FAILED;
        else
            end = part_makes(p, function, start, length, none_kept);
        if (end == STEP_FAILED || end == STEP_EARLY) return end;
    }
    pace_goes_on(p);
    return end;
}

/* One component: what flows into it, its step, its outputs. */
step_end part_steps(part *p, const char *function, double time, double step, int none_kept)
{
    instance *i = p->whole;
    step_end end;
    if (!instance_flow(i, function, p->table->flows)) return STEP_FAILED;
    if (p->paces && pace_waits(p, time + step)) return STEP_DONE;
    if (!in_ranges(i, function, p->table->checked_inputs, time)) return STEP_FAILED;
    if (p->table->early && fabs(p->ahead - (time + step)) <= MISSED * step) { /* it is there already */
        p->ahead = NAN;
        i->asks = 1;
        end = STEP_DONE;
    } else if (p->paces) {
        end = part_paces(p, function, pace_span(p, time, step), none_kept);
    } else {
        if (!part_set_all(p, function, p->table->inputs)) return STEP_FAILED;
        end = part_makes(p, function, time, step, none_kept);
    }
    if (end == STEP_FAILED || end == STEP_EARLY) return end;
    if (!part_get_all(p, function, p->table->outputs) || !instance_check_outputs(i, function, p, time + step))
        return STEP_FAILED;
    return end;
}

/* Whether the step ends at the next point of the grid, or all components follow where it does not. */
static int can_follow(instance *i, const char *function, double end)
{
    if (whole.bound < 0 || end >= time_at(i, i->now.index + 1) - SNAP * whole.step_size) return 1;
    instance_fail(i, function, "an event happens at t = %.9g s, between two communication points, but component '%s' takes "
                  "steps of one size only: export the system with a step size that meets it", end,
                  whole.parts[whole.bound].name);
    instance_broken(i, 0);
    return 0;
}

/* An event where the system is. */
static step_end happens(instance *i, const char *function, step_end end)
{
    int ending = 0;
    i->asks = 0;
    if (whole.has_events && !events_happen(i, function, instance_time(i), &ending)) return STEP_FAILED;
    instance_forgets(i);
    return ending ? STEP_ENDED : end;
}

/* All components step, until one fails or returns early. */
static step_end parts_step(instance *i, const char *function, double time, double step, int none_kept)
{
    step_end end = STEP_DONE;
    if (!instance_flow(i, function, whole.at_once)) return STEP_FAILED;
    if (whole.n_sources) instance_sources(i, time + step, step, 0);
    for (int k = 0, loop = -1; k < whole.n_parts; k++) {
        if (loop >= 0 && whole.parts[k].loop == loop) continue; /* its other parts follow each other */
        loop = whole.parts[k].loop;
        step_end one = loop >= 0 ? loop_solves(i, loop, function, time, step)
                                 : part_steps(&i->parts[k], function, time, step, none_kept && k >= whole.n_exposed);
        if (one == STEP_FAILED || one == STEP_EARLY) return one;
        if (one == STEP_ENDED) end = one;
    }
    return end;
}

/* The same, or to where the first of them returned early: then `step` (s) is shorter, and 0 where nobody stepped. */
static step_end parts_align(instance *i, const char *function, double time, double *step, int none_kept)
{
    step_end end = early_keeps(i, function) ? STEP_EARLY : STEP_FAILED;
    while (end == STEP_EARLY) {
        end = parts_step(i, function, time, *step, none_kept);
        if (end != STEP_EARLY) break;
        if (!early_goes_back(i, function)) end = STEP_FAILED;
        *step = i->early_time > time ? i->early_time - time : 0.0;
        if (end == STEP_EARLY && *step == 0.0) end = STEP_DONE;
    }
    if (*step > 0.0) i->in_a_row = 0;
    return early_forgets(i, function) ? end : STEP_FAILED;
}

/* What happens at the end of a step. */
static step_end arrives_at_events(instance *i, const char *function, double time, double step, step_end end)
{
    /* Where no component asks for an event, what flows may tell that one is due: before inputs jump, as in the engine. */
    if (whole.has_events && !i->asks && !instance_flow(i, function, whole.everything)) return STEP_FAILED;
    int jumps = whole.n_sources && instance_sources(i, time + step, step, 1);
    arrives(i, time + step);
    if (!jumps && whole.has_events) jumps = i->asks || events_due(i, instance_time(i));
    if (!jumps && i->asks) jumps = whole.n_sources && sources_next(-INFINITY) < INFINITY;
    return jumps ? happens(i, function, end) : end;
}

/* To the next point of the grid, or to an event before it. */
static step_end macro_step(instance *i, const char *function, int none_kept)
{
    step_end end = STEP_DONE;
    i->asks = 0;
    if (whole.has_events && events_wanted(i) && (end = happens(i, function, end)) == STEP_FAILED) return end;
    double time = instance_time(i), step = step_size(i, time);
    if (!can_follow(i, function, time + step)) return STEP_FAILED;
    if (i->paces && !paces_begin(i, function)) return STEP_FAILED;
    step_end made = whole.has_early ? parts_align(i, function, time, &step, none_kept)
                                    : parts_step(i, function, time, step, none_kept);
    if (made == STEP_FAILED) return made;
    if (made == STEP_ENDED) end = made;
    if (step > 0.0) return arrives_at_events(i, function, time, step, end);
    for (int k = 0; k < whole.n_parts; k++) i->parts[k].ahead = NAN; /* nobody has stepped: an event at once */
    return happens(i, function, end);
}

step_end instance_do_step(instance *i, const char *function, double time, double step, int none_kept)
{
    if (!instance_allows(i, DO_STEP, function)) return STEP_FAILED;
    int64_t until = target(i, function, time, step);
    int first = 1;
    if (until < 0) return STEP_REFUSED;
    if (!instance_hand_on(i, function, 0)) return STEP_FAILED;
    while (i->now.index < until) {
        memcpy(i->before, i->image, whole.image_size);
        /* A state that is kept from where the importer is may come back: then it is before the steps that follow. */
        step_end end = macro_step(i, function, none_kept && (first || !i->kept));
        first = 0;
        if (end == STEP_FAILED) {
            memcpy(i->image, i->before, whole.image_size);
            loops_changed(i);
        }
        if (end != STEP_DONE) return end;
    }
    return STEP_DONE;
}
