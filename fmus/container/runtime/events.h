/* Events of components with Event Mode (FMI 3.0, Co-Simulation). Functions that may fail return 1, or 0 after a message. */
#ifndef EVENTS_H
#define EVENTS_H

#include "part.h"

int events_give(part *p, const char *function, int call);  /* sets values, and remembers them */
int events_wanted(const instance *i);                      /* something waits that takes force at events only */
double events_next(const instance *i, double time);        /* s; the first that is known, later than a time; or infinite */
int events_due(const instance *i, double time);            /* something has to happen at a time (s) */
/* An event at a time (s), from entering to leaving Event Mode; whether a component is `ending` the run. */
int events_happen(instance *i, const char *function, double time, int *ending);
int events_rest(instance *i, const char *function, double time, int *ending); /* the same, in Event Mode already */

#endif
