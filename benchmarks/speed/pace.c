/* The C loop of soft real time: waits for each deadline of an absolute grid by clock_nanosleep, and for nothing else.
 *
 *     pace PERIOD_NS PRIORITY
 *
 * For each line of the standard input, a number of periods, it answers by a line of JSON: percentiles of how late it
 * woke up (us), and whether the system granted SCHED_FIFO with the priority, and memory that is not paged out. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void wait_until(long long deadline) {
  const struct timespec t = {deadline / 1000000000LL, deadline % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)) {}
}

static int compare(const void *a, const void *b) {
  const long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const long long period = atoll(argv[1]);
  const struct sched_param parameters = {.sched_priority = atoi(argv[2])};
  const int granted = !sched_setscheduler(0, SCHED_FIFO, &parameters) && !mlockall(MCL_CURRENT | MCL_FUTURE);
  long count;
  while (scanf("%ld", &count) == 1 && count > 0) {
    long long *late = calloc((size_t)count, sizeof *late);
    if (!late) return 2;
    const long long began = now();
    for (long k = 0; k < count; k++) {
      const long long deadline = began + (k + 1) * period;
      wait_until(deadline);
      late[k] = now() - deadline;
    }
    qsort(late, (size_t)count, sizeof *late, compare);
    printf("{\"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"most\": %.3f, \"granted\": %s}\n", 1e-3 * (double)late[count / 2],
           1e-3 * (double)late[count * 99 / 100], 1e-3 * (double)late[count * 999 / 1000], 1e-3 * (double)late[count - 1],
           granted ? "true" : "false");
    fflush(stdout);
    free(late);
  }
  return 0;
}
