/* Life of an instance: memory, components, experiment, reset and end. */
#include "instance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loops.h"

char *copied(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static void start_values(instance *i)
{
    condition fresh = {.mode = MODE_INSTANTIATED, .stale = 1, .stop_index = INT64_MAX, .between = NAN};
    i->now = fresh;
    i->in_a_row = 0;
    for (int k = 0; k < whole.n_parts; k++) i->parts[k].ahead = NAN;
    memcpy(i->image, whole.image, whole.image_size);
}

instance *instance_new(const char *name, char *folder, int logging)
{
    instance *i = calloc(1, sizeof *i);
    if (!i) {
        free(folder);
        return NULL;
    }
    i->folder = folder;
    i->name = copied(name);
    i->image = malloc(whole.image_size + 1);
    i->before = malloc(whole.image_size + 1);
    i->seen = malloc(whole.has_events ? whole.image_size + 1 : 1);
    i->started = malloc(whole.has_early ? whole.image_size + 1 : 1);
    i->scratch = calloc((size_t)whole.n_scratch + 1, sizeof *i->scratch);
    i->parts = calloc((size_t)whole.n_parts, sizeof *i->parts);
    i->logging = logging;
    if (!i->folder || !i->name || !i->image || !i->before || !i->seen || !i->started || !i->scratch || !i->parts) {
        instance_free(i);
        return NULL;
    }
    start_values(i);
    return i;
}

int instance_open(instance *i, const char *function)
{
    for (int k = 0; k < whole.n_parts; k++) {
        i->parts[k].whole = i;
        i->parts[k].table = &whole.parts[k];
        i->parts[k].ahead = NAN;
        i->parts[k].paces = whole.parts[k].pace >= 0 || whole.parts[k].extrapolation >= 0;
        i->paces |= i->parts[k].paces;
        if (!part_open(&i->parts[k], function)) return 0;
    }
    return loops_open(i, function);
}

void instance_free(instance *i)
{
    if (!i) return;
    loops_close(i);
    for (int k = whole.n_parts - 1; i->parts && k >= 0; k--) part_close(&i->parts[k]);
    free(i->parts);
    free(i->image);
    free(i->before);
    free(i->seen);
    free(i->started);
    free(i->scratch);
    free(i->name);
    free(i->folder);
    free(i);
}

int instance_reset(instance *i, const char *function)
{
    if (!instance_allows(i, RESET, function)) return 0;
    for (int k = 0; k < whole.n_parts; k++)
        if (!part_resets(&i->parts[k], function)) return 0;
    start_values(i);
    loops_begin_anew(i);
    return 1;
}

/* Otherwise a component would end before the stop, and the others with values of it that are old. */
static int ends_all_periods(instance *i, const char *function)
{
    const condition *now = &i->now;
    double full = now->start_time + (double)now->stop_index * whole.step_size;
    const char *name = NULL;
    if (now->stop_time_defined)
        name = pace_unfinished(now->stop_index, full - now->stop_time > instance_rounding(now->start_time, now->stop_time));
    return !name || instance_fail(i, function, "stop time %.15g s is refused: the step size of component '%s' is longer "
                                  "than that of the system, and would end after it; choose one that its steps meet",
                                  now->stop_time, name);
}

int instance_set_up(instance *i, const char *function, condition experiment)
{
    if (!isfinite(experiment.start_time))
        return instance_fail(i, function, "start time %g s is refused: use a finite one", experiment.start_time);
    if (experiment.stop_time_defined && !(experiment.stop_time >= experiment.start_time))
        return instance_fail(i, function, "stop time %.15g s is refused: it lies before the start time %.15g s",
                             experiment.stop_time, experiment.start_time);
    if (whole.n_sources > 0 && whole.bound >= 0 && sources_next(-INFINITY) < INFINITY && experiment.start_time != whole.start)
        return instance_fail(i, function, "start time %.15g s is refused: inputs of the system jump at communication "
                             "points that are counted from %.15g s; start there", experiment.start_time, whole.start);
    if (!experiment.tolerance_defined && whole.tolerance > 0.0) {
        experiment.tolerance_defined = 1;
        experiment.tolerance = whole.tolerance;
    }
    i->now.tolerance_defined = experiment.tolerance_defined;
    i->now.tolerance = experiment.tolerance_defined ? experiment.tolerance : 0.0;
    i->now.start_time = experiment.start_time;
    instance_stop_at(i, experiment.stop_time_defined, experiment.stop_time);
    return ends_all_periods(i, function);
}

int instance_terminate(instance *i, const char *function)
{
    if (!instance_allows(i, TERMINATE, function)) return 0;
    for (int k = 0; k < whole.n_parts; k++)
        if (!part_calls(&i->parts[k], function, TERMINATE_RUN)) return 0;
    i->now.mode = MODE_TERMINATED;
    return 1;
}
