/* FMI 3.0 functions that an FMU for Co-Simulation without events, text and derivatives does not have either.
 *
 * Included like `fmi3_refusals.h`.
 */
#ifndef FMI3_STEPS_ONLY_H
#define FMI3_STEPS_ONLY_H

#include "fmi3_refusals.h"

#define NO_TEXT "no variable of that type is exposed"
#define NO_EXCHANGE SUBJECT " is there for Co-Simulation only"
#define NO_EVENTS "hasEventMode is false"

REFUSE(NO_TEXT, fmi3GetString, const fmi3ValueReference vr[], size_t n, fmi3String values[], size_t size)
REFUSE(NO_TEXT, fmi3SetString, const fmi3ValueReference vr[], size_t n, const fmi3String values[], size_t size)
REFUSE(NO_TEXT, fmi3GetBinary, const fmi3ValueReference vr[], size_t n, size_t sizes[], fmi3Binary values[], size_t size)
REFUSE(NO_TEXT, fmi3SetBinary, const fmi3ValueReference vr[], size_t n, const size_t sizes[], const fmi3Binary values[],
       size_t size)
REFUSE("providesDirectionalDerivatives is false", fmi3GetDirectionalDerivative, const fmi3ValueReference unknowns[],
       size_t n_unknowns, const fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[], size_t n_seed,
       fmi3Float64 sensitivity[], size_t n_sensitivity)
REFUSE_PLAIN(NO_EVENTS, fmi3EnterEventMode)
REFUSE(NO_EVENTS, fmi3UpdateDiscreteStates, fmi3Boolean *needs_update, fmi3Boolean *terminate,
       fmi3Boolean *nominals_changed, fmi3Boolean *states_changed, fmi3Boolean *next_event_time_defined,
       fmi3Float64 *next_event_time)
REFUSE_PLAIN(NO_EXCHANGE, fmi3EnterContinuousTimeMode)
REFUSE(NO_EXCHANGE, fmi3CompletedIntegratorStep, fmi3Boolean no_set_state, fmi3Boolean *enter_event_mode,
       fmi3Boolean *terminate)
REFUSE(NO_EXCHANGE, fmi3SetTime, fmi3Float64 time)
REFUSE(NO_EXCHANGE, fmi3SetContinuousStates, const fmi3Float64 states[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetContinuousStateDerivatives, fmi3Float64 derivatives[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetEventIndicators, fmi3Float64 indicators[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetContinuousStates, fmi3Float64 states[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetNominalsOfContinuousStates, fmi3Float64 nominals[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetNumberOfEventIndicators, size_t *n)
REFUSE(NO_EXCHANGE, fmi3GetNumberOfContinuousStates, size_t *n)

#endif
