/* Co-Simulation steps and scans: discrete states change at t = k * sample_time, k >= 1, and hold between. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "instance.h"

static const char *const why[] = {
    [STATE_NOT_FINITE] = "is not a finite number",
    [DERIVATIVE_NOT_FINITE] = "has a derivative that is not a finite number",
    [STEP_TOO_SMALL] = "needs steps smaller than the resolution of time",
    [TOO_MANY_STEPS] = "needs too many steps",
};

/* Name of one element: `S[3]`, or `V` for a scalar. */
static const char *element_name(int element, char *buffer, size_t size)
{
    const model_variable *variable = &model.variables[model.variable_of[element]];
    if (!variable->is_array) return variable->name;
    snprintf(buffer, size, "%s[%d]", variable->name, element - variable->first + 1);
    return buffer;
}

static int broken(instance *i, const char *function, double time, int element, double value, const char *reason)
{
    char name[256];
    instance_fail(i, function, "model '%s' at time %.15g s: '%s' %s (value %.15g); check its inputs and parameters",
                  model.name, time, element_name(element, name, sizeof name), reason, value);
    i->now.mode = MODE_ERROR;
    return 0;
}

double instance_scan_time(const instance *i)
{
    return (double)i->now.next_scan * model.sample_time;
}

/* A scan is due at a time that reaches it up to rounding. */
int instance_scan_due(const instance *i, double time)
{
    double rounding = 1e-9 * model.sample_time + 4.0 * DBL_EPSILON * fabs(time);
    return model.sample_time > 0.0 && instance_scan_time(i) <= time + rounding;
}

int instance_scan(instance *i, const char *function)
{
    double *fresh = i->seeds;
    evaluate(model_update, &i->equations, instance_point(i), fresh);
    for (int k = 0; k < model.n_discrete; k++)
        if (!isfinite(fresh[k]))
            return broken(i, function, instance_scan_time(i), model.n_states + k, fresh[k], "is not a finite number");
    memcpy(i->values + model.n_states, fresh, (size_t)model.n_discrete * sizeof *fresh);
    i->now.next_scan++;
    i->now.outputs_known = i->now.derivatives_known = 0;
    return 1;
}

static int integrate(instance *i, const char *function, double from, double to)
{
    if (model.n_states == 0 || !(to > from)) return 1;
    double tolerance = i->now.tolerance_defined ? i->now.tolerance : i->values[model.outputs - 1];
    solver_report report = solver_integrate(&i->solver, instance_point(i), i->values, from, to, tolerance,
                                            &i->now.proposal);
    if (report.outcome == SOLVED) return 1;
    return broken(i, function, report.time, report.state, report.value, why[report.outcome]);
}

static int acceptable(instance *i, const char *function, double time, double step)
{
    double rounding = 1e-6 * step + 16.0 * DBL_EPSILON * fabs(time);
    if (!(step > 0.0 && isfinite(time + step)))
        return instance_fail(i, function, "step size %.15g s is refused: use a positive, finite one", step);
    if (!(fabs(time - i->now.time) <= rounding))
        return instance_fail(i, function, "communication point %.15g s is refused: the instance is at %.15g s", time,
                             i->now.time);
    if (i->now.stop_time_defined && time + step > i->now.stop_time + rounding)
        return instance_fail(i, function, "step to %.15g s is refused: the stop time is %.15g s", time + step,
                             i->now.stop_time);
    return 1;
}

int instance_do_step(instance *i, const char *function, double time, double step)
{
    if (!instance_allows(i, DO_STEP, function) || !acceptable(i, function, time, step)) return 0;
    double end = time + step;
    size_t inputs = (size_t)(model.n_inputs + model.n_parameters);
    memcpy(i->in_force, i->values + model.n_states + model.n_discrete, inputs * sizeof(double));
    i->now.outputs_known = i->now.derivatives_known = 0;
    while (instance_scan_due(i, end)) {
        double scan = fmin(instance_scan_time(i), end);
        if (!integrate(i, function, time, scan) || !instance_scan(i, function)) return 0;
        time = fmax(time, scan);
    }
    if (!integrate(i, function, time, end)) return 0;
    i->now.time = i->values[model.n_values - 1] = end;
    return 1;
}
