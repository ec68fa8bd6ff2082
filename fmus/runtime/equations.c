#include "equations.h"

#include <stdlib.h>

typedef int work_sizes(model_int *, model_int *, model_int *, model_int *);

int scratch_allocate(scratch *s)
{
    static work_sizes *const functions[] = {model_rates_work, model_outputs_work, model_update_work,
                                            model_jacobian_matrix_work, model_sensitivities_work};
    model_int most[4] = {8, 2, 1, 1};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        model_int size[4];
        functions[f](&size[0], &size[1], &size[2], &size[3]);
        for (int k = 0; k < 4; k++)
            if (size[k] > most[k]) most[k] = size[k];
    }
    s->argument = calloc((size_t)most[0], sizeof *s->argument);
    s->result = calloc((size_t)most[1], sizeof *s->result);
    s->integers = calloc((size_t)most[2], sizeof *s->integers);
    s->reals = calloc((size_t)most[3], sizeof *s->reals);
    return s->argument && s->result && s->integers && s->reals;
}

void scratch_free(scratch *s)
{
    free(s->argument);
    free(s->result);
    free(s->integers);
    free(s->reals);
}

static void put_point(const double **argument, point at)
{
    argument[0] = at.x;
    argument[1] = at.z;
    argument[2] = at.u;
    argument[3] = at.p;
}

void evaluate(equation *function, scratch *s, point at, double *result)
{
    put_point(s->argument, at);
    s->result[0] = result;
    function(s->argument, s->result, s->integers, s->reals, 0);
}

void evaluate_sensitivities(scratch *s, point at, point seed, double *derivatives, double *outputs)
{
    put_point(s->argument, at);
    put_point(s->argument + 4, seed);
    s->result[0] = derivatives;
    s->result[1] = outputs;
    model_sensitivities(s->argument, s->result, s->integers, s->reals, 0);
}
