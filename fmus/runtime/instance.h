/* An instance of the model, behind both FMI versions: modes, values, events, steps and kept states.
 *
 * fmi2.c and fmi3.c only translate types. Functions return 1 for success and 0 after a message to the importer; a
 * refused call changes nothing, a failed step or event leaves the instance in MODE_ERROR.
 */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "solver.h"

typedef enum {
    MODE_INSTANTIATED = 1,
    MODE_INITIALIZATION = 2,
    MODE_STEP = 4,
    MODE_EVENT = 8,
    MODE_CONTINUOUS_TIME = 16,
    MODE_TERMINATED = 32,
    MODE_ERROR = 64
} instance_mode;

/* What an FMI function does, as far as it matters for the modes in which it is allowed. */
typedef enum {
    SET_UP_EXPERIMENT,
    ENTER_INITIALIZATION,
    EXIT_INITIALIZATION,
    ENTER_EVENT_MODE,
    UPDATE_DISCRETE_STATES,
    ENTER_CONTINUOUS_TIME,
    COMPLETE_INTEGRATOR_STEP,
    SET_TIME,
    SET_CONTINUOUS_STATES,
    GET_CONTINUOUS_STATES,
    DO_STEP,
    TERMINATE,
    RESET,
    GET_VALUES,
    SET_VALUES,
    KEEP_STATE,
    RESTORE_STATE,
    GET_SENSITIVITIES,
    OPERATIONS
} operation;

/* Everything that a kept state holds beside the values; no pointers. */
typedef struct {
    double time, start_time, stop_time, tolerance, proposal; /* proposal: next step of the solver, s; 0 unknown */
    int64_t next_scan;                                       /* the next scan is at next_scan * sample_time */
    int32_t mode, co_simulation, stop_time_defined, tolerance_defined;
    int32_t outputs_known, derivatives_known;
} condition;

typedef struct instance instance;

struct instance {
    char *name;
    void (*report)(instance *, const char *message); /* of an error, to the importer */
    void (*importer_callback)(void);
    void *importer_environment;
    condition now;
    size_t n_numbers;
    double *numbers; /* values, then the inputs and parameters in force: all that a kept state copies */
    double *values;
    double *in_force; /* inputs and parameters that the equations see; in Step Mode those of the last step */
    double *seeds;    /* for sensitivities: a value for every value */
    scratch equations;
    solver solver;
};

/* modes.c */
int instance_allows(instance *i, operation what, const char *function);
int instance_fail(instance *i, const char *function, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *mode_name(int mode);

/* instance.c */
instance *instance_new(const char *name, int co_simulation);
void instance_free(instance *i);
void instance_start_values(instance *i);
int instance_set_up(instance *i, const char *function, condition experiment);
int instance_initialized(instance *i, const char *function);
point instance_point(const instance *i);

/* values.c: `types` is a mask of value_type; with `whole` a reference means a variable, otherwise one element.
 * They return the number of elements behind the reference, 0 after a message. */
int instance_readable(instance *i, const char *function, unsigned reference, unsigned types, int whole);
int instance_writable(instance *i, const char *function, unsigned reference, unsigned types, int whole);
int instance_write(instance *i, const char *function, unsigned element, double value);
const double *instance_states(instance *i, const char *function, size_t n);
const double *instance_derivatives(instance *i, const char *function, size_t n);
int instance_set_states(instance *i, const char *function, const double *states, size_t n);
int instance_set_time(instance *i, const char *function, double time);

/* step.c */
double instance_scan_time(const instance *i);
int instance_scan_due(const instance *i, double time);
int instance_scan(instance *i, const char *function);
int instance_do_step(instance *i, const char *function, double time, double step);

/* kept_state.c */
int instance_keep(instance *i, void **state);
int instance_restore(instance *i, const char *function, const void *state);
size_t instance_state_size(const instance *i);
int instance_check_serialized(instance *i, const char *function, const void *bytes, size_t size);

/* sensitivity.c */
int instance_sensitivity_references(instance *i, const char *function, const unsigned *unknowns, size_t n_unknowns,
                                    const unsigned *knowns, size_t n_knowns, int whole, size_t sizes[2]);
void instance_sensitivity(instance *i, const unsigned *unknowns, size_t n_unknowns, const unsigned *knowns,
                          size_t n_knowns, int whole, const double *seed, double *sensitivity);

#endif
