/* Sends ClientHellos as strangers do: each over a connection of its own, from one of 4000 addresses, and never goes on.
   hellos ADDRESS PORT RATE SECONDS FILE; prints how many were sent and how many connections could not be made. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEPT 8192 /* connections at once; the oldest makes room */

static char hello[4096];
static int kept[KEPT];

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

static void drop(int fd) {
  struct linger abrupt = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  close(fd);
}

int main(int count, char **words) {
  if (count != 6) return 2;
  FILE *file = fopen(words[5], "rb");
  if (!file) return 2;
  size_t length = fread(hello, 1, sizeof hello, file);
  fclose(file);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &to.sin_addr);
  double rate = atof(words[3]), begun = now(), until = begun + atof(words[4]);
  long started = 0, sent = 0, failed = 0;
  int poll = epoll_create1(0);
  memset(kept, -1, sizeof kept);
  for (double at = begun; at < until; at = now()) {
    while (started < (at - begun) * rate) {
      long n = started++;
      int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      if (fd < 0) { failed++; continue; }
      struct sockaddr_in from = {.sin_family = AF_INET};
      from.sin_addr.s_addr = htonl(0x7f020001u + (n % 4000));
      if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) { failed++; close(fd); continue; }
      if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) { failed++; close(fd); continue; }
      int place = n % KEPT;
      if (kept[place] >= 0) drop(kept[place]);
      kept[place] = fd;
      struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.u32 = place};
      epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 1);
    for (int i = 0; i < ready; i++) {
      int place = events[i].data.u32;
      if (kept[place] < 0) continue;
      if (!(events[i].events & (EPOLLERR | EPOLLHUP)) && send(kept[place], hello, length, MSG_NOSIGNAL) == (long)length) sent++;
      else { failed++; drop(kept[place]); kept[place] = -1; }
    }
  }
  printf("sent=%ld failed=%ld\n", sent, failed);
  return 0;
}
