/* An instance of a system, behind both FMI versions: modes, values, initialization, steps and kept states.
 *
 * Functions return 1 for success and 0 after a message to the importer, but where they say otherwise. A refused call
 * changes nothing; after a failure of a component the instance is in MODE_ERROR, after a fatal one in MODE_FATAL, where
 * no component is called any more.
 */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stdint.h>

#include "system.h"

/* The statuses of FMI 2.0 and 3.0. */
enum { STATUS_OK, STATUS_WARNING, STATUS_DISCARD, STATUS_ERROR, STATUS_FATAL };

typedef enum {
    MODE_INSTANTIATED = 1,
    MODE_INITIALIZATION = 2,
    MODE_STEP = 4,
    MODE_TERMINATED = 8,
    MODE_ERROR = 16,
    MODE_FATAL = 32
} instance_mode;

/* What an FMI function does, as far as it matters for the modes in which it is allowed. */
typedef enum {
    SET_UP_EXPERIMENT,
    ENTER_INITIALIZATION,
    EXIT_INITIALIZATION,
    DO_STEP,
    TERMINATE,
    RESET,
    GET_VALUES,
    SET_VALUES,
    KEEP_STATE,
    USE_STATE,
    OPERATIONS
} operation;

/* What a byte behind the image says about a setting: the component has a value of its own, or is to be given one. */
enum { LEFT_ALONE, PENDING, HANDED_ON };

/* What a kept state holds beside the image and the states of the components; no pointers. */
typedef struct {
    double start_time, stop_time, tolerance; /* stop_time: infinite where there is none */
    double between; /* where it is (s) between two points of the grid, after a jump there; otherwise NaN */
    int64_t index, stop_index; /* of the last communication point and of the stop: step sizes since the start */
    int32_t mode, stop_time_defined, tolerance_defined, stale;
} condition;

typedef struct instance instance;
typedef struct part part;
struct loop;

struct instance {
    char *name, *folder;
    void (*report)(instance *, int status, const char *message); /* to the importer */
    void (*importer_callback)(void);
    void *importer_environment;
    int logging;
    condition now;
    unsigned char *image, *before; /* the latter as it was at the last communication point */
    unsigned char *seen; /* values of components with Event Mode, before they are read again */
    double *scratch;
    part *parts;
    int paces; /* whether one of them has a pace of its own, or extrapolated inputs */
    int asks;  /* whether a component asks for an event at the end of the step */
    unsigned char *started; /* where components may return early: values at the beginning of a step */
    int early, in_a_row;    /* the component that returned early, and how often that was where it began */
    double early_time;      /* s */
    struct loop *loops;
    long kept; /* states that are kept now */
    int ended; /* whether a component ended the run in the last step */
};

/* How a step of the whole ended; one that is refused changes nothing, and the instance goes on. */
typedef enum { STEP_DONE, STEP_REFUSED, STEP_ENDED, STEP_FAILED, STEP_EARLY } step_end;

/* modes.c */
int instance_allows(instance *i, operation what, const char *function);
int instance_fail(instance *i, const char *function, const char *format, ...) __attribute__((format(printf, 3, 4)));
void instance_broken(instance *i, int fatal);

/* instance.c */
instance *instance_new(const char *name, char *folder, int logging);
int instance_open(instance *i, const char *function);
void instance_free(instance *i);
int instance_reset(instance *i, const char *function);
int instance_set_up(instance *i, const char *function, condition experiment);
int instance_terminate(instance *i, const char *function);
double instance_time(const instance *i);
char *copied(const char *text);

/* initialization.c */
int instance_enter_initialization(instance *i, const char *function);
int instance_exit_initialization(instance *i, const char *function);
int instance_settle(instance *i, const char *function);
int instance_hand_on(instance *i, const char *function, int before_initialization);

/* step.c */
double instance_rounding(double one, double other); /* of times (s): what is negligible, or their rounding */
double instance_ulps(double time); /* some distances of neighbouring numbers there */
void instance_stop_at(instance *i, int defined, double stop);
step_end part_steps(part *p, const char *function, double time, double step, int none_kept);
step_end instance_do_step(instance *i, const char *function, double time, double step, int none_kept);
int instance_check_outputs(instance *i, const char *function, const part *p, double time);

/* ranges.c */
int instance_check_ranges(instance *i, const char *function, range checked, double time);

/* values.c: variables by reference, whole with `complete`, otherwise one element; NULL after a message. */
#define TYPE(type) (1u << (type))
#define ENUMERATION TYPE(VALUE_TYPES) /* among types: enumerations, whatever their type in memory is */
const variable_table *instance_readable(instance *i, const char *function, unsigned reference, unsigned types,
                                        int complete);
const variable_table *instance_writable(instance *i, const char *function, unsigned reference, unsigned types,
                                        int complete);
double instance_float(const instance *i, const variable_table *variable, size_t element);
int64_t instance_integer(const instance *i, const variable_table *variable, size_t element);
void instance_write_float(instance *i, const variable_table *variable, size_t element, double value);
int instance_write_integer(instance *i, const char *function, const variable_table *variable, size_t element,
                           int64_t value);
void instance_written(instance *i, const variable_table *variable);

/* sources.c: inputs at the end of a step, before or after a jump there; at the start with a step of 0. Whether one jumps. */
int instance_sources(instance *i, double end, double step, int after);
double sources_next(double time); /* s; the first jump that is later, or infinite */
double source_slope(int course, double time); /* 1/s, of an input without a jump within a step */
double source_time(int course, double time);  /* s; the jump that lies there, up to rounding */

/* flows.c */
double load_float(const void *place, value_type type);
int64_t load_integer(const void *place, value_type type);
void store_float(void *place, value_type type, double value);
int store_integer(void *place, value_type type, int64_t value); /* 0 where the type does not hold it */
size_t size_of(value_type type);
int instance_flow(instance *i, const char *function, range flows);

/* kept_state.c */
int instance_keep(instance *i, const char *function, void **state);
int instance_restore(instance *i, const char *function, void *state);
int instance_free_state(instance *i, const char *function, void **state);
int instance_state_size(instance *i, const char *function, void *state, size_t *size);
int instance_serialize(instance *i, const char *function, void *state, unsigned char *bytes, size_t size);
int instance_deserialize(instance *i, const char *function, const unsigned char *bytes, size_t size, void **state);

#endif
