/* Whole lives of instances through both FMI versions, refusals included, for sanitizers to watch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmi2Functions.h"
#include "fmi3Functions.h"
#include "instance.h"

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "line %d: " #condition " is false\n", __LINE__); \
            return 1;                                                       \
        }                                                                   \
    } while (0)

static int messages;

static void log_fmi2(fmi2ComponentEnvironment e, fmi2String name, fmi2Status status, fmi2String category, fmi2String text, ...)
{
    (void)e, (void)name, (void)status, (void)category, (void)text;
    messages++;
}

static void log_fmi3(fmi3InstanceEnvironment e, fmi3Status status, fmi3String category, fmi3String text)
{
    (void)e, (void)status, (void)category, (void)text;
    messages++;
}

static int life_in_fmi2(fmi2Type type)
{
    fmi2CallbackFunctions callbacks = {.logger = log_fmi2};
    CHECK(!fmi2Instantiate("a", type, "{wrong}", "", &callbacks, fmi2False, fmi2False));
    fmi2Component c = fmi2Instantiate("a", type, model.token, "", &callbacks, fmi2False, fmi2False);
    CHECK(c);
    CHECK(fmi2SetupExperiment(c, fmi2True, 1e-6, 0.0, fmi2False, 0.0) == fmi2OK);
    CHECK(fmi2EnterInitializationMode(c) == fmi2OK);
    double number;
    for (fmi2ValueReference vr = 0; vr < (fmi2ValueReference)model.n_values + 3; vr++) {
        fmi2Integer integer;
        fmi2Boolean boolean;
        int read = fmi2GetReal(c, &vr, 1, &number) == fmi2OK;
        read += fmi2GetInteger(c, &vr, 1, &integer) == fmi2OK;
        read += fmi2GetBoolean(c, &vr, 1, &boolean) == fmi2OK;
        CHECK(read == (vr < (fmi2ValueReference)model.n_values));
    }
    CHECK(fmi2ExitInitializationMode(c) == fmi2OK);
    fmi2FMUstate state = NULL, other = NULL;
    CHECK(fmi2GetFMUstate(c, &state) == fmi2OK && fmi2GetFMUstate(c, &state) == fmi2OK);
    size_t size;
    CHECK(fmi2SerializedFMUstateSize(c, state, &size) == fmi2OK);
    fmi2Byte *bytes = malloc(size);
    CHECK(bytes && fmi2SerializeFMUstate(c, state, bytes, size) == fmi2OK);
    CHECK(fmi2DeSerializeFMUstate(c, bytes, size - 1, &other) == fmi2Error && !other);
    CHECK(fmi2DeSerializeFMUstate(c, bytes, size, &other) == fmi2OK);
    if (type == fmi2CoSimulation) {
        for (int k = 0; k < 20; k++) CHECK(fmi2DoStep(c, k * 0.1, 0.1, fmi2True) == fmi2OK);
        CHECK(fmi2DoStep(c, 0.0, 0.1, fmi2True) == fmi2Error);
    } else {
        fmi2EventInfo info;
        CHECK(fmi2NewDiscreteStates(c, &info) == fmi2OK && fmi2EnterContinuousTimeMode(c) == fmi2OK);
        double *x = calloc((size_t)model.n_states + 1, sizeof *x);
        CHECK(x && fmi2SetTime(c, 1.0) == fmi2OK);
        CHECK(fmi2GetContinuousStates(c, x, (size_t)model.n_states) == fmi2OK);
        CHECK(fmi2SetContinuousStates(c, x, (size_t)model.n_states) == fmi2OK);
        CHECK(fmi2GetDerivatives(c, x, (size_t)model.n_states) == fmi2OK);
        CHECK(fmi2GetDerivatives(c, x, (size_t)model.n_states + 1) == fmi2Error);
        CHECK(fmi2EnterEventMode(c) == fmi2OK && fmi2NewDiscreteStates(c, &info) == fmi2OK);
        free(x);
    }
    CHECK(fmi2SetFMUstate(c, other) == fmi2OK);
    CHECK(fmi2FreeFMUstate(c, &state) == fmi2OK && fmi2FreeFMUstate(c, &other) == fmi2OK && !other);
    CHECK(fmi2Terminate(c) == fmi2OK && fmi2Reset(c) == fmi2OK);
    fmi2FreeInstance(c);
    free(bytes);
    return 0;
}

static int life_in_fmi3(void)
{
    fmi3Instance c = fmi3InstantiateCoSimulation("a", model.token, "", false, false, false, false, NULL, 0, NULL, log_fmi3, NULL);
    CHECK(c);
    CHECK(fmi3EnterInitializationMode(c, false, 0.0, 0.0, true, 10.0) == fmi3OK);
    double *values = calloc((size_t)model.n_values, sizeof *values);
    double *seeds = calloc((size_t)model.n_values, sizeof *seeds);
    CHECK(values && seeds);
    for (int v = 0; v < model.n_variables; v++) {
        fmi3ValueReference vr = (fmi3ValueReference)model.variables[v].first;
        size_t length = (size_t)model.variables[v].length;
        int real = model.variables[v].type == TYPE_FLOAT64;
        CHECK((fmi3GetFloat64(c, &vr, 1, values, length) == fmi3OK) == real);
        CHECK(fmi3GetFloat64(c, &vr, 1, values, length + 1) == fmi3Error);
        if (real && model.variables[v].kind == KIND_STATE) {
            CHECK(fmi3SetFloat64(c, &vr, 1, values, length) == fmi3OK);
            CHECK(fmi3GetDirectionalDerivative(c, &vr, 1, &vr, 1, seeds, length, values, length) == fmi3OK);
        }
    }
    CHECK(fmi3ExitInitializationMode(c) == fmi3OK);
    for (int k = 0; k < 20; k++) {
        fmi3Boolean event, terminate, early;
        fmi3Float64 reached;
        CHECK(fmi3DoStep(c, k * 0.1, 0.1, true, &event, &terminate, &early, &reached) == fmi3OK);
        CHECK(!event && !terminate && !early && reached == k * 0.1 + 0.1);
    }
    fmi3FMUState state = NULL;
    CHECK(fmi3GetFMUState(c, &state) == fmi3OK && fmi3SetFMUState(c, state) == fmi3OK);
    CHECK(fmi3FreeFMUState(c, &state) == fmi3OK);
    CHECK(fmi3EnterStepMode(c) == fmi3Error && fmi3GetClock(c, NULL, 0, NULL) == fmi3Error);
    CHECK(fmi3Terminate(c) == fmi3OK);
    fmi3FreeInstance(c);
    fmi3FreeInstance(NULL);
    free(values);
    free(seeds);
    return 0;
}

int main(void)
{
    if (life_in_fmi2(fmi2CoSimulation) || life_in_fmi2(fmi2ModelExchange) || life_in_fmi3()) return 1;
    printf("%d messages\n", messages);
    return messages == 0;
}
