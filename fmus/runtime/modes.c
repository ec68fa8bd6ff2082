/* Which function is allowed in which mode (the state machines of FMI 2.0 sections 3.2.3 and 4.2.4, FMI 3.0 section 2.3),
 * and the messages of refusals.
 */
#include <stdarg.h>
#include <stdio.h>

#include "instance.h"

#define INITIALIZED (MODE_STEP | MODE_EVENT | MODE_CONTINUOUS_TIME)
#define USABLE (MODE_INSTANTIATED | MODE_INITIALIZATION | INITIALIZED)
#define ANY (USABLE | MODE_TERMINATED | MODE_ERROR)

static const int allowed[OPERATIONS] = {
    [SET_UP_EXPERIMENT] = MODE_INSTANTIATED,
    [ENTER_INITIALIZATION] = MODE_INSTANTIATED,
    [EXIT_INITIALIZATION] = MODE_INITIALIZATION,
    [ENTER_EVENT_MODE] = MODE_CONTINUOUS_TIME,
    [UPDATE_DISCRETE_STATES] = MODE_EVENT,
    [ENTER_CONTINUOUS_TIME] = MODE_EVENT,
    [COMPLETE_INTEGRATOR_STEP] = MODE_CONTINUOUS_TIME,
    [SET_TIME] = MODE_EVENT | MODE_CONTINUOUS_TIME,
    [SET_CONTINUOUS_STATES] = MODE_CONTINUOUS_TIME,
    [GET_CONTINUOUS_STATES] = MODE_INITIALIZATION | MODE_EVENT | MODE_CONTINUOUS_TIME | MODE_TERMINATED,
    [DO_STEP] = MODE_STEP,
    [TERMINATE] = INITIALIZED,
    [RESET] = ANY,
    [GET_VALUES] = ANY,
    [SET_VALUES] = USABLE,
    [KEEP_STATE] = USABLE | MODE_TERMINATED,
    [RESTORE_STATE] = ANY,
    [GET_SENSITIVITIES] = MODE_INITIALIZATION | INITIALIZED | MODE_TERMINATED,
};

const char *mode_name(int mode)
{
    switch (mode) {
    case MODE_INSTANTIATED: return "Instantiated";
    case MODE_INITIALIZATION: return "Initialization Mode";
    case MODE_STEP: return "Step Mode";
    case MODE_EVENT: return "Event Mode";
    case MODE_CONTINUOUS_TIME: return "Continuous-Time Mode";
    case MODE_TERMINATED: return "Terminated";
    default: return "Error";
    }
}

int instance_allows(instance *i, operation what, const char *function)
{
    if (!i) return 0;
    if (i->now.mode & allowed[what]) return 1;
    if (i->now.mode == MODE_ERROR)
        return instance_fail(i, function, "not allowed after an error: restore a kept state, reset or free the instance");
    return instance_fail(i, function, "not allowed in state '%s'", mode_name(i->now.mode));
}

int instance_fail(instance *i, const char *function, const char *format, ...)
{
    char message[768];
    int used = snprintf(message, sizeof message, "%s: ", function);
    va_list values;
    va_start(values, format);
    vsnprintf(message + used, sizeof message - (size_t)used, format, values);
    va_end(values);
    i->report(i, message);
    return 0;
}
