/* One macro step of a tank in zones: the equations of surrogates/zone_stepper.py, term by term, in C.

   zone_model.h, generated from a package, has its sizes and numbers. Matrices lie there with the index that sums as
   the first one, so that inner loops run over values that do not depend on each other. Nothing allocates, and nothing
   is kept between steps but what is in the instance. */
#include "zone_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "zone_model.h"

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_MACHINE __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_MACHINE
#endif
#define PART static inline __attribute__((always_inline))

PART void layer(const double *weights, const double *biases, const double *x, int wide, double *y, int narrow) {
  memcpy(y, biases, narrow * sizeof *y);
  for (int j = 0; j < wide; j++)
    for (int i = 0; i < narrow; i++) y[i] += weights[j * narrow + i] * x[j];
}

PART void silu(double *x, int size) {
  for (int i = 0; i < size; i++) x[i] /= 1.0 + exp(-x[i]);
}

/* kLa (1/h), power (W) and hold-up. */
PART void algebraic(double speed, double air_flow, double volume, double *said) {
  double a = log(speed), b = log(air_flow), c = log(volume);
  double terms[10] = {1.0, a, b, c, a * a, b * b, c * c, a * b, a * c, b * c};
  for (int k = 0; k < 3; k++) {
    double sum = 0.0;
    for (int j = 0; j < 10; j++) sum += KLA_FIT[k][j] * terms[j];
    said[k] = exp(sum);
  }
}

PART void read_oxygen(const double *z, double *shown) {
  for (int k = 0; k < READINGS; k++) {
    shown[k] = 0.0;
    for (int j = 0; j < K; j++) shown[k] += READING[k][j] * z[j];
  }
}

/* What the cells form of each species, per second. */
PART void turnover(const Fields z, const double rates[RATES][N], Fields formed) {
  double biomass[N] = {0.0};
  for (int k = 0; k < K; k++)
    for (int i = 0; i < N; i++) biomass[i] += LIFT[X][k][i] * z[X][k];
  for (int i = 0; i < N; i++) biomass[i] *= 1.0 + rates[X][i] * (H / 7200.0);
  memset(formed, 0, sizeof(Fields));
  for (int s = 0; s < SPECIES; s++)
    for (int i = 0; i < N; i++) {
      double rate = rates[s][i] * biomass[i];
      for (int k = 0; k < K; k++) formed[s][k] += FORM[s][i][k] * rate;
    }
}

/* kLa times the DO in equilibrium with the gas: at the surface, and what depth adds. */
PART void saturation(double y_O2, double volume, double kLa, double *at_surface, double *with_depth) {
  double share = GAS_DEPLETION / (ATMOSPHERE * AIR_OXYGEN) * y_O2, scale = kLa * DOT_MAX;
  *at_surface = scale * (1.0 - GAS_DEPLETION + share * PRESSURE);
  *with_depth = scale * share * DENSITY_GRAVITY * volume / (1000.0 * CROSS_SECTION);
}

PART double molar_flow(double air_flow) { return air_flow * MOLAR_FLOW; }

PART double y_O2_half_way(const double *lumps, const double *held, double kLa, double mean_transfer) {
  double volume = lumps[V], y = lumps[Y_O2], at_surface, with_depth;
  saturation(y, volume, kLa, &at_surface, &with_depth);
  double pull = at_surface * MEAN_AT_SURFACE + with_depth * MEAN_WITH_DEPTH - kLa * mean_transfer;
  double transfer = pull * volume / (HENRY * OXYGEN), inflow = molar_flow(held[AIR_FLOW]);
  double outflow = inflow - transfer + held[CER] * volume / 3.6e6;
  return y + (inflow * Y_O2_IN - outflow * y - transfer) * (H / 2.0 / GAS_AMOUNT);
}

/* What the cells form plus what the network adds, per second. */
PART void closure(const Fields z, const Fields formed, const double *lumps, const double *held, Fields source) {
  memcpy(source, formed, sizeof(Fields));
#if LAYERS
  double x[WIDEST], y[WIDEST];
  memcpy(x, z, sizeof(Fields));
  memcpy(x + SPECIES * K, formed, sizeof(Fields));
  x[2 * SPECIES * K] = lumps[V];
  x[2 * SPECIES * K + 1] = lumps[Y_O2];
  memcpy(x + 2 * SPECIES * K + 2, held, SCALARS * sizeof *x);
#define HIDDEN(weights, biases, wide, narrow) \
  layer(weights, biases, x, wide, y, narrow); \
  silu(y, narrow);                            \
  memcpy(x, y, narrow * sizeof *x);
  HIDDEN_LAYERS
  layer(LAST_WEIGHTS, LAST_BIASES, x, LAST_WIDE, y, SPECIES * K);
  for (int s = 0; s < SPECIES; s++)
    for (int k = 0; k < K; k++) source[s][k] += y[s * K + k];
#endif
}

/* B x, for a matrix that lies by columns. */
PART void times(const double B[K][K], const double *x, double *y) {
  memset(y, 0, K * sizeof *y);
  for (int j = 0; j < K; j++)
    for (int i = 0; i < K; i++) y[i] += B[j][i] * x[j];
}

PART void product(const double B[K][K], const double C[K][K], double D[K][K]) {
  for (int j = 0; j < K; j++) times(B, C[j], D[j]);
}

/* Solve L x = r by elimination with partial pivoting; x takes the place of r. */
PART void solve(double L[K][K], double *r) {
  for (int k = 0; k < K; k++) {
    int pivot = k;
    for (int i = k + 1; i < K; i++)
      if (fabs(L[k][i]) > fabs(L[k][pivot])) pivot = i;
    if (pivot != k) {
      for (int j = k; j < K; j++) {
        double one = L[j][k];
        L[j][k] = L[j][pivot];
        L[j][pivot] = one;
      }
      double one = r[k];
      r[k] = r[pivot];
      r[pivot] = one;
    }
    double scale = 1.0 / L[k][k];
    for (int i = k + 1; i < K; i++) L[k][i] *= scale;
    for (int j = k + 1; j < K; j++)
      for (int i = k + 1; i < K; i++) L[j][i] -= L[k][i] * L[j][k];
    for (int i = k + 1; i < K; i++) r[i] -= L[k][i] * r[k];
  }
  for (int k = K - 1; k >= 0; k--) {
    r[k] /= L[k][k];
    for (int i = 0; i < k; i++) r[i] -= L[k][i] * r[k];
  }
}

/* y(h) of dy/dt = B / h y + source, by the [2/3] Pade approximation of the exponential. */
PART void pade(const double B[K][K], const double *y, const double *source, double *stepped) {
  double increment[K], twice[K], thrice[K], right[K], inner[K][K], middle[K][K], left[K][K];
  times(B, y, increment);
  for (int i = 0; i < K; i++) increment[i] += H * source[i];
  times(B, increment, twice);
  times(B, twice, thrice);
  for (int i = 0; i < K; i++) right[i] = increment[i] - twice[i] / 10.0 + thrice[i] / 60.0;
  for (int j = 0; j < K; j++)
    for (int i = 0; i < K; i++) inner[j][i] = 0.15 * (i == j) - B[j][i] / 60.0;
  product(B, inner, middle);
  for (int j = 0; j < K; j++) middle[j][j] -= 0.6;
  product(B, middle, left);
  for (int j = 0; j < K; j++) left[j][j] += 1.0;
  solve(left, right);
  for (int i = 0; i < K; i++) stepped[i] = y[i] + right[i];
}

/* Changes of y_O2, y_CO2 and of the five integrals of the gas. */
PART void gas(const double *lumps, const double *held, double transferred, double *O2, double *CO2, double *integrals) {
  double inflow = molar_flow(held[AIR_FLOW]);
  double transfer = transferred / (H * OXYGEN), release = held[CER] * lumps[V] / 3.6e6;
  double outflow = inflow - transfer + release, gone = -expm1(-outflow * (H / GAS_AMOUNT));
  *O2 = ((inflow * Y_O2_IN - transfer) / outflow - lumps[Y_O2]) * gone;
  *CO2 = ((inflow * Y_CO2_IN + release) / outflow - lumps[Y_CO2]) * gone;
  double O2_in = inflow * (Y_O2_IN * H), CO2_in = inflow * (Y_CO2_IN * H);
  integrals[0] = O2_in * OXYGEN;
  integrals[1] = (O2_in - transfer * H - GAS_AMOUNT * *O2) * OXYGEN;
  integrals[2] = release * H;
  integrals[3] = CO2_in;
  integrals[4] = CO2_in + release * H - GAS_AMOUNT * *CO2;
}

/* Lumps after the step; `first` and `last` are what is read of DO before and after it. */
PART void advance_lumps(const double *before, const double *held, const Fields formed, const double *first,
                        const double *last, double *after) {
  double V0 = before[V], fed = held[FEED] / 3600.0 * H, V1 = V0 + fed, volume = V0 + fed / 2.0, grown[SPECIES];
  for (int s = 0; s < SPECIES; s++) {
    double mean = 0.0;
    for (int k = 0; k < K; k++) mean += formed[s][k] * READING[MEAN][k];
    grown[s] = mean * (volume * H);
  }
  double O2_fed = fed * (first[ENTRY] + last[ENTRY]) / 2.0 / HENRY;
  double transferred = (V1 * last[MEAN] - V0 * first[MEAN] - grown[DOT]) / HENRY - O2_fed;
  double gone = -expm1(-H / TAU_PROBE), O2, CO2, integrals[5];
  double probe = gone * (first[PROBE] - before[DOT_PROBE]) + (last[PROBE] - first[PROBE]) * (1.0 - TAU_PROBE / H * gone);
  gas(before, held, transferred, &O2, &CO2, integrals);
  double changes[LUMPS] = {fed, probe, O2, CO2, fed, fed * S_FEED, -grown[S], grown[A], grown[X], O2_fed, transferred,
                           -grown[DOT] / HENRY, integrals[0], integrals[1], integrals[2], integrals[3], integrals[4]};
  for (int k = 0; k < LUMPS; k++) after[k] = before[k] + changes[k];
}

PART void advance(const Fields z, const double *lumps, const double *held, const double rates[RATES][N], Fields stepped,
                  double *after) {
  double F = held[FEED] / 3600.0, volume = lumps[V] + F * H / 2.0, said[3], shown[READINGS], last[READINGS];
  double at_surface, with_depth;
  Fields formed, source;
  algebraic(held[STIRRER_SPEED], held[AIR_FLOW], volume, said);
  double kLa = said[0] / 3600.0;
  turnover(z, rates, formed);
  read_oxygen(z[DOT], shown);
  saturation(y_O2_half_way(lumps, held, kLa, shown[TRANSFER]), volume, kLa, &at_surface, &with_depth);
  closure(z, formed, lumps, held, source);
  for (int k = 0; k < K; k++) {
    source[S][k] += F * S_FEED / volume * N * INLET[k];
    source[DOT][k] += at_surface * AT_SURFACE[k] + with_depth * WITH_DEPTH[k];
  }
  double stir = 1000.0 * held[STIRRER_SPEED] * N / volume, flow = F * N / volume;
  double share = lumps[V] / volume, rest = volume / (volume + F * H / 2.0);
  for (int s = 0; s < SPECIES; s++) {
    double B[K][K], y[K];
    for (int j = 0; j < K; j++)
      for (int i = 0; i < K; i++) {
        B[j][i] = stir * STIR[s][j][i] + flow * FLOW[s][j][i];
        if (s == DOT) B[j][i] += kLa * MINUS_TRANSFER[j][i];
      }
    for (int k = 0; k < K; k++) y[k] = z[s][k] * share;
    pade(B, y, source[s], stepped[s]);
    for (int k = 0; k < K; k++) stepped[s][k] *= rest;
  }
  read_oxygen(stepped[DOT], last);
  advance_lumps(lumps, held, formed, shown, last, after);
}

/* A field with deviations from positive group means shrunk until nothing is negative. */
PART void positive(double *field) {
  double lowest = field[0], means[GROUPS] = {0.0}, least[GROUPS], shares[GROUPS];
  for (int i = 1; i < N; i++) lowest = field[i] < lowest ? field[i] : lowest;
  if (lowest >= 0.0) return;
  for (int g = 0; g < GROUPS; g++) least[g] = INFINITY;
  for (int i = 0; i < N; i++) {
    int g = GROUP[i];
    means[g] += field[i];
    least[g] = field[i] < least[g] ? field[i] : least[g];
  }
  for (int g = 0; g < GROUPS; g++) {
    means[g] /= GROUP_SIZE[g];
    double deepest = fmax(means[g] - least[g], 1e-300);
    shares[g] = least[g] < 0.0 && means[g] > 0.0 ? fmin(means[g] / deepest, 1.0) : 1.0;
  }
  for (int i = 0; i < N; i++) field[i] = means[GROUP[i]] + shares[GROUP[i]] * (field[i] - means[GROUP[i]]);
}

/* Fields by zone, lumps, means, algebraic outputs and gas fractions. */
PART void predict(const Fields z, const double *lumps, const double *held, double *out) {
  memset(out, 0, SPECIES * N * sizeof *out);
  for (int s = 0; s < SPECIES; s++) {
    for (int k = 0; k < K; k++)
      for (int i = 0; i < N; i++) out[s * N + i] += LIFT[s][k][i] * z[s][k];
    if (s != DOT) positive(out + s * N);
  }
  double *rest = out + SPECIES * N;
  memcpy(rest, lumps, LUMPS * sizeof *rest);
  for (int s = 0; s < SPECIES; s++) {
    double mean = 0.0;
    for (int k = 0; k < K; k++) mean += z[s][k] * READING[MEAN][k];
    rest[LUMPS + s] = mean;
  }
  algebraic(held[STIRRER_SPEED], held[AIR_FLOW], lumps[V], rest + LUMPS + SPECIES);
  rest[LUMPS + SPECIES + 3] = lumps[Y_O2];
  rest[LUMPS + SPECIES + 4] = lumps[Y_CO2];
}

/* What the validity domain bounds: scalars, V, y_O2, and means of groups. */
PART void guarded(const Fields z, const double *lumps, const double *held, double *seen) {
  memcpy(seen, held, SCALARS * sizeof *seen);
  seen[SCALARS] = lumps[V];
  seen[SCALARS + 1] = lumps[Y_O2];
  for (int s = 0; s < SPECIES; s++) memcpy(seen + SCALARS + 2 + s * GROUPS, z[s], GROUPS * sizeof *seen);
}

PART int64_t is_outside(const Fields z, const double *lumps, const double *held) {
  double seen[BOUNDED];
  guarded(z, lumps, held, seen);
  int64_t inside = 1;
  for (int k = 0; k < BOUNDED; k++) inside &= seen[k] >= LOWEST[k] && seen[k] <= HIGHEST[k];
  return !inside;
}

/* The instance is where this leads; where a value is not finite nothing has changed. */
PART int32_t arrive(Instance *it, const Fields z, const double *lumps, const double *held) {
  double out[OUTPUTS], special = 0.0;
  predict(z, lumps, held, out);
  for (int k = 0; k < OUTPUTS; k++) special += out[k] - out[k];
  if (special != 0.0) return NOT_FINITE;
  memcpy(*it->z, z, sizeof(Fields));
  memcpy(it->lumps, lumps, LUMPS * sizeof *lumps);
  memcpy(it->held, held, SCALARS * sizeof *held);
  for (int k = 0; k < OUTPUTS; k++) it->values[it->outputs[k]] = out[k];
  it->outside = is_outside(z, lumps, held);
  it->steps++;
  return OK;
}

/* Restrict the values of the states: group means and amplitudes of the fields, lumps as they are. */
EXPORT FOR_EACH_MACHINE int32_t surrogate_restart(Instance *it) {
  double held[SCALARS], lumps[LUMPS];
  Fields z = {{0.0}};
  for (int k = 0; k < SCALARS; k++) held[k] = it->values[it->inputs[k]];
  for (int s = 0; s < SPECIES; s++)
    for (int i = 0; i < N; i++)
      for (int k = 0; k < K; k++) z[s][k] += RESTRICT[s][i][k] * it->values[it->outputs[s * N + i]];
  for (int k = 0; k < LUMPS; k++) lumps[k] = it->values[it->outputs[SPECIES * N + k]];
  return arrive(it, z, lumps, held);
}

/* One macro step with held inputs; where it is refused nothing has changed. */
EXPORT FOR_EACH_MACHINE int32_t surrogate_step(Instance *it, double t, double h) {
  double held[SCALARS], rates[RATES][N], lumps[LUMPS];
  Fields z;
  (void)t;
  if (!(fabs(h - H) <= 1e-9 * H)) return OTHER_STEP;
  for (int k = 0; k < SCALARS; k++) held[k] = it->values[it->inputs[k]];
  for (int k = 0; k < RATES * N; k++) rates[k / N][k % N] = it->values[it->inputs[SCALARS + k]];
  advance(*it->z, it->lumps, held, rates, z, lumps);
  return arrive(it, z, lumps, held);
}

/* The quantity that is farthest outside the validity domain, as surrogates/guard.py has it; -1 inside. */
EXPORT int32_t surrogate_outside(const Instance *it, double *value, double *bound) {
  double seen[BOUNDED], farthest = 0.0;
  int32_t worst = -1;
  if (!it->outside) return -1;
  guarded(*it->z, it->lumps, it->held, seen);
  for (int k = 0; k < BOUNDED; k++) {
    double width = fmax(HIGHEST[k] - LOWEST[k], 1e-300);
    double excess = fmax(LOWEST[k] - seen[k], seen[k] - HIGHEST[k]) / width;
    if (worst >= 0 && !(excess > farthest)) continue;
    worst = k, farthest = excess;
  }
  *value = seen[worst];
  *bound = *value > HIGHEST[worst] ? HIGHEST[worst] : LOWEST[worst];
  return worst;
}

/* Keep the present state, in the memory of one that was kept before where there is one. */
EXPORT int32_t surrogate_keep(Instance *it, State **state) {
  if (!*state) *state = malloc(sizeof(State) + it->size * sizeof(double));
  if (!*state) return NO_MEMORY;
  memcpy((*state)->z, *it->z, sizeof(Fields));
  memcpy((*state)->lumps, it->lumps, LUMPS * sizeof(double));
  memcpy((*state)->held, it->held, SCALARS * sizeof(double));
  (*state)->outside = it->outside;
  memcpy((*state)->values, it->values, it->size * sizeof(double));
  return OK;
}

EXPORT int32_t surrogate_go_back(Instance *it, const State *state) {
  memcpy(*it->z, state->z, sizeof(Fields));
  memcpy(it->lumps, state->lumps, LUMPS * sizeof(double));
  memcpy(it->held, state->held, SCALARS * sizeof(double));
  it->outside = state->outside;
  memcpy(it->values, state->values, it->size * sizeof(double));
  it->steps++; /* there is another last step to be judged */
  return OK;
}

EXPORT int32_t surrogate_free(Instance *it, State **state) {
  (void)it;
  free(*state);
  *state = NULL;
  return OK;
}

/* Values by their places among all of the instance. */
EXPORT int32_t surrogate_set(Instance *it, const int64_t *places, size_t count, const double *values, size_t size) {
  (void)size;
  for (size_t k = 0; k < count; k++) it->values[places[k]] = values[k];
  return OK;
}

EXPORT int32_t surrogate_get(Instance *it, const int64_t *places, size_t count, double *values, size_t size) {
  (void)size;
  for (size_t k = 0; k < count; k++) values[k] = it->values[places[k]];
  return OK;
}
