/* One step of RODAS, in the form that needs no product of the Jacobian with a vector:
 *   (I/(gamma h) - J) k_i = f(y + sum_j a_ij k_j) + sum_j (c_ij/h) k_j,    y_new = y + sum_j a_5j k_j + k_5 + k_6,
 * where k_6 estimates the error. Coefficients: the Fortran code RODAS of the authors of the book named in solver.h.
 */
#include "elimination.h"
#include "solver.h"

#define GAMMA 0.25

static const double A[RODAS_STAGES][RODAS_STAGES - 1] = {
    {0},
    {1.544},
    {0.9466785280815826, 0.2557011698983284},
    {3.314825187068521, 2.896124015972201, 0.9986419139977817},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0},
};

static const double C[RODAS_STAGES][RODAS_STAGES - 1] = {
    {0},
    {-5.6688},
    {-2.430093356833875, -0.2063599157091915},
    {-0.1073529058151375, -9.594562251023355, -20.47028614809616},
    {7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160},
    {8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054},
};

static void stage_argument(const solver *s, const double *x, int stage, double *argument)
{
    for (int i = 0; i < model.n_states; i++) {
        double sum = x[i];
        for (int j = 0; j < stage; j++) sum += A[stage][j] * s->k[j][i];
        argument[i] = sum;
    }
}

static void solve_stage(solver *s, const double *rates, double h, int stage)
{
    double *k = s->k[stage];
    for (int i = 0; i < model.n_states; i++) {
        double sum = 0.0;
        for (int j = 0; j < stage; j++) sum += C[stage][j] * s->k[j][i];
        k[i] = rates[i] + sum / h;
    }
    substitute(s->jacobian, s->factors, k, s->work);
}

void solver_linearize(solver *s, point at)
{
    evaluate(model_jacobian_matrix, s->equations, at, s->jacobian);
}

int rosenbrock_step(solver *s, point at, double h)
{
    const double *x = at.x;
    if (!eliminate(s->jacobian, 1.0 / (GAMMA * h), s->factors, s->work)) return 0;
    solve_stage(s, s->start_rates, h, 0);
    at.x = s->argument;
    for (int stage = 1; stage < RODAS_STAGES; stage++) {
        stage_argument(s, x, stage, s->argument);
        evaluate(model_rates, s->equations, at, s->rates);
        solve_stage(s, s->rates, h, stage);
    }
    for (int i = 0; i < model.n_states; i++) s->trial[i] = s->argument[i] + s->k[RODAS_STAGES - 1][i];
    return 1;
}
