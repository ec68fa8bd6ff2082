/* Loops: components that are solved for together, in every macro step, by sweeps from kept states. */
#ifndef LOOPS_H
#define LOOPS_H

#include "part.h"

int loops_open(instance *i, const char *function);
void loops_close(instance *i);
void loops_begin_anew(instance *i); /* nothing is known */
void loops_changed(instance *i);    /* what was learnt is that of another communication point */
step_end loop_solves(instance *i, int number, const char *function, double time, double step);

#endif
