/* The whole life of containers of both versions, for sanitizers: argument 1 is the folder of their resources. */
#include <fmi2Functions.h>
#include <fmi3Functions.h>

#include <stdio.h>
#include <stdlib.h>

static int messages;

static void hear2(fmi2ComponentEnvironment e, fmi2String name, fmi2Status status, fmi2String category, fmi2String text, ...)
{
    (void)e, (void)name, (void)status, (void)category, (void)text;
    messages++;
}

static void hear3(fmi3InstanceEnvironment e, fmi3Status status, fmi3String category, fmi3String text)
{
    (void)e, (void)status, (void)category, (void)text;
    messages++;
}

static int failures;

static void demand(int fine, const char *what)
{
    if (fine) return;
    fprintf(stderr, "not as demanded: %s\n", what);
    failures++;
}

#define DEMAND(condition) demand(condition, #condition)

static void fmi3_life(const char *folder)
{
    DEMAND(!fmi3InstantiateCoSimulation("x", "wrong", folder, 0, 0, 0, 0, NULL, 0, NULL, hear3, NULL));
    DEMAND(!fmi3InstantiateCoSimulation("x", SYSTEM_TOKEN, "/nowhere/", 0, 0, 0, 0, NULL, 0, NULL, hear3, NULL));
    DEMAND(!fmi3InstantiateCoSimulation("x", SYSTEM_TOKEN, NULL, 0, 0, 0, 0, NULL, 0, NULL, hear3, NULL));
    fmi3Instance c = fmi3InstantiateCoSimulation("x", SYSTEM_TOKEN, folder, 0, 1, 0, 0, NULL, 0, NULL, hear3, NULL);
    fmi3Boolean event, terminate, early;
    fmi3Float64 reached;
    fmi3FMUState state = NULL, other = NULL;
    size_t size;
    DEMAND(c && fmi3EnterInitializationMode(c, 1, 1e-6, 0.0, 1, 2.0) == fmi3OK);
    DEMAND(fmi3ExitInitializationMode(c) == fmi3OK);
    DEMAND(fmi3DoStep(c, 0.0, 0.5, 1, &event, &terminate, &early, &reached) == fmi3OK && reached == 0.5);
    DEMAND(fmi3DoStep(c, 0.5, 0.3, 1, &event, &terminate, &early, &reached) == fmi3Error && reached == 0.5);
    DEMAND(fmi3GetFMUState(c, &state) == fmi3OK && fmi3GetFMUState(c, &state) == fmi3OK);
    DEMAND(fmi3SerializedFMUStateSize(c, state, &size) == fmi3OK);
    fmi3Byte *bytes = malloc(size);
    DEMAND(fmi3SerializeFMUState(c, state, bytes, size) == fmi3OK);
    DEMAND(fmi3DoStep(c, 0.5, 0.5, 0, &event, &terminate, &early, &reached) == fmi3OK);
    for (size_t cut = 0; cut < size; cut += 7) {
        fmi3FMUState none = NULL;
        DEMAND(fmi3DeserializeFMUState(c, bytes, cut, &none) == fmi3Error);
    }
    DEMAND(fmi3DeserializeFMUState(c, bytes, size, &other) == fmi3OK && fmi3SetFMUState(c, other) == fmi3OK);
    DEMAND(fmi3DoStep(c, 0.5, 0.5, 0, &event, &terminate, &early, &reached) == fmi3OK);
    DEMAND(fmi3FreeFMUState(c, &state) == fmi3OK && fmi3FreeFMUState(c, &other) == fmi3OK);
    DEMAND(fmi3Terminate(c) == fmi3OK && fmi3Reset(c) == fmi3OK);
    fmi3FreeInstance(c);
    free(bytes);
}

static void fmi2_life(const char *folder)
{
    char uri[4096];
    fmi2CallbackFunctions functions = {hear2, calloc, free, NULL, NULL};
    snprintf(uri, sizeof uri, "file://%s", folder);
    DEMAND(!fmi2Instantiate("x", fmi2CoSimulation, SYSTEM_TOKEN, "file:", &functions, 0, 0));
    DEMAND(!fmi2Instantiate("x", fmi2CoSimulation, SYSTEM_TOKEN, "file:///%", &functions, 0, 0));
    DEMAND(!fmi2Instantiate("x", fmi2ModelExchange, SYSTEM_TOKEN, uri, &functions, 0, 0));
    fmi2Component c = fmi2Instantiate("x", fmi2CoSimulation, SYSTEM_TOKEN, uri, &functions, 0, 1);
    fmi2FMUstate state = NULL;
    DEMAND(c && fmi2SetupExperiment(c, 1, 1e-6, 0.0, 0, 0.0) == fmi2OK);
    DEMAND(fmi2EnterInitializationMode(c) == fmi2OK && fmi2ExitInitializationMode(c) == fmi2OK);
    DEMAND(fmi2DoStep(c, 0.0, 0.5, 1) == fmi2OK && fmi2GetFMUstate(c, &state) == fmi2OK);
    DEMAND(fmi2DoStep(c, 0.5, 0.5, 0) == fmi2OK && fmi2SetFMUstate(c, state) == fmi2OK);
    DEMAND(fmi2FreeFMUstate(c, &state) == fmi2OK);
    fmi2FreeInstance(c);
}

int main(int n, char **arguments)
{
    if (n < 2) return 2;
    fmi3_life(arguments[1]);
    fmi2_life(arguments[1]);
    printf("%d messages\n", messages);
    return failures != 0;
}
