/* The C floor: a system of FMUs stepped by straight C over dlopen, values handed over in batches.
 *
 *     floor PLAN
 *
 * No master can be faster with one thread: it makes the FMU calls that are needed, and a copy of each value. FMI is the
 * version, 2 or 3. PLAN is text: algorithm (0 Jacobi, 1 Gauss-Seidel, 2 loop, 3 step doubling), step size, number of components; then of
 * each its library, token, number of inputs, per input its reference, source component and the place among its outputs;
 * number of outputs and their references. For each line `STEPS RECORD SWEEPS` of the standard input the system starts
 * anew, and a line of JSON says how long all steps took and what the outputs were in the end. A loop makes SWEEPS sweeps
 * over all components in all: before each but the first of a step it takes them back. Step doubling makes each step by
 * Gauss-Seidel as a whole, takes it back, and makes it in two halves; the state between these is kept too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef const char *Text;
typedef uint32_t Reference;

#if FMI == 2
#define PREFIX "fmi2"
typedef void *New(Text, int, Text, Text, const void *, int, int);
typedef int Step(void *, double, double, int);
typedef int Read(void *, const Reference *, size_t, double *);
typedef int Write(void *, const Reference *, size_t, const double *);
#define NEW(c, token) (c)->create("c", 1, token, "", NULL, 0, 0)
#define STEP(c, t, h) (c)->step((c)->handle, t, h, 1)
#define N(n) n
#define VALUES(n)
#define STATE "state"
#define REAL "Real"
#define INSTANTIATE "Instantiate"
typedef int Enter(void *);
#define ENTER(c) (c)->enter((c)->handle)
#else
#define PREFIX "fmi3"
typedef void *New(Text, Text, Text, bool, bool, bool, bool, const Reference *, size_t, void *, void *, void *);
typedef int Step(void *, double, double, bool, bool *, bool *, bool *, double *);
typedef int Read(void *, const Reference *, size_t, double *, size_t);
typedef int Write(void *, const Reference *, size_t, const double *, size_t);
#define NEW(c, token) (c)->create("c", token, NULL, false, false, false, false, NULL, 0, NULL, NULL, NULL)
#define STEP(c, t, h) (c)->step((c)->handle, t, h, true, &event, &ends, &early, &reached)
#define VALUES(n) , n
#define STATE "State"
#define REAL "Float64"
#define INSTANTIATE "InstantiateCoSimulation"
typedef int Enter(void *, bool, double, double, bool, double);
#define ENTER(c) (c)->enter((c)->handle, false, 0.0, 0.0, false, 0.0)
#endif
typedef int Plain(void *);
typedef void Free(void *);
typedef int State(void *, void *);

typedef struct {
  void *handle, *kept, *middle;
  Step *step;
  Read *read;
  Write *write;
  State *keep, *go_back;
  Reference *in, *out;
  size_t n_in, n_out;
  size_t *from; /* place of each input's source among all outputs */
  double *inputs, *outputs;
  New *create;
  Enter *enter;
  Plain *leave, *end;
  Free *release;
  char token[256];
} Component;

static int algorithm;
static double h;
static size_t n, width;
static Component *all;
static double *values, *before; /* all outputs, component by component; those where a step began that is doubled */

static void *room(size_t count, size_t size) {
  void *made = calloc(count + 1, size);
  if (!made) exit(2);
  return made;
}

static void *function(void *library, const char *name, const char *more) {
  char full[64];
  snprintf(full, sizeof full, PREFIX "%s%s", name, more);
  void *found = dlsym(library, full);
  if (!found) fprintf(stderr, "floor: %s is missing\n", full), exit(2);
  return found;
}

static void bind(Component *c, const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) fprintf(stderr, "floor: %s\n", dlerror()), exit(2);
  c->create = (New *)function(library, INSTANTIATE, "");
  c->enter = (Enter *)function(library, "EnterInitializationMode", "");
  c->leave = (Plain *)function(library, "ExitInitializationMode", "");
  c->end = (Plain *)function(library, "Terminate", "");
  c->release = (Free *)function(library, "FreeInstance", "");
  c->step = (Step *)function(library, "DoStep", "");
  c->read = (Read *)function(library, "Get", REAL);
  c->write = (Write *)function(library, "Set", REAL);
  c->keep = (State *)function(library, "GetFMU", STATE);
  c->go_back = (State *)function(library, "SetFMU", STATE);
}

static void expect(int found, int wanted) {
  if (found != wanted) fprintf(stderr, "floor: the plan is not as it should be\n"), exit(2);
}

static void read_plan(const char *path) {
  FILE *plan = fopen(path, "r");
  if (!plan) perror(path), exit(2);
  expect(fscanf(plan, "%d %lf %zu", &algorithm, &h, &n), 3);
  all = room(n, sizeof *all);
  size_t **place = room(n, sizeof *place);
  for (size_t k = 0; k < n; k++) {
    Component *c = &all[k];
    char library[4096];
    expect(fscanf(plan, "%4095s %255s %zu", library, c->token, &c->n_in), 3);
    bind(c, library);
    c->in = room(c->n_in, sizeof *c->in);
    c->from = room(c->n_in, sizeof *c->from);
    place[k] = room(c->n_in, sizeof **place);
    for (size_t i = 0; i < c->n_in; i++) expect(fscanf(plan, "%u %zu %zu", &c->in[i], &c->from[i], &place[k][i]), 3);
    expect(fscanf(plan, "%zu", &c->n_out), 1);
    c->out = room(c->n_out, sizeof *c->out);
    for (size_t i = 0; i < c->n_out; i++) expect(fscanf(plan, "%u", &c->out[i]), 1);
    c->inputs = room(c->n_in, sizeof *c->inputs);
    width += c->n_out;
  }
  fclose(plan);
  values = room(width, sizeof *values);
  before = room(width, sizeof *before);
  double *next = values;
  for (size_t k = 0; k < n; k++) all[k].outputs = next, next += all[k].n_out;
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < all[k].n_in; i++) all[k].from[i] = (size_t)(all[all[k].from[i]].outputs - values) + place[k][i];
}

static inline void get(Component *c) { c->read(c->handle, c->out, c->n_out, c->outputs VALUES(c->n_out)); }

static inline void set(Component *c) {
  if (!c->n_in) return;
  for (size_t i = 0; i < c->n_in; i++) c->inputs[i] = values[c->from[i]];
  c->write(c->handle, c->in, c->n_in, c->inputs VALUES(c->n_in));
}

static inline void advance(Component *c, double t) {
#if FMI == 3
  bool event, ends, early;
  double reached;
#endif
  if (STEP(c, t, h)) fprintf(stderr, "floor: a step failed\n"), exit(2);
}

static void start(void) {
  for (size_t k = 0; k < n; k++) {
    Component *c = &all[k];
    c->handle = NEW(c, c->token);
    if (!c->handle) fprintf(stderr, "floor: no instance\n"), exit(2);
    ENTER(c);
    get(c);
  }
  for (size_t k = 0; k < n; k++) set(&all[k]);
  for (size_t k = 0; k < n; k++) all[k].leave(all[k].handle);
}

static void finish(void) {
  for (size_t k = 0; k < n; k++) {
    all[k].end(all[k].handle);
    all[k].release(all[k].handle);
    free(all[k].kept);
    free(all[k].middle);
    all[k].kept = all[k].middle = NULL;
  }
}

static void jacobi(double t) {
  for (size_t k = 0; k < n; k++) set(&all[k]);
  for (size_t k = 0; k < n; k++) advance(&all[k], t), get(&all[k]);
}

static void gauss_seidel(double t) {
  for (size_t k = 0; k < n; k++) set(&all[k]), advance(&all[k], t), get(&all[k]);
}

static void loop(double t, long sweeps) {
  for (size_t k = 0; k < n; k++) all[k].keep(all[k].handle, &all[k].kept);
  for (long s = 0; s < sweeps; s++) {
    if (s)
      for (size_t k = 0; k < n; k++) all[k].go_back(all[k].handle, all[k].kept);
    gauss_seidel(t);
  }
}

static void doubling(double t) {
  const double whole = h;
  memcpy(before, values, width * sizeof *values);
  for (size_t k = 0; k < n; k++) all[k].keep(all[k].handle, &all[k].kept);
  gauss_seidel(t);
  for (size_t k = 0; k < n; k++) all[k].go_back(all[k].handle, all[k].kept);
  memcpy(values, before, width * sizeof *values);
  h = whole / 2.0;
  gauss_seidel(t);
  for (size_t k = 0; k < n; k++) all[k].keep(all[k].handle, &all[k].middle);
  gauss_seidel(t + h);
  h = whole;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A table of `steps` rows, touched before the clock runs; NULL where nothing is recorded. */
static double *table(long steps, int record) {
  if (!record) return NULL;
  double *rows = room((size_t)steps * (width + 1), sizeof *rows);
  memset(rows, 1, (size_t)steps * (width + 1) * sizeof *rows);
  return rows;
}

static double run(long steps, int record, long sweeps) {
  double *rows = table(steps, record), *row = rows;
  const double began = seconds();
  for (long k = 0; k < steps; k++) {
    const double t = (double)k * h;
    if (algorithm == 0) jacobi(t);
    else if (algorithm == 1) gauss_seidel(t);
    else if (algorithm == 2) loop(t, sweeps / steps + (k < sweeps % steps));
    else doubling(t);
    if (!rows) continue;
    *row++ = (double)(k + 1) * h;
    memcpy(row, values, width * sizeof *row);
    row += width;
  }
  const double took = seconds() - began;
  free(rows);
  return took;
}

int main(int argc, char **argv) {
  long steps, sweeps;
  int record;
  if (argc != 2) return 2;
  read_plan(argv[1]);
  while (scanf("%ld %d %ld", &steps, &record, &sweeps) == 3) {
    start();
    const double took = run(steps, record, sweeps);
    printf("{\"seconds\": %.9g, \"finals\": [", took);
    for (size_t i = 0; i < width; i++) printf("%s%.17g", i ? ", " : "", values[i]);
    printf("]}\n");
    fflush(stdout);
    finish();
  }
  return 0;
}
