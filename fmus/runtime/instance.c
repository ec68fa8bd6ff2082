/* Life of an instance: memory, start values, experiment and initialization. */
#include "instance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

instance *instance_new(const char *name, int co_simulation)
{
    instance *i = calloc(1, sizeof *i);
    if (!i) return NULL;
    i->n_numbers = (size_t)(model.n_values + model.n_inputs + model.n_parameters);
    i->numbers = calloc(i->n_numbers + 1, sizeof(double));
    i->seeds = calloc((size_t)model.n_values + 1, sizeof(double));
    i->name = malloc(strlen(name) + 1);
    if (!scratch_allocate(&i->equations) || !solver_allocate(&i->solver, &i->equations) || !i->numbers || !i->seeds ||
        !i->name) {
        instance_free(i);
        return NULL;
    }
    strcpy(i->name, name);
    i->values = i->numbers;
    i->in_force = i->numbers + model.n_values;
    i->now.co_simulation = co_simulation;
    instance_start_values(i);
    return i;
}

void instance_free(instance *i)
{
    if (!i) return;
    scratch_free(&i->equations);
    solver_free(&i->solver);
    free(i->numbers);
    free(i->seeds);
    free(i->name);
    free(i);
}

void instance_start_values(instance *i)
{
    size_t first = (size_t)(model.n_states + model.n_discrete);
    condition fresh = {.mode = MODE_INSTANTIATED, .co_simulation = i->now.co_simulation, .next_scan = 1};
    i->now = fresh;
    memcpy(i->values, model.starts, (size_t)model.n_values * sizeof(double));
    memcpy(i->in_force, i->values + first, (size_t)(model.n_inputs + model.n_parameters) * sizeof(double));
}

int instance_set_up(instance *i, const char *function, condition experiment)
{
    if (experiment.tolerance_defined && !(experiment.tolerance > 0.0 && experiment.tolerance < 1.0))
        return instance_fail(i, function, "tolerance %g is refused: use a relative tolerance between 0 and 1",
                             experiment.tolerance);
    if (!isfinite(experiment.start_time))
        return instance_fail(i, function, "start time %g s is refused: use a finite one", experiment.start_time);
    if (experiment.stop_time_defined && !(experiment.stop_time >= experiment.start_time))
        return instance_fail(i, function, "stop time %.15g s is refused: it lies before the start time %.15g s",
                             experiment.stop_time, experiment.start_time);
    i->now.tolerance_defined = experiment.tolerance_defined;
    i->now.tolerance = experiment.tolerance;
    i->now.stop_time_defined = experiment.stop_time_defined;
    i->now.stop_time = experiment.stop_time;
    i->now.time = i->now.start_time = experiment.start_time;
    i->values[model.n_values - 1] = experiment.start_time;
    return 1;
}

int instance_initialized(instance *i, const char *function)
{
    if (!instance_allows(i, EXIT_INITIALIZATION, function)) return 0;
    i->now.next_scan = 1;
    if (model.sample_time > 0.0) {
        i->now.next_scan = (int64_t)fmax(floor(i->now.time / model.sample_time), 1.0);
        while (instance_scan_due(i, i->now.time)) i->now.next_scan++;
    }
    i->now.mode = i->now.co_simulation ? MODE_STEP : MODE_EVENT;
    return 1;
}

point instance_point(const instance *i)
{
    return (point){i->values, i->values + model.n_states, i->in_force, i->in_force + model.n_inputs};
}
