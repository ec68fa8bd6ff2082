/* A component for Model Exchange: continuous time from event to event, with a solver of its own.
 *
 * As the engine has it (orchestrator/fmi/exchange_*.py), call by call, with the same bits. Functions that may fail return
 * 1, or 0 after a message.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "part.h"

/* Evaluations answer 0, 1 where a smaller step may help, -1 where there is no way on. */
enum { GO_ON, TRY_SMALLER, STOP };

/* What a kept state has of it, in the image: doubles, of which some say yes or no. */
typedef struct {
    double *time, *next_event, *has_next_event, *in_event_mode, *terminated, *fresh; /* s; fresh: the solver goes on */
    double *x, *nominals;                                                            /* one place at least */
} exchange_memory;

enum { EXCHANGE_DOUBLES = 6 }; /* before the states */

typedef struct {
    double *before, *stage, *rates, *z, time; /* the step under way; s */
    int *positive, known;                     /* domains of the indicators where it began */
} explicit_solver;

/* What it calls, by the names of its version of FMI. */
typedef enum {
    SET_TIME,
    SET_STATES,
    GET_STATES,
    DERIVATIVES,
    NOMINALS,
    INDICATORS,
    ENTER_EVENT_MODE,
    ENTER_CONTINUOUS_TIME,
    UPDATE,
    COMPLETED,
    DIRECTIONAL,
    SET_REALS,
    GET_REALS,
    EXCHANGE_FUNCTIONS
} exchange_function;

typedef struct exchange exchange;

struct exchange {
    part *owner;
    const exchange_table *table;
    exchange_memory at;
    int indicators, made; /* made: the solver is there */
    void *functions[EXCHANGE_FUNCTIONS];
    int keeps_no_state, crossed, event; /* of the step of the solver under way */
    explicit_solver explicitly;
    struct cvode *cvode;
    double *matrix, *result; /* of the directional derivatives */
    const char *called;      /* the call that failed last, and its status */
    int status;
    char trouble[300]; /* why an evaluation failed, or nothing */
};

/* The hooks of `part_version`. */
#define EXCHANGES                                                                                        \
    .step = "its solver", .do_step = exchange_steps, .gives = exchange_gives, .reads = exchange_settles, \
    .exits_initialization = exchange_begins, .was_reset = exchange_was_reset,                            \
    .was_restored = exchange_was_restored, .closes = exchange_closes

step_answer exchange_steps(part *p, const char *function, double time, double step, int none_kept);
int exchange_gives(part *p, const char *function, int call);
int exchange_settles(part *p, const char *function);
int exchange_begins(part *p, const char *function);
int exchange_starts(part *p, const char *function); /* the same, once it has left the initialization */
void exchange_was_reset(part *p);
int exchange_was_restored(part *p, const char *function);
void exchange_closes(part *p);
void exchange_renews(part *p);

/* exchange_events.c */
int exchange_opens(exchange *e, const char *function); /* Event Mode */
int exchange_rests(exchange *e, const char *function, int nominals_changed);
int exchange_reads(exchange *e, const char *function, int nominals_changed);
int exchange_completes(exchange *e, const char *function, int event);

/* exchange_evaluation.c: at a time (s) and states */
int exchange_place(exchange *e, double t, const double *x);
int exchange_derivatives(exchange *e, double t, const double *x, double *dx);
int exchange_indicators(exchange *e, double t, const double *x, double *z);
int exchange_jacobian(exchange *e, double t, const double *x, double *matrix);

/* exchange_courses.c: inputs that change over a step: 1 `read` at the start and where a state is restored, 2 `take` values
 * and what is `given` of their derivatives for the next step, 3 `jump` where they have, 4 `begin`, 5 `place` wherever it is
 * evaluated, an FMI status, 6 `end` */
int courses_read(exchange *e, const char *function);
void courses_take(exchange *e, int first, const double *values, int n);
void courses_given(exchange *e, const giving_table *giving, const double *derivatives);
int courses_jump(exchange *e, const char *function);
void courses_begin(exchange *e);
int courses_place(exchange *e, double t);
void courses_end(exchange *e);

/* exchange_explicit.c, exchange_cvode.c: one step, at most to `stop` (s); 0 where there is no way on */
int explicit_makes(exchange *e);
void explicit_restarts(exchange *e);
int explicit_steps(exchange *e, double stop);
void explicit_ends(exchange *e);
int cvode_makes(exchange *e, const char *function);
int cvode_restarts(exchange *e);
int cvode_steps(exchange *e, double stop);
void cvode_ends(exchange *e);
const char *exchange_name(const exchange *e, exchange_function which); /* NULL where its version has none */

#endif
