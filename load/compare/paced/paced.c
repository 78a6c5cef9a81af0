/* Asks at a steady rate, whatever the server makes of it, and tells how long after its time each answer came. A
 * generator that asks as soon as it was answered cannot see that: what is slow keeps it from asking (coordinated
 * omission). Requests take turns on the connections; one whose connection waits for an answer is sent when it came.
 *
 *   paced PORT PATH CONNECTIONS RATE SECONDS      writes {"requests":…,"p50Us":…,"p99Us":…}
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kMostConnections = 1024, kEvents = 256, kLongestUs = 10 * 1000 * 1000 };

struct connection {
  int fd;
  int waits; /* for an answer, of which so many bytes are missing: */
  size_t missing;
  uint64_t asked; /* how many of its requests were sent: the next one is due then */
};

static struct connection connections[kMostConnections];
static uint32_t counts[kLongestUs + 1]; /* by microseconds */
static char request[512], bytes[64 * 1024];
static size_t request_size, answer_size;
static uint64_t began_ns, total, answered;
static double interval_ns;
static int count;

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address)) fail("paced: connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* Answers are all of one size, which the first one tells. */
static size_t size_of_answer(int fd) {
  if (send(fd, request, request_size, 0) != (ssize_t)request_size) fail("paced: send");
  for (size_t got = 0; got < sizeof bytes - 1;) {
    ssize_t more = recv(fd, bytes + got, sizeof bytes - 1 - got, 0);
    if (more <= 0) fail("paced: the first answer");
    bytes[got += (size_t)more] = '\0';
    char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "\r\ncontent-length:");
    if (!end) continue;
    if (!length || length > end || strncmp(bytes, "HTTP/1.1 200 ", 13)) break;
    size_t size = (size_t)(end + 4 - bytes) + strtoul(length + 17, NULL, 10);
    if (got >= size) return size;
  }
  fprintf(stderr, "paced: an answer that was not expected\n");
  exit(1);
}

/* Connection i asks for the requests i, i + count, i + 2 * count … */
static uint64_t due_ns(const struct connection* connection) {
  uint64_t number = connection->asked * (uint64_t)count + (uint64_t)(connection - connections);
  return number < total ? began_ns + (uint64_t)((double)number * interval_ns) : UINT64_MAX;
}

static void ask(struct connection* connection) {
  if (send(connection->fd, request, request_size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)request_size) {
    fail("paced: send");
  }
  connection->waits = 1;
  connection->missing = answer_size;
}

static void take_answer(struct connection* connection) {
  ssize_t got = recv(connection->fd, bytes, connection->missing, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) fail("paced: recv");
  if (connection->missing -= (size_t)got) return;
  uint64_t us = (now_ns() - due_ns(connection)) / 1000;
  counts[us < kLongestUs ? us : kLongestUs]++;
  answered++;
  connection->waits = 0;
  connection->asked++;
  if (due_ns(connection) <= now_ns()) ask(connection);
}

/* Asks what is due, beginning with the connection whose turn it is; the time until the next one is. */
static uint64_t ask_what_is_due(uint64_t* next) {
  for (;; (*next)++) {
    if (*next >= total) return 100 * 1000 * 1000;
    uint64_t due = began_ns + (uint64_t)((double)*next * interval_ns), now = now_ns();
    if (due > now) return due - now;
    struct connection* connection = &connections[*next % (uint64_t)count];
    if (!connection->waits && due_ns(connection) <= now) ask(connection);
  }
}

static unsigned percentile(double part) {
  uint64_t seen = 0, wanted = (uint64_t)((double)answered * part);
  for (unsigned us = 0; us <= kLongestUs; us++) {
    if ((seen += counts[us]) > wanted) return us;
  }
  return kLongestUs;
}

int main(int argc, char** argv) {
  if (argc != 6) return fprintf(stderr, "usage: paced PORT PATH CONNECTIONS RATE SECONDS\n"), 2;
  int port = atoi(argv[1]);
  count = atoi(argv[3]);
  double rate = atof(argv[4]), seconds = atof(argv[5]);
  if (count < 1 || count > kMostConnections || rate <= 0 || seconds <= 0) return 2;
  request_size =
      (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", argv[2], port);
  /* Sleep to the microsecond, not to the next fifty. */
  prctl(PR_SET_TIMERSLACK, 1000);
  int epoll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    connections[i].fd = open_connection(port);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event)) fail("paced: epoll_ctl");
  }
  answer_size = size_of_answer(connections[0].fd);
  interval_ns = 1e9 / rate;
  total = (uint64_t)(rate * seconds);
  began_ns = now_ns();
  struct epoll_event ready[kEvents];
  for (uint64_t next = 0; answered < total;) {
    uint64_t wait = ask_what_is_due(&next);
    struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000u), .tv_nsec = (long)(wait % 1000000000u)};
    int number = epoll_pwait2(epoll, ready, kEvents, &timeout, NULL);
    for (int i = 0; i < number; i++) take_answer(&connections[ready[i].data.u32]);
  }
  printf("{\"requests\":%llu,\"p50Us\":%u,\"p99Us\":%u}\n", (unsigned long long)answered, percentile(0.5),
         percentile(0.99));
  return 0;
}
