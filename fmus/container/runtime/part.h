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
} step_answer;

/* What differs between the versions. `own` are the names of the functions that a version alone binds. */
typedef struct {
    const char *common[COMMON_FUNCTIONS];
    const char *const *own;
    int n_own;
    const char *getters[VALUE_TYPES], *setters[VALUE_TYPES], *step, *enter;
    void *(*instantiate)(part *p, const char *resources);
    int (*enter_initialization)(part *p, const condition *now);
    step_answer (*do_step)(part *p, double time, double step, int none_kept);
} part_version;

extern const part_version part_fmi2, part_fmi3;

enum { OWN_FUNCTIONS = 6 };

struct part {
    instance *whole;
    const part_table *table;
    const part_version *version;
    void *library, *handle, *memory; /* memory: what a version keeps for it */
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
int part_calls(part *p, const char *function, common_function which); /* one without further arguments */

#endif
