/* The part of FMI 1.0 that a whole uses; types and functions as in the standard (FMI 1.0, for Model Exchange and for
 * Co-Simulation), by names that do not collide with those of later versions.
 */
#ifndef FMI1_H
#define FMI1_H

#include <stddef.h>

typedef void *fmi1_component;
typedef char fmi1_boolean;

typedef void (*fmi1_logger)(fmi1_component, const char *name, int status, const char *category, const char *format, ...);

typedef struct {
    fmi1_logger logger;
    void *(*allocate)(size_t, size_t);
    void (*free)(void *);
    void (*step_finished)(fmi1_component, int status);
} fmi1_callbacks;

typedef fmi1_component fmi1_instantiate_slave(const char *name, const char *guid, const char *location, const char *mime,
                                              double timeout, fmi1_boolean visible, fmi1_boolean interactive,
                                              fmi1_callbacks, fmi1_boolean logging);
typedef int fmi1_initialize_slave(fmi1_component, double start, fmi1_boolean stop_defined, double stop);
typedef int fmi1_do_step(fmi1_component, double time, double step, fmi1_boolean is_new);
typedef int fmi1_get_real_status(fmi1_component, int kind, double *value);

/* What an update of the discrete states answers. */
typedef struct fmi1_event_info {
    fmi1_boolean converged, states_renamed, states_changed, terminate, has_next_event;
    double next_event_time; /* s */
} fmi1_event_info;

typedef fmi1_component fmi1_instantiate_model(const char *name, const char *guid, fmi1_callbacks, fmi1_boolean logging);
typedef int fmi1_set_time(fmi1_component, double time);
typedef int fmi1_initialize(fmi1_component, fmi1_boolean controlled, double tolerance, fmi1_event_info *);
typedef int fmi1_event_update(fmi1_component, fmi1_boolean intermediate, fmi1_event_info *);
typedef int fmi1_completed_integrator_step(fmi1_component, fmi1_boolean *update);

enum { FMI1_LAST_SUCCESSFUL_TIME = 2 };

#endif
