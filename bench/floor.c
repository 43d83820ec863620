/*
 * The floor: an observer of one engine that does nothing that it need not do. It watches the folders of the pid
 * file and the socket, keeps one GET /_ping pending while the engine starts, then holds that connection idle,
 * and starts SCRIPTS/on_start/stub at the first answer, SCRIPTS/on_stop/stub at the connection's end or when the
 * socket's file is gone. No checks, no log, no timers, nothing for crashes that leave the file: what is faster
 * than this is not to be had with the engine's own signs.
 *
 * Usage: floor SOCKET PIDFILE SCRIPTS
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char ping[] = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";
static const char *socket_path, *scripts;
static posix_spawn_file_actions_t actions;
static posix_spawnattr_t attributes;

static void watch(int inotify, const char *path) {
  char *copy = strdup(path);
  if (inotify_add_watch(inotify, dirname(copy), IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE) < 0) {
    perror(path);
    exit(1);
  }
  free(copy);
}

static void run(const char *event) {
  char hook[512];
  snprintf(hook, sizeof hook, "%s/on_%s/stub", scripts, event);
  char *words[] = {hook, (char *)event, NULL};
  char *environment[] = {"PATH=/usr/bin:/bin", NULL};
  pid_t pid;
  if (posix_spawn(&pid, hook, &actions, &attributes, words, environment) != 0) perror(hook);
}

/* Opens a connection and sends the request that the engine answers when it serves. */
static int ask(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
  int engine = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(engine, (struct sockaddr *)&address, sizeof address) == 0 &&
      send(engine, ping, sizeof ping - 1, MSG_NOSIGNAL) == sizeof ping - 1)
    return engine;
  close(engine);
  return -1;
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  socket_path = argv[1];
  scripts = argv[3];
  signal(SIGCHLD, SIG_IGN);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);

  int inotify = inotify_init1(IN_CLOEXEC), engine = -1, up = 0;
  watch(inotify, argv[2]);
  watch(inotify, socket_path);
  for (;;) {
    int there = access(socket_path, F_OK) == 0;
    if (up && !there) {
      run("stop");
      close(engine);
      engine = -1;
      up = 0;
    }
    if (engine < 0 && there) engine = ask();
    struct pollfd seen[] = {{inotify, POLLIN, 0}, {engine, POLLIN, 0}};
    /* A file before anybody listens on it: for microseconds. */
    poll(seen, 2, engine < 0 && there ? 1 : -1);
    char bytes[4096];
    if (seen[1].revents != 0) {
      ssize_t length = read(engine, bytes, sizeof bytes);
      if (length > 12 && !up && strncmp(bytes + 8, " 200", 4) == 0) {
        run("start");
        up = 1;
      } else if (length <= 0) {
        if (up) run("stop");
        close(engine);
        engine = -1;
        up = 0;
      }
    }
    if (seen[0].revents != 0 && read(inotify, bytes, sizeof bytes) < 0) return 1;
  }
}
