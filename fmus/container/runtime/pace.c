/* Paces: components that step more often than the system, or less often, and what they and extrapolated inputs do at the
 * beginning of a macro step. As the engine has them (orchestrator/master/rates.py).
 */
#include <math.h>
#include <string.h>

#include "part.h"

/* Part of its step size by which a component's last step may be longer, for a macro step that is. */
#define NEGLIGIBLE 1e-6

static const pace_table *pace_of(const part *p)
{
    return p->table->pace < 0 ? NULL : &whole.paces[p->table->pace];
}

static double tolerance(double time)
{
    return 1e-9 * whole.step_size + instance_ulps(time);
}

double period_begin(const instance *i, int period, double time)
{
    int64_t index = (int64_t)floor((time + tolerance(time) - i->now.start_time) / whole.step_size);
    return i->now.start_time + (double)(index / period * period) * whole.step_size;
}

int period_ends(const instance *i, int period, double time, double end)
{
    return period_begin(i, period, time) + (double)period * whole.step_size - end <= tolerance(end);
}

static int begins(part *p, const char *function)
{
    instance *i = p->whole;
    const pace_table *pace = pace_of(p);
    if (pace && pace->period) {
        double time = instance_time(i);
        if (!(time - period_begin(i, pace->period, time) <= tolerance(time))) return 1;
        if (!instance_flow(i, function, pace->flows)) return 0;
        memcpy(i->image + pace->kept, i->image + pace->inputs, pace->bytes);
    }
    return p->table->extrapolation < 0 || extrapolation_begins(p, function);
}

int paces_begin(instance *i, const char *function)
{
    for (int k = 0; k < whole.n_parts; k++)
        if (!begins(&i->parts[k], function)) return 0;
    return 1;
}

int pace_waits(const part *p, double end)
{
    const pace_table *pace = pace_of(p);
    return pace && pace->period && !period_ends(p->whole, pace->period, instance_time(p->whole), end);
}

span pace_span(const part *p, double time, double step)
{
    const pace_table *pace = pace_of(p);
    if (!pace) return (span){time, step, 1};
    if (pace->period) {
        return (span){period_begin(p->whole, pace->period, time), (double)pace->period * whole.step_size, 1};
    }
    double count = ceil(step / pace->sub_step - NEGLIGIBLE);
    return (span){time, step, count > 1.0 ? (int)count : 1};
}

void pace_samples(part *p)
{
    const pace_table *pace = pace_of(p);
    unsigned char *image = p->whole->image;
    if (!pace || !pace->samples || !pace->bytes) return;
    memcpy(p->newest, image + pace->inputs, pace->bytes);
    memcpy(image + pace->inputs, image + pace->kept, pace->bytes);
}

void pace_goes_on(part *p)
{
    const pace_table *pace = pace_of(p);
    if (pace && pace->samples && pace->bytes) memcpy(p->whole->image + pace->inputs, p->newest, pace->bytes);
}

const char *pace_unfinished(int64_t count, int clipped)
{
    for (int k = 0; k < whole.n_parts; k++) {
        const part_table *table = &whole.parts[k];
        int period = table->pace < 0 ? 0 : whole.paces[table->pace].period;
        if (period && (clipped || count % period)) return table->name;
    }
    return NULL;
}
