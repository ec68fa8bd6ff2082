/* Lateness (ns) of a loop that sleeps until absolute deadlines and does nothing else: nanosleep CYCLES PERIOD_NS */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    long cycles = atol(arguments[1]), period = atol(arguments[2]);
    long long *late = malloc(sizeof *late * (size_t)cycles);
    struct sched_param priority = {.sched_priority = 80};
    if (late == NULL) return 1;
    (void)!sched_setscheduler(0, SCHED_FIFO, &priority);
    long long started = now();
    for (long k = 0; k < cycles; k++) {
        long long deadline = started + (k + 1) * period;
        struct timespec wake = {deadline / 1000000000LL, deadline % 1000000000LL};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
        late[k] = now() - deadline;
    }
    for (long k = 0; k < cycles; k++) printf("%lld\n", late[k]);
    return 0;
}
