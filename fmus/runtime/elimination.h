/* Numeric part of the Gaussian elimination whose tables fmus/elimination.py makes. */
#ifndef ELIMINATION_H
#define ELIMINATION_H

#include "model.h"

/* Factorize shift*I - dF/dx into `factors`, with `work` of n_states numbers.
 * Pivots are taken from the diagonal: returns 0 where one is too small against its row for that to be accurate, which
 * cannot happen once `shift` is large enough. */
int eliminate(const double *jacobian, double shift, double *factors, double *work);

/* Solve (shift*I - dF/dx) b_new = b in place; `work` holds n_states numbers. */
void substitute(const double *jacobian, const double *factors, double *b, double *work);

#endif
