/* Directional derivatives: exact, from the forward derivatives that CasADi generates. */
#include <string.h>

#include "instance.h"

static int is_known(const model_variable *variable)
{
    return variable->type == TYPE_FLOAT64 && variable->kind <= KIND_TUNABLE_PARAMETER;
}

static int is_unknown(const model_variable *variable)
{
    return variable->type == TYPE_FLOAT64 && (variable->kind == KIND_OUTPUT || variable->kind == KIND_DERIVATIVE ||
                                              variable->kind <= KIND_DISCRETE_STATE);
}

static int check(instance *i, const char *function, const unsigned *references, size_t n, int whole, int known,
                 size_t *size)
{
    *size = 0;
    for (size_t k = 0; k < n; k++) {
        int length = instance_readable(i, function, references[k], TYPE_FLOAT64, whole);
        if (!length) return 0;
        const model_variable *variable = &model.variables[model.variable_of[references[k]]];
        if (known ? !is_known(variable) : !is_unknown(variable))
            return instance_fail(i, function, "variable '%s' (value reference %u) cannot be %s of a directional derivative",
                                 variable->name, references[k], known ? "a known" : "an unknown");
        *size += (size_t)length;
    }
    return 1;
}

int instance_sensitivity_references(instance *i, const char *function, const unsigned *unknowns, size_t n_unknowns,
                                    const unsigned *knowns, size_t n_knowns, int whole, size_t sizes[2])
{
    return instance_allows(i, GET_SENSITIVITIES, function) &&
           check(i, function, unknowns, n_unknowns, whole, 0, &sizes[0]) &&
           check(i, function, knowns, n_knowns, whole, 1, &sizes[1]);
}

static int length_of(unsigned reference, int whole)
{
    return whole ? model.variables[model.variable_of[reference]].length : 1;
}

void instance_sensitivity(instance *i, const unsigned *unknowns, size_t n_unknowns, const unsigned *knowns,
                          size_t n_knowns, int whole, const double *seed, double *sensitivity)
{
    double *d = i->seeds;
    memset(d, 0, (size_t)model.n_values * sizeof *d);
    for (size_t k = 0; k < n_knowns; k++)
        for (int e = 0; e < length_of(knowns[k], whole); e++) d[knowns[k] + (unsigned)e] += *seed++;
    point seeds = {d, d + model.n_states, d + model.n_states + model.n_discrete, NULL};
    seeds.p = seeds.u + model.n_inputs;
    evaluate_sensitivities(&i->equations, instance_point(i), seeds, d + model.outputs + model.n_outputs,
                           d + model.outputs);
    for (size_t k = 0; k < n_unknowns; k++)
        for (int e = 0; e < length_of(unknowns[k], whole); e++) *sensitivity++ = d[unknowns[k] + (unsigned)e];
}
