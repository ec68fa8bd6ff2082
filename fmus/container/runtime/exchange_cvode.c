/* SUNDIALS CVODE: backward differentiation formulas with error control and root finding, from the libraries that lie in
 * the resources. As the engine has it (orchestrator/fmi/solver_cvode.py): the same calls in the same order.
 */
#define _GNU_SOURCE /* dlfcn.h */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

enum { BDF = 2, ONE_STEP = 2, ROOT_RETURN = 2, LIBRARIES = 5 };

typedef int (*right_side)(double, void *, void *, void *);
typedef int (*roots)(double, void *, double *, void *);
typedef int (*jacobian)(double, void *, void *, void *, void *, void *, void *, void *);
typedef void (*listener)(int, const char *, const char *, const char *, int, void *, void *);

typedef struct {
    int (*create_context)(int, void **), (*free_context)(void **), (*clear_handlers)(void *);
    int (*push_handler)(void *, listener, void *), (*free_linear)(void *);
    void (*destroy_matrix)(void *), (*destroy_vector)(void *);
    void *(*make_vector)(int64_t, double *, void *), *(*dense_matrix)(int64_t, int64_t, void *);
    void *(*dense_solver)(void *, void *, void *), *(*create)(int, void *);
    double *(*vector_data)(void *), *(*matrix_data)(void *);
    int (*init)(void *, right_side, double, void *), (*set_user_data)(void *, void *), (*restart)(void *, double, void *);
    int (*root_init)(void *, int, roots), (*no_inactive_root_warning)(void *), (*tolerances)(void *, double, void *);
    int (*set_linear_solver)(void *, void *, void *), (*set_jacobian)(void *, jacobian), (*max_hnil)(void *, int);
    int (*set_stop)(void *, double), (*step)(void *, double, void *, double *, int);
    void (*end)(void **);
} functions;

struct cvode {
    void *libraries[LIBRARIES];
    functions f;
    void *context, *y, *absolutes, *matrix, *linear, *memory;
    double *absolute, tolerance;
    char said[300];
};

static int loads(exchange *e, const char *function)
{
    struct cvode *c = e->cvode;
    for (int k = 0; k < LIBRARIES; k++) {
        char path[4200];
        const char *folder = e->owner->whole->folder;
        if (snprintf(path, sizeof path, "%s/%s", folder, whole.solver[k]) >= (int)sizeof path) return 0;
        if ((c->libraries[k] = dlopen(path, RTLD_NOW | RTLD_LOCAL))) continue;
        return instance_fail(e->owner->whole, function, "component '%s': its solver cannot be loaded (%s)",
                             e->owner->table->name, dlerror());
    }
    return 1;
}

/* From the last library on: what it needs itself may be another copy of those before, which is loaded in the process. */
static void *symbol(const struct cvode *c, const char *name)
{
    void *found = NULL;
    for (int k = LIBRARIES - 1; k >= 0 && !found; k--) found = dlsym(c->libraries[k], name);
    return found;
}

static int binds(struct cvode *c)
{
    static const char *const names[] = {
        "SUNContext_Create", "SUNContext_Free", "SUNContext_ClearErrHandlers", "SUNContext_PushErrHandler",
        "SUNLinSolFree", "SUNMatDestroy", "N_VDestroy", "N_VMake_Serial", "SUNDenseMatrix", "SUNLinSol_Dense",
        "CVodeCreate", "N_VGetArrayPointer_Serial", "SUNDenseMatrix_Data", "CVodeInit", "CVodeSetUserData", "CVodeReInit",
        "CVodeRootInit", "CVodeSetNoInactiveRootWarn", "CVodeSVtolerances", "CVodeSetLinearSolver", "CVodeSetJacFn",
        "CVodeSetMaxHnilWarns", "CVodeSetStopTime", "CVode", "CVodeFree"};
    enum { COUNT = sizeof names / sizeof *names };
    void *found[COUNT]; /* in the order of `functions`, whose members are pointers to functions and nothing else */
    _Static_assert(sizeof found == sizeof(functions), "a name for each function");
    for (int k = 0; k < COUNT; k++)
        if (!(found[k] = symbol(c, names[k]))) return 0;
    memcpy(&c->f, found, sizeof found);
    return 1;
}

static int derives(double t, void *y, void *dy, void *data)
{
    exchange *e = data;
    const functions *f = &e->cvode->f;
    if (e->table->states > 0) return exchange_derivatives(e, t, f->vector_data(y), f->vector_data(dy));
    *f->vector_data(dy) = 0.0;
    return 0;
}

static int indicates(double t, void *y, double *z, void *data)
{
    exchange *e = data;
    return exchange_indicators(e, t, e->cvode->f.vector_data(y), z);
}

static int linearizes(double t, void *y, void *fy, void *matrix, void *data, void *one, void *two, void *three)
{
    (void)fy, (void)one, (void)two, (void)three;
    exchange *e = data;
    double *numbers = e->cvode->f.matrix_data(matrix);
    return exchange_jacobian(e, t, e->cvode->f.vector_data(y), numbers);
}

static void hears(int line, const char *function, const char *file, const char *message, int code, void *data, void *context)
{
    (void)line, (void)function, (void)file, (void)code, (void)context;
    struct cvode *c = data;
    snprintf(c->said, sizeof c->said, "%s", message ? message : "");
}

static double tolerance_of(const exchange *e)
{
    const condition *now = &e->owner->whole->now;
    if (e->table->tolerance > 0.0) return e->table->tolerance;
    if (now->tolerance_defined && now->tolerance != 0.0) return now->tolerance;
    return e->table->default_tolerance > 0.0 ? e->table->default_tolerance : 1e-6;
}

static int creates(exchange *e)
{
    struct cvode *c = e->cvode;
    const functions *f = &c->f;
    int64_t n = e->table->states > 0 ? e->table->states : 1;
    int exact = e->table->states > 0 && e->table->colours.first < e->table->colours.end;
    c->tolerance = tolerance_of(e);
    c->absolute = calloc((size_t)n, sizeof *c->absolute);
    if (!c->absolute) return 0;
    for (int64_t k = 0; k < n; k++) c->absolute[k] = c->tolerance;
    if (f->create_context(0, &c->context) || f->clear_handlers(c->context) || f->push_handler(c->context, hears, c)) return 0;
    c->y = f->make_vector(n, e->at.x, c->context);
    c->absolutes = f->make_vector(n, c->absolute, c->context);
    c->matrix = f->dense_matrix(n, n, c->context);
    c->linear = c->y && c->matrix ? f->dense_solver(c->y, c->matrix, c->context) : NULL;
    c->memory = f->create(BDF, c->context);
    if (!c->y || !c->absolutes || !c->linear || !c->memory) return 0;
    if (f->init(c->memory, derives, 0.0, c->y) || f->set_user_data(c->memory, e)) return 0;
    if (f->tolerances(c->memory, c->tolerance, c->absolutes)) return 0;
    if (f->set_linear_solver(c->memory, c->linear, c->matrix)) return 0;
    if (exact && f->set_jacobian(c->memory, linearizes)) return 0;
    if (f->max_hnil(c->memory, -1)) return 0;
    if (!e->indicators) return 1;
    return !f->root_init(c->memory, e->indicators, indicates) && !f->no_inactive_root_warning(c->memory);
}

int cvode_makes(exchange *e, const char *function)
{
    e->cvode = calloc(1, sizeof *e->cvode);
    if (e->cvode && loads(e, function) && binds(e->cvode) && creates(e)) return 1;
    if (e->cvode && e->cvode->said[0])
        instance_fail(e->owner->whole, function, "component '%s': %s", e->owner->table->name, e->cvode->said);
    cvode_ends(e);
    return 0;
}

void cvode_ends(exchange *e)
{
    struct cvode *c = e->cvode;
    if (!c) return;
    if (c->memory) c->f.end(&c->memory);
    if (c->linear) c->f.free_linear(c->linear);
    if (c->matrix) c->f.destroy_matrix(c->matrix);
    if (c->absolutes) c->f.destroy_vector(c->absolutes);
    if (c->y) c->f.destroy_vector(c->y);
    if (c->context) c->f.free_context(&c->context);
    for (int k = LIBRARIES - 1; k >= 0; k--)
        if (c->libraries[k]) dlclose(c->libraries[k]);
    free(c->absolute);
    free(c);
    e->cvode = NULL;
}

int cvode_restarts(exchange *e)
{
    struct cvode *c = e->cvode;
    for (int k = 0; k < e->table->states; k++) c->absolute[k] = c->tolerance * e->at.nominals[k];
    return !c->f.tolerances(c->memory, c->tolerance, c->absolutes) && !c->f.restart(c->memory, *e->at.time, c->y);
}

int cvode_steps(exchange *e, double stop)
{
    struct cvode *c = e->cvode;
    double reached = 0.0;
    c->said[0] = '\0';
    c->f.set_stop(c->memory, stop);
    int flag = c->f.step(c->memory, stop, c->y, &reached, ONE_STEP);
    if (flag < 0) {
        char trouble[sizeof e->trouble];
        snprintf(trouble, sizeof trouble, "CVODE gave up with flag %d%s%.80s%s%.120s", flag, c->said[0] ? ": " : "", c->said,
                 e->trouble[0] ? "; " : "", e->trouble);
        memcpy(e->trouble, trouble, sizeof trouble);
        return 0;
    }
    *e->at.time = reached;
    e->crossed = flag == ROOT_RETURN;
    return 1;
}
