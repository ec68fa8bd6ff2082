/* Which function is allowed in which mode (the state machines of FMI 2.0.4 section 4.2.4, FMI 3.0.2 section 4.2), and
 * the messages of refusals.
 */
#include <stdarg.h>
#include <stdio.h>

#include "instance.h"

#define USABLE (MODE_INSTANTIATED | MODE_INITIALIZATION | MODE_STEP)
#define UNBROKEN (USABLE | MODE_TERMINATED | MODE_ERROR)

static const int allowed[OPERATIONS] = {
    [SET_UP_EXPERIMENT] = MODE_INSTANTIATED,
    [ENTER_INITIALIZATION] = MODE_INSTANTIATED,
    [EXIT_INITIALIZATION] = MODE_INITIALIZATION,
    [DO_STEP] = MODE_STEP,
    [TERMINATE] = MODE_STEP,
    [RESET] = UNBROKEN,
    [GET_VALUES] = UNBROKEN,
    [SET_VALUES] = USABLE,
    [KEEP_STATE] = USABLE | MODE_TERMINATED,
    [USE_STATE] = UNBROKEN,
};

static const char *mode_name(int mode)
{
    switch (mode) {
    case MODE_INSTANTIATED: return "Instantiated";
    case MODE_INITIALIZATION: return "Initialization Mode";
    case MODE_STEP: return "Step Mode";
    case MODE_TERMINATED: return "Terminated";
    default: return "Error";
    }
}

int instance_allows(instance *i, operation what, const char *function)
{
    if (!i) return 0;
    if (i->now.mode & allowed[what]) return 1;
    if (i->now.mode == MODE_FATAL)
        return instance_fail(i, function, "not allowed after a fatal error of a component: free the instance");
    if (i->now.mode == MODE_ERROR)
        return instance_fail(i, function, "not allowed after an error: restore a kept state, reset or free the instance");
    return instance_fail(i, function, "not allowed in state '%s'", mode_name(i->now.mode));
}

int instance_fail(instance *i, const char *function, const char *format, ...)
{
    char message[1000];
    int used = snprintf(message, sizeof message, "%s: ", function);
    va_list values;
    va_start(values, format);
    vsnprintf(message + used, sizeof message - (size_t)used, format, values);
    va_end(values);
    i->report(i, STATUS_ERROR, message);
    return 0;
}

void instance_broken(instance *i, int fatal)
{
    if (i->now.mode != MODE_FATAL) i->now.mode = fatal ? MODE_FATAL : MODE_ERROR;
}
