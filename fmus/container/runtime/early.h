/* Early returns: a macro step ends for all components where the first of them ended its own. */
#ifndef EARLY_H
#define EARLY_H

#include "part.h"

int early_keeps(instance *i, const char *function);      /* what has to go back may do so; 0 after a message */
int early_goes_back(instance *i, const char *function);  /* all but the early one are where the step began */
int early_forgets(instance *i, const char *function);    /* the step is made */

#endif
