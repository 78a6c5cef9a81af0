/* The limit: the least that a server with epoll on one core can do for a request and still answer it. It looks for
 * nothing in what it reads but the empty lines at which heads end, and says the same thing for each. What real servers
 * do besides, parsing, routing and checking, is their distance from it. No server to use.
 *
 *   limit TYPE BODY [close]      answers with this type and body; with "close", once a connection
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kRead = 64 * 1024, kAnswer = 512, kShortestHead = 16, kEvents = 512 };

static char input[kRead];
static char output[kAnswer * (kRead / kShortestHead)];
static char response[kAnswer];
static size_t response_size;
static int closes;

static void watch(int epoll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)) close(descriptor);
}

static void accept_waiting(int epoll, int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) watch(epoll, fd);
}

/* A head that is torn between two reads is not answered: those of load generators are not. */
static size_t responses_to(const char* bytes, size_t size) {
  size_t length = 0;
  for (const char *at = bytes, *end = bytes + size; (at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)); at += 4) {
    memcpy(output + length, response, response_size);
    length += response_size;
  }
  return length;
}

static void serve(int fd) {
  ssize_t got;
  do {
    got = recv(fd, input, sizeof input, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close(fd);
      return;
    }
    size_t length = responses_to(input, (size_t)got);
    int sent_all = send(fd, output, length, MSG_NOSIGNAL) == (ssize_t)length;
    if (closes || !sent_all) {
      close(fd);
      return;
    }
  } while (got == kRead); /* What came short was all there was. */
}

static int listen_on_any_port(void) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  /* Those that are accepted inherit it. */
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&address, size) || listen(listener, 4096)) return -1;
  if (getsockname(listener, (struct sockaddr*)&address, &size)) return -1;
  printf("http://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int argc, char** argv) {
  if (argc < 3) return fprintf(stderr, "usage: limit TYPE BODY [close]\n"), 2;
  closes = argc > 3;
  response_size = (size_t)snprintf(response, sizeof response,
                                   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n%s", argv[1],
                                   strlen(argv[2]), closes ? "Connection: close\r\n" : "", argv[2]);
  if (response_size >= sizeof response) return fprintf(stderr, "limit: too long a body\n"), 2;
  int listener = listen_on_any_port(), epoll = epoll_create1(0);
  if (listener < 0 || epoll < 0) return perror("limit"), 1;
  watch(epoll, listener);
  struct epoll_event ready[kEvents];
  for (;;) {
    int count = epoll_wait(epoll, ready, kEvents, -1);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == listener)
        accept_waiting(epoll, listener);
      else
        serve(ready[i].data.fd);
    }
  }
}
