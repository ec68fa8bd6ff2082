/* Early returns, as the engine has them (orchestrator/master/events_early_return.py): the component that returned early is not
 * stepped again, the others step to its time. Those that had stepped further go back to a state that was kept.
 */
#include "early.h"

#include <math.h>
#include <string.h>

#include "exchange.h"

/* Returns in a row without getting ahead. */
#define LIMIT 100

typedef int (*taking)(void *, void **);
typedef int (*using)(void *, void *);

static int can_keep(const part *p)
{
    return p->table->keeps_state && p->common[GET_STATE] && p->common[SET_STATE] && p->common[FREE_STATE];
}

int early_keeps(instance *i, const char *function)
{
    memcpy(i->started, i->image, whole.image_size);
    for (int k = 0; k < whole.n_exposed; k++) {
        part *p = &i->parts[k];
        if (!can_keep(p)) continue;
        int status = ((taking)p->common[GET_STATE])(p->handle, &p->started);
        if (!part_checks(p, function, status, p->version->common[GET_STATE])) return 0;
    }
    return 1;
}

int early_forgets(instance *i, const char *function)
{
    int fine = 1;
    for (int k = 0; k < whole.n_exposed; k++) {
        part *p = &i->parts[k];
        if (p->started && i->now.mode != MODE_FATAL)
            fine &= part_checks(p, function, ((taking)p->common[FREE_STATE])(p->handle, &p->started),
                                p->version->common[FREE_STATE]);
        p->started = NULL;
    }
    return fine;
}

static int stuck(instance *i, const char *function, const part *p, const char *why)
{
    instance_fail(i, function, "component '%s' returned early at t = %.9g s, but '%s' %s: export the system with a step size "
                  "whose grid meets this time", i->parts[i->early].table->name, i->early_time, p->table->name, why);
    instance_broken(i, 0);
    return 0;
}

int early_goes_back(instance *i, const char *function)
{
    if (whole.bound >= 0) return stuck(i, function, &i->parts[whole.bound], "takes steps of one size only");
    if (i->early_time <= instance_time(i) && ++i->in_a_row > LIMIT)
        return stuck(i, function, &i->parts[i->early], "does not get ahead");
    memcpy(i->image, i->started, whole.image_size);
    for (int k = 0; k < i->early; k++) {
        part *p = &i->parts[k];
        if (!p->started) return stuck(i, function, p, "has stepped further and cannot go back");
        if (!part_checks(p, function, ((using)p->common[SET_STATE])(p->handle, p->started), p->version->common[SET_STATE]))
            return 0;
        if (p->version->was_restored && !p->version->was_restored(p, function)) return 0;
        p->ahead = NAN;
    }
    i->asks = 0;
    return 1;
}
