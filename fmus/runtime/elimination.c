#include "elimination.h"

#include <math.h>

#define SMALLEST_PIVOT 1e-8 /* against its row: leaves half of the digits, far more than the tolerance of a step needs */

static const elimination_tables *const t = &model.elimination;

/* Put row i of shift*I - dF/dx into `work`, zero where it fills in; returns the sum of its magnitudes. */
static double load_row(int i, const double *jacobian, double shift, double *work)
{
    double size = fabs(shift);
    for (int p = t->rows[i]; p < t->rows[i + 1]; p++) work[t->columns[p]] = 0.0;
    work[i] = shift;
    for (int p = t->inside_rows[i]; p < t->inside_rows[i + 1]; p++) {
        double entry = jacobian[t->inside_nonzeros[p]];
        work[t->inside_columns[p]] -= entry;
        size += fabs(entry);
    }
    return size;
}

int eliminate(const double *jacobian, double shift, double *factors, double *work)
{
    for (int i = 0; i < model.n_states; i++) {
        double size = load_row(i, jacobian, shift, work);
        for (int p = t->rows[i]; p < t->diagonals[i]; p++) {
            int k = t->columns[p];
            double factor = work[k] / factors[t->diagonals[k]];
            factors[p] = factor;
            for (int q = t->diagonals[k] + 1; q < t->rows[k + 1]; q++) work[t->columns[q]] -= factor * factors[q];
        }
        for (int p = t->diagonals[i]; p < t->rows[i + 1]; p++) factors[p] = work[t->columns[p]];
        if (!(fabs(work[i]) > SMALLEST_PIVOT * size)) return 0;
    }
    return 1;
}

static void forward(int i, const double *jacobian, const double *factors, const double *b, double *x)
{
    double sum = b[t->order[i]];
    for (int p = t->outside_rows[i]; p < t->outside_rows[i + 1]; p++)
        sum += jacobian[t->outside_nonzeros[p]] * x[t->outside_columns[p]];
    for (int p = t->rows[i]; p < t->diagonals[i]; p++) sum -= factors[p] * x[t->columns[p]];
    x[i] = sum;
}

static void backward(int i, const double *factors, double *x)
{
    double sum = x[i];
    for (int p = t->diagonals[i] + 1; p < t->rows[i + 1]; p++) sum -= factors[p] * x[t->columns[p]];
    x[i] = sum / factors[t->diagonals[i]];
}

void substitute(const double *jacobian, const double *factors, double *b, double *work)
{
    for (int block = 0; block < t->n_blocks; block++) {
        int first = t->blocks[block], end = t->blocks[block + 1];
        for (int i = first; i < end; i++) forward(i, jacobian, factors, b, work);
        for (int i = end - 1; i >= first; i--) backward(i, factors, work);
    }
    for (int i = 0; i < model.n_states; i++) b[t->order[i]] = work[i];
}
