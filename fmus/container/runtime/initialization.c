/* Coupled initialization: outputs are read and passed on in an order in which each follows from what was before.
 *
 * In Initialization Mode an output follows from the inputs by direct feedthrough alone, and there are no algebraic
 * loops: one pass is exact. It is made when something is read that may have changed, and before the mode is left.
 */
#include <math.h>

#include "events.h"
#include "part.h"

int instance_hand_on(instance *i, const char *function, int before_initialization)
{
    unsigned char *pending = i->image + whole.pending;
    for (int k = 0; k < whole.n_settings; k++) {
        const setting_table *setting = &whole.settings[k];
        part *p = &i->parts[setting->part];
        if (p->table->events && i->now.mode == MODE_STEP) continue; /* it takes force at an event */
        if (setting->text) {
            if (before_initialization && !part_set_text(p, function, setting->call, setting->text)) return 0;
        } else if (pending[k] == PENDING) {
            if (!part_set(p, function, setting->call)) return 0;
            pending[k] = HANDED_ON;
        }
    }
    return 1;
}

int instance_enter_initialization(instance *i, const char *function)
{
    if (!instance_allows(i, ENTER_INITIALIZATION, function) || !instance_hand_on(i, function, 1)) return 0;
    for (int k = 0; k < whole.n_parts; k++)
        if (!part_enters_initialization(&i->parts[k], function)) return 0;
    instance_sources(i, i->now.start_time, 0.0, 1);
    i->now.mode = MODE_INITIALIZATION;
    i->now.stale = 1;
    for (int k = 0; k < whole.n_parts; k++)
        if (!part_get_all(&i->parts[k], function, i->parts[k].table->unknown_starts)) return 0;
    return 1;
}

static int gives_inputs(part *p, const char *function)
{
    return part_set_all(p, function, p->table->initial) && part_set_all(p, function, p->table->inputs) &&
           part_set_all(p, function, p->table->discrete);
}

int instance_settle(instance *i, const char *function)
{
    if (i->now.mode != MODE_INITIALIZATION || !i->now.stale) return 1;
    if (!instance_hand_on(i, function, 0)) return 0;
    for (int k = 0; k < whole.n_stages; k++) {
        const stage_table *stage = &whole.stages[k];
        for (int n = stage->parts.first; n < stage->parts.end; n++)
            if (!gives_inputs(&i->parts[whole.stage_parts[n]], function)) return 0;
        for (int n = stage->reads.first; n < stage->reads.end; n++)
            if (!part_get(&i->parts[whole.stage_reads[n].part], function, whole.stage_reads[n].call)) return 0;
        if (!instance_flow(i, function, stage->flows)) return 0;
    }
    i->now.stale = 0;
    return 1;
}

int instance_exit_initialization(instance *i, const char *function)
{
    int ending = 0;
    if (!instance_allows(i, EXIT_INITIALIZATION, function) || !instance_settle(i, function)) return 0;
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        if (!gives_inputs(p, function) || !part_exits_initialization(p, function) ||
            !part_get_all(p, function, p->table->outputs) ||
            !instance_check_outputs(i, function, p, i->now.start_time))
            return 0;
    }
    i->now.index = 0;
    i->now.between = NAN;
    if (whole.has_events && !events_rest(i, function, i->now.start_time, &ending)) return 0;
    i->now.mode = MODE_STEP;
    if (!ending) return 1;
    instance_fail(i, function, "a component ends the run at its start");
    instance_broken(i, 0);
    return 0;
}
