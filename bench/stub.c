/*
 * A hook that takes the clock as its first act. Called as SCRIPTS/on_start/stub start, it adds a line to
 * SCRIPTS/times: the event, CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds, the engine's name.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(struct timespec time) {
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  struct timespec monotonic, real;
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_REALTIME, &real);

  char line[512], times[512];
  const char *engine = getenv("DOCKER_LIFECYCLE_ENGINE");
  int length = snprintf(line, sizeof line, "%s %lld %lld %s\n", argc > 1 ? argv[1] : "-",
                        nanoseconds(monotonic), nanoseconds(real), engine == NULL ? "-" : engine);
  snprintf(times, sizeof times, "%s/times", dirname(dirname(argv[0])));
  int file = open(times, O_WRONLY | O_CREAT | O_APPEND, 0600);
  /* One write a line: lines of hooks that run at one time stay whole. */
  return file < 0 || length >= (int)sizeof line || write(file, line, length) != length;
}
