/* A component of the system: an FMU that this one loads from its resources, for Co-Simulation.
 *
 * Functions return 1 for success and 0 after a message that names the component, its function and the status; the
 * instance is in MODE_ERROR or MODE_FATAL then.
 */
#ifndef PART_H
#define PART_H

#include "instance.h"

/* Functions that look the same in FMI 2.0 and 3.0, by the names that follow the prefix. */
typedef enum {
    FREE_INSTANCE,
    EXIT_INITIALIZATION_MODE,
    TERMINATE_RUN,
    RESET_INSTANCE,
    GET_STATE,
    SET_STATE,
    FREE_STATE,
    STATE_SIZE,
    SERIALIZE,
    DESERIALIZE,
    COMMON_FUNCTIONS
} common_function;

typedef enum { NEEDED, FOR_STATES, FOR_BYTES } need;

typedef struct {
    int status, terminate, early;
    double reached; /* s */
    int event;      /* not 0 where it asks for Event Mode */
    int told;       /* not 0 where it failed, and that is reported */
} step_answer;

/* What differs between the versions. `own` are the names of the functions that a version alone binds; names are NULL
 * where a version has none. Where it is `prefixed`, the identifier of the model comes before all names. What follows
 * `do_step` may be NULL: then nothing is done beside the plain call, or in its place. */
typedef struct {
    const char *common[COMMON_FUNCTIONS];
    const char *const *own;
    int n_own;
    int prefixed;
    const char *getters[VALUE_TYPES], *setters[VALUE_TYPES], *set_text, *step, *enter;
    const char *take_slopes, *tell_slopes;
    void *(*instantiate)(part *p, const char *resources);
    int (*enter_initialization)(part *p, const condition *now);
    step_answer (*do_step)(part *p, const char *function, double time, double step, int none_kept);
    int (*gives)(part *p, const char *function, int call); /* in the place of a call that sets */
    int (*reads)(part *p, const char *function);           /* before a call that gets */
    int (*exits_initialization)(part *p, const char *function);
    int (*resets)(part *p, const char *function); /* in the place of the plain call */
    void (*was_reset)(part *p);
    int (*was_restored)(part *p, const char *function);
    void (*closes)(part *p);
} part_version;

extern const part_version part_fmi1, part_fmi2, part_fmi3, part_fmi1_exchange, part_fmi2_exchange,
    part_fmi3_exchange;

enum { OWN_FUNCTIONS = 6 };

struct part {
    instance *whole;
    const part_table *table;
    const part_version *version;
    void *library, *handle, *memory; /* memory: what a version keeps for it */
    int (*gives)(part *, const char *, int); /* what sets values, in the place of the plain call, or NULL */
    double ahead;  /* where it is (s) after an early return, until the others have come there; otherwise NaN */
    void *started; /* its state at the beginning of a step, while that is made */
    int paces; /* whether it has a pace of its own, or extrapolated inputs */
    struct exchange *exchange; /* for Model Exchange */
    void *tell_slopes, *take_slopes; /* derivatives of its outputs and inputs, where it is asked for them */
    double *given, given_at;         /* values and derivatives of inputs in the step under way, from a time (s) on */
    int given_status;                /* the worst one with which it took inputs during the step */
    unsigned char *newest;           /* inputs while its step is made on those of the beginning of its period */
    void *common[COMMON_FUNCTIONS], *own[OWN_FUNCTIONS];
    void *get[VALUE_TYPES], *set[VALUE_TYPES];
};

int part_open(part *p, const char *function);
void part_close(part *p);
void part_says(part *p, int status, const char *message);
int part_checks(part *p, const char *function, int status, const char *called);
int part_set(part *p, const char *function, int call);
int part_get(part *p, const char *function, int call);
int part_set_all(part *p, const char *function, range calls);
int part_get_all(part *p, const char *function, range calls);
int part_set_text(part *p, const char *function, int call, const char *text);
int part_enters_initialization(part *p, const char *function);
int part_exits_initialization(part *p, const char *function);
int part_resets(part *p, const char *function);
int part_gives_again(part *p, const char *function); /* settings that it was given, in the initialization */
int part_sets(part *p, const char *function, int call); /* the plain call */
void *part_symbol(const part *p, const char *name);
int part_calls(part *p, const char *function, common_function which); /* one without further arguments */

/* part_fmi1.c: an update of the discrete states, the first of which the initialization has answered; its status */
struct fmi1_event_info;
int part_updates_fmi1(part *p, void *update, struct fmi1_event_info *said);

/* slopes.c: derivatives with respect to time, of outputs and of inputs over the next step */
int part_binds_slopes(part *p, const char *function);
int part_tells_slopes(part *p, const char *function, const reading_table *reading, double *values);
int part_takes_slopes(part *p, const char *function, const giving_table *giving, double time);
int part_took_inputs(part *p, const char *function);
void part_asks_inputs(part *p, double time); /* FMI 3.0, during a step */

/* pace.c: a step is one of `count` parts of the same length */
typedef struct {
    double start, length; /* s */
    int count;
} span;

int paces_begin(instance *i, const char *function); /* a macro step begins: all parts look at what is there */
int pace_waits(const part *p, double end); /* its period goes on: it makes no step in the macro step that ends there */
/* s; the last point of the grid, of which every `period`-th counts, that is not after a time; and whether a macro step ends
 * at the next one */
double period_begin(const instance *i, int period, double time);
int period_ends(const instance *i, int period, double time, double end);
span pace_span(const part *p, double time, double step);
void pace_samples(part *p); /* its inputs are those of the beginning of its period, until it */
void pace_goes_on(part *p);
const char *pace_unfinished(int64_t count, int clipped); /* a component whose period so many steps do not end, or NULL */

/* extrapolation.c, for a component with extrapolated inputs: 1 where its step begins, 2 over it, then for each part of it
 * 3 what is to be set, 4 its derivatives, 5 the newest values are there again */
int extrapolation_begins(part *p, const char *function);
void extrapolation_over(part *p, double t, double h);
void extrapolation_gives(part *p, double t, double h);
int extrapolation_inclines(part *p, const char *function, double t);
void extrapolation_puts_back(part *p);
void instance_forgets(instance *i); /* something jumped: what was before does not tell where inputs go */

#endif
