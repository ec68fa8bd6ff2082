/* What the entry points of FMI 2.0 have in common, whether a model or a system of models is behind them.
 *
 * Included by fmi2.c of each runtime, behind `instance.h`.
 */
#ifndef FMI2_SHARED_H
#define FMI2_SHARED_H

#include "fmi2Functions.h"

const char *fmi2GetTypesPlatform(void)
{
    return fmi2TypesPlatform;
}

const char *fmi2GetVersion(void)
{
    return fmi2Version;
}

static void log_message(fmi2CallbackLogger logger, fmi2ComponentEnvironment environment, const char *name, int status,
                        const char *message)
{
    static const char *const categories[] = {"logAll", "logStatusWarning", "logStatusDiscard", "logStatusError",
                                             "logStatusFatal", "logStatusPending"};
    char format[2200]; /* the importer treats the message as a format: double every percent sign */
    size_t used = 0;
    for (; *message && used + 2 < sizeof format; message++) {
        if (*message == '%') format[used++] = '%';
        format[used++] = *message;
    }
    format[used] = '\0';
    if (status < 0 || status > (int)fmi2Pending) status = (int)fmi2Error;
    if (logger) logger(environment, name, (fmi2Status)status, categories[status], format);
}

/* Message that something is not there; 0. */
static int unsupported(fmi2Component c, const char *function, const char *reason)
{
    return c ? instance_fail(c, function, "not supported: %s", reason) : 0;
}

static fmi2Status refuse(fmi2Component c, const char *function, const char *reason)
{
    unsupported(c, function, reason);
    return fmi2Error;
}

#define ASYNCHRONOUS "steps are never asynchronous"

fmi2Status fmi2SetRealInputDerivatives(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                                       const fmi2Integer order[], const fmi2Real value[])
{
    (void)vr, (void)n, (void)order, (void)value;
    return refuse(c, __func__, "canInterpolateInputs is false");
}

fmi2Status fmi2GetRealOutputDerivatives(fmi2Component c, const fmi2ValueReference vr[], size_t n,
                                        const fmi2Integer order[], fmi2Real value[])
{
    (void)vr, (void)n, (void)order, (void)value;
    return refuse(c, __func__, "maxOutputDerivativeOrder is 0");
}

fmi2Status fmi2CancelStep(fmi2Component c)
{
    return refuse(c, __func__, ASYNCHRONOUS);
}

fmi2Status fmi2GetStatus(fmi2Component c, const fmi2StatusKind kind, fmi2Status *value)
{
    (void)kind, (void)value;
    return refuse(c, __func__, ASYNCHRONOUS);
}

fmi2Status fmi2GetIntegerStatus(fmi2Component c, const fmi2StatusKind kind, fmi2Integer *value)
{
    (void)kind, (void)value;
    return refuse(c, __func__, "the standard has no integer status");
}

fmi2Status fmi2GetStringStatus(fmi2Component c, const fmi2StatusKind kind, fmi2String *value)
{
    (void)kind, (void)value;
    return refuse(c, __func__, ASYNCHRONOUS);
}

#endif
