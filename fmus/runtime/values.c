/* Reading and writing values: what a reference means, what may be written when, and when outputs are computed.
 *
 * Outputs and derivatives are computed when they are read after something they depend on has changed. In Step Mode
 * a written input takes force with the next step, so the outputs stay those of the last communication point.
 */
#include <math.h>
#include <string.h>

#include "instance.h"

#define BEFORE (MODE_INSTANTIATED | MODE_INITIALIZATION)

static const int writable[KINDS] = {
    [KIND_STATE] = BEFORE,
    [KIND_DISCRETE_STATE] = BEFORE,
    [KIND_INPUT] = BEFORE | MODE_STEP | MODE_EVENT | MODE_CONTINUOUS_TIME,
    [KIND_FIXED_PARAMETER] = BEFORE,
    [KIND_TUNABLE_PARAMETER] = BEFORE | MODE_STEP | MODE_EVENT,
    [KIND_SOLVER_TOLERANCE] = BEFORE,
};

static const char *type_name(value_type type)
{
    switch (type) {
    case TYPE_FLOAT64: return "a real number";
    case TYPE_INTEGER: return "an integer";
    case TYPE_BOOLEAN: return "a Boolean";
    default: return "an enumeration";
    }
}

static const model_variable *locate(instance *i, const char *function, unsigned reference, unsigned types, int whole)
{
    const model_variable *variable = NULL;
    if (reference < (unsigned)model.n_values) variable = &model.variables[model.variable_of[reference]];
    if (!variable || (whole && (unsigned)variable->first != reference)) {
        instance_fail(i, function, "value reference %u is unknown in model '%s'", reference, model.name);
        return NULL;
    }
    if (variable->type & types) return variable;
    instance_fail(i, function, "variable '%s' (value reference %u) is %s: use the function of that type",
                  variable->name, reference, type_name(variable->type));
    return NULL;
}

static void compute(instance *i, value_kind kind)
{
    double *outputs = i->values + model.outputs;
    if (kind == KIND_OUTPUT && !i->now.outputs_known) {
        evaluate(model_outputs, &i->equations, instance_point(i), outputs);
        i->now.outputs_known = 1;
    } else if (kind == KIND_DERIVATIVE && !i->now.derivatives_known) {
        evaluate(model_rates, &i->equations, instance_point(i), outputs + model.n_outputs);
        i->now.derivatives_known = 1;
    }
}

int instance_readable(instance *i, const char *function, unsigned reference, unsigned types, int whole)
{
    const model_variable *variable = locate(i, function, reference, types, whole);
    if (!variable) return 0;
    compute(i, variable->kind);
    return whole ? variable->length : 1;
}

int instance_writable(instance *i, const char *function, unsigned reference, unsigned types, int whole)
{
    const model_variable *variable = locate(i, function, reference, types, whole);
    if (!variable) return 0;
    if (!(writable[variable->kind] & i->now.mode)) {
        instance_fail(i, function, "variable '%s' (value reference %u) cannot be set in state '%s'", variable->name,
                      reference, mode_name(i->now.mode));
        return 0;
    }
    if (i->now.mode == MODE_CONTINUOUS_TIME && variable->type != TYPE_FLOAT64) {
        instance_fail(i, function, "discrete input '%s' (value reference %u) can only be set in Event Mode",
                      variable->name, reference);
        return 0;
    }
    return whole ? variable->length : 1;
}

static int in_range(instance *i, const char *function, const model_variable *variable, double value)
{
    if (variable->type == TYPE_ENUMERATION && !(value >= 1.0 && value <= variable->items))
        return instance_fail(i, function, "%g is no value of enumeration '%s': use 1 to %d", value, variable->name,
                             variable->items);
    if (variable->kind == KIND_SOLVER_TOLERANCE && !(value > 0.0 && value < 1.0))
        return instance_fail(i, function, "'%s' = %g is refused: use a relative tolerance between 0 and 1",
                             variable->name, value);
    return 1;
}

int instance_write(instance *i, const char *function, unsigned element, double value)
{
    const model_variable *variable = &model.variables[model.variable_of[element]];
    if (!in_range(i, function, variable, value)) return 0;
    i->values[element] = value;
    if (i->now.mode == MODE_STEP) return 1;
    int place = (int)element - model.n_states - model.n_discrete;
    if (place >= 0 && place < model.n_inputs + model.n_parameters) i->in_force[place] = value;
    i->now.outputs_known = i->now.derivatives_known = 0;
    return 1;
}

static int right_number(instance *i, const char *function, size_t n)
{
    if (n == (size_t)model.n_states) return 1;
    return instance_fail(i, function, "%zu continuous states asked for, the model has %d", n, model.n_states);
}

const double *instance_states(instance *i, const char *function, size_t n)
{
    if (!instance_allows(i, GET_CONTINUOUS_STATES, function) || !right_number(i, function, n)) return NULL;
    return i->values;
}

const double *instance_derivatives(instance *i, const char *function, size_t n)
{
    if (!instance_allows(i, GET_CONTINUOUS_STATES, function) || !right_number(i, function, n)) return NULL;
    compute(i, KIND_DERIVATIVE);
    return i->values + model.outputs + model.n_outputs;
}

int instance_set_states(instance *i, const char *function, const double *states, size_t n)
{
    if (!instance_allows(i, SET_CONTINUOUS_STATES, function) || !right_number(i, function, n)) return 0;
    memcpy(i->values, states, n * sizeof *states);
    i->now.outputs_known = i->now.derivatives_known = 0;
    return 1;
}

int instance_set_time(instance *i, const char *function, double time)
{
    if (!instance_allows(i, SET_TIME, function)) return 0;
    if (!isfinite(time)) return instance_fail(i, function, "time %g s is refused: use a finite one", time);
    i->now.time = i->values[model.n_values - 1] = time;
    return 1;
}
