/* The kit's core: one instance, its values, a small solver for Co-Simulation, and what all FMI versions share.
 *
 * One translation unit per FMU: fmiN.c includes this file, which includes the generated `variables.h` and the model.
 * A model defines `initialize` (when Initialization Mode is left), `evaluate` (derivatives, outputs, event indicators)
 * and `event` (discrete update; true where continuous states have changed), and announces `v->next_event`.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { F64, F32, I8, U8, I16, U16, I32, U32, I64, U64, ENUMERATION, BOOLEAN, STRING, BINARY, CLOCK } Type;
typedef struct { char text[256]; } Text;
typedef struct { size_t size; uint8_t bytes[256]; } Bytes;
typedef struct { Type type; size_t offset; int dimensions[2]; double nominal; bool settable; } Entry;

#include "variables.h" /* Values, START, TABLE, STATES, RATES, INDICATORS, SLOPES, capabilities */

static const size_t SIZE[] = {8, 4, 1, 1, 2, 2, 4, 4, 8, 8, 8, sizeof(bool), sizeof(Text), sizeof(Bytes), sizeof(bool)};

typedef enum {
  INSTANTIATED = 1, CONFIGURATION = 2, INITIALIZATION = 4, EVENT = 8, CONTINUOUS = 16, STEP = 32, TERMINATED = 64
} Mode;
#define RUNNING (EVENT | CONTINUOUS | STEP)
#define ANY (INSTANTIATED | CONFIGURATION | INITIALIZATION | RUNNING | TERMINATED)

enum { OK, WARNING, DISCARD, ERROR };
typedef enum { MODEL_EXCHANGE, CO_SIMULATION, SCHEDULED_EXECUTION } Kind;

/* What a saved state holds: everything that changes. */
typedef struct {
  Values v;
  Mode mode;
  /* first and second input derivatives, and where they start */
  double slopes[N_VARIABLES], curvatures[N_VARIABLES], slopes_from, bases[N_VARIABLES];
  double start, stop, fixed_step;
  int event_calls;
  bool discarded;
} State;

typedef struct M {
  State s;
  Kind kind;
  bool events_reported, early_return, logging;
  char name[128], resources[1024];
  void *environment, *logger, *update;
} M;

static void say(M *m, int status, const char *text); /* by fmiN.c */
static void initialize(M *m);
static void evaluate(Values *v);
static bool event(Values *v);

static void *at(Values *v, unsigned vr) { return (char *)v + TABLE[vr].offset; }
static double *real(Values *v, unsigned vr) { return at(v, vr); }

static size_t extent(Values *v, int dimension) {
  return dimension < 0 ? 1 : (size_t) * (uint64_t *)at(v, (unsigned)dimension);
}
static size_t count(Values *v, unsigned vr) {
  return extent(v, TABLE[vr].dimensions[0]) * extent(v, TABLE[vr].dimensions[1]);
}
static size_t total(Values *v, const unsigned *vrs, size_t n) {
  size_t sum = 0;
  for (size_t i = 0; i < n; i++) sum += count(v, vrs[i]);
  return sum;
}

static bool allowed(M *m, int modes, const char *function) {
  char text[256];
  if (m->s.mode & modes) return true;
  snprintf(text, sizeof text, "illegal call of %s in mode %d (allowed: %d)", function, m->s.mode, modes);
  say(m, ERROR, text);
  return false;
}

static M *create(const char *name, const char *token, const char *resources, Kind kind) {
  static int instances = 0;
  M *m;
  if (strcmp(token, TOKEN) != 0 || (ONCE_PER_PROCESS && instances > 0)) return NULL;
  m = calloc(1, sizeof(M));
  if (m == NULL) return NULL;
  instances++;
  snprintf(m->name, sizeof m->name, "%s", name);
  snprintf(m->resources, sizeof m->resources, "%s", resources ? resources : "");
  m->kind = kind;
  m->s.v = START;
  m->s.mode = INSTANTIATED;
  m->s.v.next_event = INFINITY;
  return m;
}

static int reset(M *m) {
  memset(&m->s, 0, sizeof m->s);
  m->s.v = START;
  m->s.mode = INSTANTIATED;
  m->s.v.next_event = INFINITY;
  return OK;
}

/* ---- values */

static bool known(M *m, unsigned vr, Type type, const char *function) {
  char text[128];
  if (vr < N_VARIABLES && TABLE[vr].type == type) return true;
  if (vr < N_VARIABLES && TABLE[vr].type == ENUMERATION && type == I64) return true; /* as FMI 3.0 has it */
  snprintf(text, sizeof text, "%s: no variable of this type has value reference %u", function, vr);
  say(m, ERROR, text);
  return false;
}

/* In Step Mode outputs are those of the last step (FMI 2.0.4 section 4.2.4, FMI 3.0.2 section 4.2). */
static void refresh(M *m) {
  if (m->s.mode & (INITIALIZATION | EVENT | CONTINUOUS)) evaluate(&m->s.v);
}

static bool settable(M *m, unsigned vr) {
  char text[128];
  if (TABLE[vr].settable || m->s.mode & (INSTANTIATED | CONFIGURATION | INITIALIZATION)) return true;
  snprintf(text, sizeof text, "value reference %u cannot be set in mode %d", vr, m->s.mode);
  say(m, ERROR, text);
  return false;
}

static int get(M *m, Type type, const unsigned *vr, size_t n, void *values, size_t size) {
  char *to = values, *end = to + size * SIZE[type];
  refresh(m);
  for (size_t i = 0; i < n; i++) {
    if (!known(m, vr[i], type, "Get")) return ERROR;
    size_t bytes = count(&m->s.v, vr[i]) * SIZE[type];
    if (to + bytes > end) return say(m, ERROR, "Get: too few values"), ERROR;
    memcpy(to, at(&m->s.v, vr[i]), bytes);
    to += bytes;
  }
  return to == end ? OK : (say(m, ERROR, "Get: too many values"), ERROR);
}

static int set(M *m, Type type, const unsigned *vr, size_t n, const void *values, size_t size) {
  const char *from = values, *end = from + size * SIZE[type];
  for (size_t i = 0; i < n; i++) {
    if (!known(m, vr[i], type, "Set") || !settable(m, vr[i])) return ERROR;
    size_t bytes = count(&m->s.v, vr[i]) * SIZE[type];
    if (from + bytes > end) return say(m, ERROR, "Set: too few values"), ERROR;
    memcpy(at(&m->s.v, vr[i]), from, bytes);
    m->s.slopes[vr[i]] = m->s.curvatures[vr[i]] = 0.0;
    from += bytes;
  }
  return from == end ? OK : (say(m, ERROR, "Set: too many values"), ERROR);
}

static int get_text(M *m, const unsigned *vr, size_t n, const char **values) {
  refresh(m);
  for (size_t i = 0; i < n; i++) {
    if (!known(m, vr[i], STRING, "GetString")) return ERROR;
    values[i] = ((Text *)at(&m->s.v, vr[i]))->text;
  }
  return OK;
}

static int set_text(M *m, const unsigned *vr, size_t n, const char *const *values) {
  for (size_t i = 0; i < n; i++) {
    if (!known(m, vr[i], STRING, "SetString") || !settable(m, vr[i]) || strlen(values[i]) > 255) return ERROR;
    strcpy(((Text *)at(&m->s.v, vr[i]))->text, values[i]);
  }
  return OK;
}

/* FMI 1.0 and 2.0: Integer is 32 bits wide, and enumerations are Integers. */
static int get_integer(M *m, const unsigned *vr, size_t n, int *values) {
  refresh(m);
  for (size_t i = 0; i < n; i++) {
    bool enumeration = vr[i] < N_VARIABLES && TABLE[vr[i]].type == ENUMERATION;
    if (!known(m, vr[i], enumeration ? ENUMERATION : I32, "GetInteger")) return ERROR;
    values[i] = enumeration ? (int)*(int64_t *)at(&m->s.v, vr[i]) : *(int32_t *)at(&m->s.v, vr[i]);
  }
  return OK;
}

static int set_integer(M *m, const unsigned *vr, size_t n, const int *values) {
  for (size_t i = 0; i < n; i++) {
    bool enumeration = vr[i] < N_VARIABLES && TABLE[vr[i]].type == ENUMERATION;
    if (!known(m, vr[i], enumeration ? ENUMERATION : I32, "SetInteger") || !settable(m, vr[i])) return ERROR;
    if (enumeration) *(int64_t *)at(&m->s.v, vr[i]) = values[i];
    else *(int32_t *)at(&m->s.v, vr[i]) = values[i];
  }
  return OK;
}

/* ---- continuous states, derivatives and event indicators, arrays behind each other */

static size_t gather(Values *v, const unsigned *vrs, size_t n, double *to) {
  double *first = to;
  for (size_t i = 0; i < n; to += count(v, vrs[i++])) memcpy(to, at(v, vrs[i]), count(v, vrs[i]) * sizeof(double));
  return (size_t)(to - first);
}
static void scatter(Values *v, const unsigned *vrs, size_t n, const double *from) {
  for (size_t i = 0; i < n; from += count(v, vrs[i++])) memcpy(at(v, vrs[i]), from, count(v, vrs[i]) * sizeof(double));
}
static size_t states(Values *v, double *x) { return gather(v, STATES, N_STATES, x); }
static size_t rates(Values *v, double *dx) { evaluate(v); return gather(v, RATES, N_STATES, dx); }
static size_t indicators(Values *v, double *z) { evaluate(v); return gather(v, INDICATORS, N_INDICATORS, z); }

/* dy/du by central differences: exact up to rounding for every model of the kit, all being at most quadratic in each
 * variable alone. */
static int directional(M *m, const unsigned *unknown, size_t n, const unsigned *known_, size_t k, const double *seed,
                       double *out) {
  Values up = m->s.v, down = m->s.v;
  for (size_t i = 0, at_ = 0; i < k; at_ += count(&up, known_[i++])) {
    for (size_t j = 0; j < count(&up, known_[i]); j++) {
      real(&up, known_[i])[j] += 0.5 * seed[at_ + j];
      real(&down, known_[i])[j] -= 0.5 * seed[at_ + j];
    }
  }
  evaluate(&up);
  evaluate(&down);
  for (size_t i = 0, at_ = 0; i < n; at_ += count(&up, unknown[i++]))
    for (size_t j = 0; j < count(&up, unknown[i]); j++) out[at_ + j] = real(&up, unknown[i])[j] - real(&down, unknown[i])[j];
  return OK;
}

/* ---- Co-Simulation: the classical Runge-Kutta method with small steps, state events by bisection */

#define CAPACITY 64

static void move_inputs(State *s) {
  double after = s->v.time - s->slopes_from;
  for (unsigned vr = 0; vr < N_VARIABLES; vr++)
    if (s->slopes[vr] != 0.0 || s->curvatures[vr] != 0.0)
      *real(&s->v, vr) = s->bases[vr] + after * (s->slopes[vr] + 0.5 * after * s->curvatures[vr]);
}

static void runge_kutta(State *s, double h) {
  double x[CAPACITY], stage[CAPACITY], k[4][CAPACITY], t = s->v.time;
  const double part[] = {0.0, 0.5, 0.5, 1.0};
  size_t n = states(&s->v, x);
  for (int i = 0; i < 4; i++) {
    for (size_t j = 0; j < n; j++) stage[j] = x[j] + (i ? part[i] * h * k[i - 1][j] : 0.0);
    scatter(&s->v, STATES, N_STATES, stage);
    s->v.time = t + part[i] * h;
    move_inputs(s);
    rates(&s->v, k[i]);
  }
  for (size_t j = 0; j < n; j++) x[j] += h * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]) / 6;
  scatter(&s->v, STATES, N_STATES, x);
  evaluate(&s->v);
}

static bool crossed(State *s, const double *before) {
  double now[CAPACITY];
  size_t n = indicators(&s->v, now);
  for (size_t i = 0; i < n; i++)
    if ((before[i] > 0) != (now[i] > 0)) return true;
  return false;
}

/* Advance to `end`, or to the first state event before it, which is then just passed; true at an event. */
static bool advance_to_event(State *s, double end) {
  double before[CAPACITY], low = 0.0, high;
  while (s->v.time < end) {
    State kept = *s;
    double next = fmin(end, s->v.time + MAX_STEP);
    if (end - next < 1e-3 * MAX_STEP) next = end;
    high = next - s->v.time;
    indicators(&s->v, before);
    runge_kutta(s, high);
    s->v.time = next;
    if (!crossed(s, before)) continue;
    for (int i = 0; i < 60; i++) {
      double middle = 0.5 * (low + high);
      *s = kept;
      runge_kutta(s, middle);
      if (crossed(s, before)) high = middle;
      else low = middle;
    }
    *s = kept;
    runge_kutta(s, high);
    return true;
  }
  return false;
}

/* Advance to `end`; true where an event was reached that the importer handles itself. */
static bool advance(M *m, double end) {
  State *s = &m->s;
  while (true) {
    bool crossing = advance_to_event(s, fmin(end, s->v.next_event));
    if (crossing || s->v.time >= s->v.next_event) {
      if (m->events_reported && m->early_return) return true;
      event(&s->v);
    }
    if (s->v.time >= end) break;
  }
  evaluate(&s->v);
  return false;
}

/* OK, DISCARD or ERROR for a step from t by h; `reached` is how far it came. */
static int step(M *m, double t, double h, double *reached, bool *event_reached) {
  double end = t + h, tolerance = 1e-9 * (1 + fabs(t));
  *event_reached = false;
  *reached = m->s.v.time;
  if (fabs(t - m->s.v.time) > tolerance) return say(m, ERROR, "doStep does not continue at the time reached"), ERROR;
  if (!(h > 0)) return say(m, ERROR, "doStep needs a positive step size"), ERROR;
  if (end > m->s.stop + tolerance) return say(m, ERROR, "doStep goes beyond the stop time"), ERROR;
  if (FIXED_STEP) {
    if (m->s.fixed_step > 0 && fabs(h - m->s.fixed_step) > tolerance)
      return say(m, ERROR, "doStep with another step size than before"), ERROR;
    m->s.fixed_step = h;
  }
  bool discard = DISCARD_AT > t + tolerance && DISCARD_AT < end - tolerance && !m->s.discarded;
  m->s.discarded |= discard;
  *event_reached = advance(m, discard ? DISCARD_AT : end);
  *reached = m->s.v.time;
  return discard ? DISCARD : OK;
}

static int input_derivatives(M *m, const unsigned *vr, size_t n, const int *order, const double *value) {
  if (!INTERPOLATES_INPUTS) return say(m, ERROR, "input derivatives are not supported"), ERROR;
  for (size_t i = 0; i < n; i++) {
    if (!known(m, vr[i], F64, "SetRealInputDerivatives") || order[i] < 1 || order[i] > 2) return ERROR;
    (order[i] == 1 ? m->s.slopes : m->s.curvatures)[vr[i]] = value[i];
    m->s.bases[vr[i]] = *real(&m->s.v, vr[i]);
  }
  m->s.slopes_from = m->s.v.time;
  return OK;
}

static int output_derivatives(M *m, const unsigned *vr, size_t n, const int *order, double *value) {
  for (size_t i = 0; i < n; i++) {
    if (!known(m, vr[i], F64, "GetOutputDerivatives") || order[i] != 1 || SLOPES[vr[i]] < 0) return ERROR;
    value[i] = *real(&m->s.v, (unsigned)SLOPES[vr[i]]);
  }
  return OK;
}

/* ---- events of Model Exchange and of Event Mode; true where a further iteration is needed */

static bool iterate_events(M *m, bool *states_changed) {
  *states_changed = event(&m->s.v);
  evaluate(&m->s.v);
  if (++m->s.event_calls < EVENT_ITERATIONS) return true;
  m->s.event_calls = 0;
  return false;
}

static int start(M *m, double t, double stop) {
  if (!allowed(m, INSTANTIATED, "the start of the initialization")) return ERROR;
  m->s.v.time = m->s.start = t;
  m->s.stop = stop;
  m->s.mode = INITIALIZATION;
  return OK;
}

#ifdef HAS_RESOURCE
static int load_resource(M *m);
#else
#define load_resource(m) ((void)(m), OK)
#endif
#include MODEL_SOURCE
